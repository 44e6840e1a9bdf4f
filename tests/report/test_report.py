"""report.html: complete, self-contained and the same bytes again."""

import json
import os
import re
import shutil
import sys

import numpy as np
import pytest
from conftest import tiny_config
from made_run import Page, decoded, page_data, write_run
from PIL import Image

from gan_jax import data, report, visualize
from gan_jax.config import override
from gan_jax.errors import UserError
from gan_jax.report import records
from gan_jax.run import directory, pictures


@pytest.fixture(scope="module")
def dataset():
    return data.load(tiny_config().data)


@pytest.fixture
def workdir(tmp_path, dataset, monkeypatch):
    command = ["launch.py", "--experiment=tiny", "--set=data.path=my photos"]
    monkeypatch.setattr(sys, "argv", command)
    folder = tmp_path / "run"
    write_run(folder, tiny_config())
    directory.record(folder, tiny_config(), dataset)
    return folder


def test_a_run_is_told_completely(workdir, dataset):
    page = Page(report.run(workdir))
    said = " ".join(page.text.split())
    assert "python launch.py --experiment=tiny '--set=data.path=my photos'" in page.text
    for mode in ("sample", "evaluate"):
        assert f"python launch.py --mode={mode} --workdir={workdir}" in page.text
    assert dataset.fingerprint in said
    assert f"{len(dataset.train.x):,} training" in said
    differing, every = said.split("All ", 1)
    assert "loss.real_target 0.9 1" in re.sub(r"(real_target)(0.9)(1)", r"\1 \2 \3", differing)
    assert "disc.norm" not in differing
    assert "disc.norm" in every


def test_the_curves_are_the_rows(workdir):
    panels = page_data(report.run(workdir))["panels"]
    assert [panel["title"] for panel in panels] == ["d/loss", "g/loss", "images_per_second"]
    assert [panel["group"] for panel in panels] == ["d", "g", ""]
    losses = {part["name"]: part for panel in panels for part in panel["series"]}
    assert {part["name"] for part in panels[0]["series"]} == {"d/loss", "eval/d/loss"}
    assert losses["d/loss"]["points"] == [[10, 0.1], [20, 0.05], [30, 0.0333333]]
    assert losses["eval/d/loss"]["colour"] == losses["d/loss"]["colour"]
    assert losses["eval/d/loss"]["dash"] and not losses["d/loss"]["dash"]
    headings = re.findall(
        '<h3>(.*?)</h3><div class="charts">', (workdir / "report.html").read_text()
    )
    assert headings == ["d", "g"]


def test_the_timeline_holds_every_grid(workdir):
    path = report.run(workdir)
    shots = page_data(path)["snapshots"]
    assert [shot["step"] for shot in shots] == [0, 10, 20, 30]
    scale = 96 // 8
    for shot in shots:
        for name, folder in (("averaged", "samples"), ("raw", "samples_raw")):
            saved = np.asarray(Image.open(workdir / folder / f"step_{shot['step']:08d}.png"))
            native = decoded(shot[name])
            assert native.shape == (18, 18)
            np.testing.assert_array_equal(native.repeat(scale, 0).repeat(scale, 1), saved)
    shown = [image for image in Page(path).all("img") if image.get("data-name") == "averaged"]
    assert shown[0]["src"] == shots[-1]["averaged"]
    assert (shown[0]["width"], shown[0]["height"]) == ("216", "216")


def test_the_page_needs_nothing_else_and_is_the_same_again(workdir):
    path = report.run(workdir)
    first = path.read_bytes()
    assert report.run(workdir).read_bytes() == first
    page = Page(path)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in page.tags:
        assert attributes.get("src", "data:").startswith("data:")
        place = attributes.get("href", "data:,")
        assert place == "data:," or place[1:] in ids
    assert "url(" not in path.read_text().replace("`url(#${this.clip})`", "")
    assert all(image["alt"] for image in page.all("img"))


def test_outside_text_cannot_become_markup(workdir):
    settings = json.loads((workdir / "config.json").read_text())
    settings["experiment"] = "</script><script>alert(1)</script><b x='\""
    (workdir / "config.json").write_text(json.dumps(settings))
    with (workdir / "metrics.jsonl").open("a") as lines:
        lines.write('{"step": 40, "</script><i>loss": 1.0}\n')
    page = Page(report.run(workdir))
    assert len(page.all("script")) == 2
    assert not page.all("b") and not page.all("i")
    assert page_data(workdir / "report.html")["panels"]


def test_what_is_missing_or_damaged_is_left_out(tmp_path):
    (tmp_path / "metrics.jsonl").write_text(
        '{"step": 1, "loss": NaN}\n{"step": 2, "loss": 3.0}\n{"st'
    )
    (tmp_path / "samples").mkdir()
    (tmp_path / "samples" / "step_00000001.png").write_bytes(b"\x89PNG cut")
    (tmp_path / "config.json").write_text("{")
    path = report.run(tmp_path)
    Page(path)
    panels = page_data(path)["panels"]
    assert [part["points"] for panel in panels for part in panel["series"]] == [[[2, 3.0]]]
    assert page_data(path)["snapshots"] == []


def test_samples_without_an_average_beside_them_are_just_samples(workdir):
    assert "Averaged weights" in Page(report.run(workdir)).text
    shutil.rmtree(workdir / "samples_raw")
    path = report.run(workdir)
    assert "weights" not in Page(path).text.split("Curves")[1]
    assert [set(shot) for shot in page_data(path)["snapshots"]] == [{"step", "averaged"}] * 4


def test_a_stand_in_and_memorisation_are_warned_of(workdir, dataset):
    config = override(tiny_config(), {"data.stands_in_for": "tfds mnist"})
    directory.record(workdir, config, dataset)
    finding = {"finding": "", "warning": "It repeats.", "step": 30, "share": 0.5}
    (workdir / "memorisation.json").write_text(json.dumps(finding))
    with (workdir / "metrics.jsonl").open("a") as lines:
        lines.write('{"step": 31, "memorisation/share": 0.61}\n')
    page = Page(report.run(workdir))
    assert sum(p.get("class") == "notice" and p.get("role") == "note" for p in page.all("p")) == 2
    assert f"Trained on {config.data.choice} in place of tfds mnist." in page.text
    assert "It repeats." in page.text
    finding |= {"finding": "No sign.", "warning": "", "step": 32, "share": 0.0}
    (workdir / "memorisation.json").write_text(json.dumps(finding))
    page = Page(report.run(workdir))
    assert "At step 31 61 % of 64 samples were nearer to a training image" in page.text
    assert "No sign." in page.text and "highest step31" in page.text


def test_pictures_have_their_titles_and_the_newest_come_first(workdir):
    image = np.arange(64, dtype=np.uint8).reshape(8, 8, 1)
    for name in ("step_00000010/samples", "step_00000030/samples", "step_00000030/own/x"):
        pictures.write_png(workdir / "pictures" / f"{name}.png", image, 4)
    page = Page(report.run(workdir))
    said = page.text[page.text.index("Step 30") :]
    order = [
        "Step 30",
        f"{visualize.PICTURES['samples'].title} samples.png",
        "own own/x.png",
        "Step 10",
    ]
    assert [said.index(part) for part in order] == sorted(said.index(part) for part in order)


def test_no_run_is_the_users_to_mend(tmp_path):
    with pytest.raises(UserError, match="There is no run in"):
        report.run(tmp_path)
    with pytest.raises(UserError, match="There is no run in"):
        report.run(tmp_path / "nowhere")


def test_the_end_of_training_survives_a_report_that_fails(tmp_path, capsys, monkeypatch):
    (tmp_path / "metrics.jsonl").write_text('{"step": 1}\n')
    monkeypatch.setattr(report.run_page, "page", lambda record: {}["defect"])
    report.try_run(tmp_path)
    assert "report.html could not be written: 'defect'" in capsys.readouterr().err


def test_a_folder_of_runs_gets_a_gallery(tmp_path, dataset):
    for seed in (0, 2, 10):
        config = tiny_config(seed=seed)
        folder = tmp_path / "tiny" / f"seed {seed}"
        write_run(folder, config)
        directory.record(folder, config, dataset)
    page = Page(report.run(tmp_path))
    links = [link["href"] for link in page.all("a") if "report" in link["href"]]
    assert links == [f"tiny/seed%20{seed}/report.html" for seed in (0, 2, 10)]
    for seed in (0, 2, 10):
        assert "Training run" in (tmp_path / "tiny" / f"seed {seed}" / "report.html").read_text()
    assert len(page.all("img")) == 3
    compared = page.text[page.text.index("Side by side") :]
    assert "seed0210" in compared  # the field in which they differ, and its values
    assert "train.batch_size" not in compared
    panels = {panel["title"]: panel for panel in page_data(tmp_path / "report.html")["panels"]}
    assert [part["name"] for part in panels["g/loss"]["series"]] == [
        f"tiny/seed {seed}" for seed in (0, 2, 10)
    ]


def test_a_run_beside_one_of_several_seeds_stands_before_it_and_shows_its_level_losses(tmp_path):
    for name in ("a/seed_0", "b", "a/seed_1"):
        write_run(tmp_path / name, tiny_config())
    row = {"step": 40, "level16/g/loss": 3.0, "level8/g/loss": 2.5, "coverage/modes": 4.0}
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "metrics.jsonl").write_text(json.dumps(row))
    path = report.run(tmp_path)
    headings = re.findall(r"<(?:h3|strong)>(.*?)<", path.read_text())
    assert headings[:5] == ["b", "c", "a", "seed_0", "seed_1"]
    assert "level8/g/loss2.5coverage/modes4" in Page(path).text


def test_a_run_of_several_seeds_shows_them_and_its_own_config(tmp_path, dataset):
    for seed in (0, 1):
        write_run(tmp_path / f"seed_{seed}", tiny_config(seed=seed))
    directory.record(
        tmp_path, tiny_config(), dataset
    )  # a seed without a config has that of the whole run
    page = Page(report.run(tmp_path))
    assert "Several seeds" in page.text
    assert f"--mode=sample --workdir={tmp_path / 'seed_0'}" in page.text
    assert re.search(rf"--mode=report --workdir={tmp_path}(?!/)", page.text)
    assert records.read(tmp_path / "seed_1").experiment == "tiny"
    assert [path.name for path in directory.find(tmp_path)] == ["seed_0", "seed_1"]


def damage(folder, kind):
    """A run directory as a stranger may send it."""
    if kind == "rows":
        rows = ['["a list"]', '{"d/loss": 1}', '{"step": "2"}', '{"step": 3, "d/loss": "x"}']
        rows += ['{"step": 4, "g/loss": NaN}', "[" * 100_000, '{"step": 5, "g/loss": 1e400}']
        rows += ['{"step": 6, "d/loss": 7.0, "%s": 1, "/": 1, "eval/": 1}' % ("9" * 5_000)]
        (folder / "metrics.jsonl").write_text("\n".join(rows))
    elif kind == "pipes":
        for name in ("memorisation.json", "samples/step_00000099.png"):
            os.mkfifo(folder / name)
        (folder / "environment.json").unlink(missing_ok=True)
        (folder / "environment.json").symlink_to("/dev/zero")
    elif kind == "types":
        wrong = {
            "data": [1],
            "packages": "x",
            "devices": 3,
            "command": {"a": 1},
            "earlier_starts": 3,
        }
        (folder / "environment.json").write_text(json.dumps(wrong))
        (folder / "memorisation.json").write_text('{"step": "nine", "finding": ["x"]}')
        (folder / "config.json").write_text(
            '{"experiment": ["<b>"], "train": {"num_steps": "many"}}'
        )
    else:
        Image.new("L", (9_000, 9_000)).save(folder / "samples" / "step_00000099.png")


@pytest.mark.parametrize("kind", ["rows", "pipes", "types", "pixels"])
def test_a_strangers_run_is_shown_as_far_as_it_is_one(tmp_path, dataset, kind):
    config = tiny_config()
    write_run(tmp_path, config)
    directory.record(tmp_path, config, dataset)
    damage(tmp_path, kind)
    path = report.run(tmp_path)
    page = Page(path)
    assert "Samples" in page.text
    assert not [tag for tag, _ in page.tags if tag == "b"]
    if kind == "rows":
        assert [series["points"] for series in page_data(path)["panels"][0]["series"]] == [
            [[6, 7.0]]
        ]


def test_one_damaged_run_costs_the_gallery_one_line(tmp_path, monkeypatch, capsys):
    for name in ("a", "b"):
        write_run(tmp_path / name, tiny_config())
    page = report.run_page.page

    def fails(record):
        if record.folder.name == "a":
            raise ValueError("a defect")
        return page(record)

    monkeypatch.setattr(report.run_page, "page", fails)
    assert "1 run" in Page(report.run(tmp_path)).text.replace("runs1", "1 run")
    assert capsys.readouterr().err == "a is left out: a defect\n"


def test_a_report_elsewhere_leaves_the_run_as_it_is(tmp_path):
    runs, out = tmp_path / "runs", tmp_path / "out"
    write_run(runs / "a", tiny_config())
    write_run(runs / "b", tiny_config())
    (runs / "a" / "pictures" / "step_00000030").mkdir(parents=True)
    (runs / "a" / "pictures" / "step_00000030" / "sweep.gif").write_bytes(b"not a picture")
    before = sorted(runs.rglob("*"))
    assert report.run(runs, out) == out / "report.html"
    assert sorted(runs.rglob("*")) == before
    links = [tag["href"] for tag in Page(out / "report.html").all("a")]
    assert "a/report.html" in links
    (gif,) = (
        tag["href"] for tag in Page(out / "a" / "report.html").all("a") if "gif" in tag["href"]
    )
    assert (out / "a" / gif).resolve() == runs / "a" / "pictures" / "step_00000030" / "sweep.gif"


def test_a_planted_link_leads_nothing_out_of_the_run(tmp_path):
    mine = tmp_path / "mine"
    mine.write_text("mine")
    write_run(tmp_path / "run", tiny_config())
    for name in (".report.html.partial", "report.html"):
        (tmp_path / "run" / name).symlink_to(mine)
    report.run(tmp_path / "run")
    assert mine.read_text() == "mine"


def test_names_of_any_bytes_stay_text(tmp_path):
    folder = tmp_path / os.fsdecode(b"gr\xfcn\n<b>")
    write_run(folder, tiny_config())
    report.run(tmp_path)
    for path in (folder / "report.html", tmp_path / "report.html"):
        page = Page(path)
        assert "gr\\xfcn\\n<b>" in page.text
        assert not page.all("b")
    (href,) = (
        tag["href"] for tag in Page(tmp_path / "report.html").all("a") if "gr" in tag["href"]
    )
    assert href == "gr%FCn%0A%3Cb%3E/report.html"
