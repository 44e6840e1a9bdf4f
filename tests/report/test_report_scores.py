"""The scores in report.html: each under its protocol, and nothing of two protocols together."""

import dataclasses
import json
import math
import re

import numpy as np
import pytest
from conftest import tiny_config
from made_run import PROTOCOL, Page, page_data, write_run, write_scores
from PIL import Image

from gan_jax import data, report
from gan_jax.errors import UserError
from gan_jax.evaluation import records
from gan_jax.report import pictures, scored_runs, scores
from gan_jax.run import directory

KDS = {10: (9.0, 0.5), 20: (4.0, 0.25), 30: (6.0, 0.75)}
LATER = dataclasses.replace(PROTOCOL, real="train", num_real=1000, latents="seed 0")


@pytest.fixture
def workdir(tmp_path):
    folder = tmp_path / "run"
    write_run(folder, tiny_config())
    return folder


def words(path):
    return " ".join(Page(path).text.split())


def scored(path):
    """The words of the section of scores."""
    html = path.read_text()
    return re.search(r'<section id="scores".*?</section>', html, re.DOTALL).group()


def test_the_charts_are_the_scores_with_their_errors_and_the_floor(workdir):
    write_scores(workdir, KDS, floor=-0.125)
    path = report.run(workdir)
    kd, fd, overlap, *curves = page_data(path)["panels"]
    assert [panel["title"] for panel in (kd, fd, overlap)] == ["kd", "fd", "precision, recall"]
    (series,) = kd["series"]
    assert series["points"] == [[10, 9.0, 0.5], [20, 4.0, 0.25], [30, 6.0, 0.75]]
    assert series["floor"] == -0.125
    assert fd["series"][0]["points"] == [[10, 0.1], [20, 0.2], [30, 0.3]]
    assert "floor" not in fd["series"][0]
    assert len({part["colour"] for part in overlap["series"]}) == 2
    places = [figure.get("data-panel") for figure in Page(path).all("figure")]
    assert [place for place in places if place] == [str(i) for i in range(3 + len(curves))]
    assert curves[0]["title"] == "d/loss"
    titles = re.findall(r"<h2 .*?>(.*?)</h2>", path.read_text())
    assert titles[:3] == ["Samples", "Scores", "Curves"]


def test_a_table_has_the_scores_under_their_protocol(workdir):
    note = "Of 500 real images a generator that copies them has the best distances."
    write_scores(workdir, KDS, floor=-0.125, note=note, classifier="test accuracy 0.9912")
    html = scored(report.run(workdir))
    assert PROTOCOL.line() in words(workdir / "report.html")
    rows = re.findall(r"<tr>(.*?)</tr>", html)
    cells = [re.findall(r"<t[hd].*?>(.*?)</t[hd]>", row) for row in rows]
    assert cells == [
        ["", "kd", "fd", "precision", "recall"],
        ["step 10", "9 ± 0.5", "0.1", "0.1", "0.1"],
        ["step 20, best", "4 ± 0.25", "0.2", "0.2", "0.2"],
        ["step 30", "6 ± 0.75", "0.3", "0.3", "0.3"],
        ["floor", "-0.125 ± 0.5", "", "", ""],
    ]
    assert html.count(note) == 1
    assert "The classifier: test accuracy 0.9912." in html


def test_the_best_step_is_that_which_the_other_halves_chose(workdir):
    write_scores(workdir, KDS, choices={10: 8.0, 20: 5.5, 30: 5.0})
    html = scored(report.run(workdir))
    assert "The best step is 30: its kernel distance is the lowest of 3 looks, chosen on " in html
    assert "other samples and other real images than those that report it here." in html
    assert "step 30, best" in html and "step 20, best" not in html


def test_without_such_a_choice_it_is_the_lowest_kd_which_is_a_little_low(workdir):
    write_scores(workdir, {**KDS, 40: (math.nan,)})
    html = scored(report.run(workdir))
    assert "The best step is 20: its kd is the lowest of 3 steps. The same samples chose" in html
    assert "other real images" not in html


def test_of_equal_ones_the_first_is_the_best_and_one_alone_is_not_chosen(workdir):
    write_scores(workdir, {10: (2.0,), 20: (2.0,)})
    assert "The best step is 10:" in scored(report.run(workdir))
    write_scores(workdir, {10: (2.0,)}, LATER)
    path = report.run(workdir)
    assert scored(path).count("best step") == 1
    assert [p["title"] for p in page_data(path)["panels"]].count("kd") == 1  # one step is no curve


def test_of_many_steps_the_best_and_the_last_one_are_seen_at_once(workdir):
    write_scores(workdir, {step: (abs(step - 301.5), 1.0) for step in range(1, 1001)}, floor=0.0)
    path = report.run(workdir)
    first, every = scored(path).split("<summary>All 1,000 steps</summary>")
    heads = re.compile(r'<th scope="row">(.*?)</th>')
    assert heads.findall(first) == ["step 301, best", "step 1,000", "floor"]
    assert len(heads.findall(every)) == scores.MOST_STEPS
    points = page_data(path)["panels"][0]["series"][0]["points"]
    assert len(points) == scores.MOST_POINTS and points[-1][0] == 1000


def row_of_scores(step, **more):
    names = {PROTOCOL.score("kd"): 4.0, f"selection/{PROTOCOL.score('kd')}": 5.0}
    return json.dumps({"step": step, "g/loss": 1.0, **names, **more}) + "\n"


def test_the_curves_leave_out_what_the_scores_show(workdir):
    with (workdir / "metrics.jsonl").open("a") as lines:
        lines.write(row_of_scores(40, **{"alarm/collapse": 1.0}))
    titles = [panel["title"] for panel in page_data(report.run(workdir))["panels"]]
    assert PROTOCOL.score("kd") in titles and "alarm/collapse" in titles
    write_scores(workdir, KDS)
    path = report.run(workdir)
    titles = [panel["title"] for panel in page_data(path)["panels"]]
    assert titles == ["kd", "fd", "precision, recall", "d/loss", "g/loss", "images_per_second"]
    assert "By its scores the generator had collapsed at step 40." in scored(path)


def test_of_few_images_the_share_of_copies_stands_beside_the_scores(workdir):
    dataset = data.load(tiny_config().data)
    directory.record(workdir, tiny_config(), dataset)
    write_scores(workdir, KDS)
    few = f"Fréchet distance against few images, here {len(dataset.train.x):,}."
    assert f"{few} Whether this one copies was not measured." in scored(report.run(workdir))
    (workdir / "memorisation.json").write_text('{"step": 20, "share": 0.5, "num_samples": 64}')
    assert f"{few} At step 20, 50 % of the samples were nearer" in scored(report.run(workdir))
    with (workdir / "metrics.jsonl").open("a") as lines:
        lines.write('{"step": 30, "memorisation/share": 0.25}\n')
    assert f"{few} At step 30, 25 % of the samples were nearer" in scored(report.run(workdir))
    environment = json.loads((workdir / "environment.json").read_text())
    environment["data"]["images"] = 2_000
    (workdir / "environment.json").write_text(json.dumps(environment))
    assert "few images" not in scored(report.run(workdir))


def test_two_protocols_have_charts_and_tables_of_their_own(workdir):
    write_scores(workdir, {10: (1.0,), 30: (2.0,)}, LATER)
    write_scores(workdir, KDS, choices={10: 1.0, 20: 2.0, 30: 3.0})
    path = report.run(workdir)
    headings = re.findall("<h3>(.*?)</h3>", scored(path))
    assert headings == [PROTOCOL.name, LATER.name]  # that which chose comes first
    panels = [panel for panel in page_data(path)["panels"] if panel["title"] == "kd"]
    assert [len(panel["series"]) for panel in panels] == [1, 1]
    assert [len(panel["series"][0]["points"]) for panel in panels] == [3, 2]
    both = [record for found in records.read(workdir).values() for record in found]
    with pytest.raises(UserError, match="not comparable"):
        scores.best(both)
    with pytest.raises(UserError, match="not comparable"):
        scored_runs.overlays({"a": both})


def test_samples_by_realism_share_the_room_of_all_pictures(workdir, monkeypatch):
    write_scores(workdir, KDS)
    pixels = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    places = [workdir / "evaluation" / PROTOCOL.folder, workdir / "pictures" / "step_00000030"]
    places[1].mkdir(parents=True)
    Image.fromarray(pixels).save(places[0] / "realism.png")
    Image.fromarray(pixels).save(places[1] / "samples.png")
    path = report.run(workdir)
    assert "Samples by realism, best first realism.png" in words(path)
    assert len([i for i in Page(path).all("img") if "data-name" not in i]) == 3  # and reals.png
    monkeypatch.setattr(pictures, "MOST_BYTES", 8_000)  # of one
    path = report.run(workdir)
    links = [link["href"] for link in Page(path).all("a") if link["href"][0] != "#"]
    assert links == ["pictures/step_00000030/samples.png"]
    monkeypatch.setattr(pictures, "MOST_BYTES", 100)
    path = report.run(workdir)
    links = [link["href"] for link in Page(path).all("a") if link["href"][0] != "#"]
    assert links[0] == f"evaluation/{PROTOCOL.folder}/realism.png" and len(links) == 2


def test_damaged_scores_are_passed_over_and_strange_ones_stay_text(workdir):
    evil = "</script><script>alert(1)</script><b x='\""
    named = {name: evil for name in ("features", "data", "latents", "classes", "weights")}
    strange = dataclasses.replace(PROTOCOL, **named, images="\ud800\x00", real="../" * 9)
    write_scores(workdir, {10: (1e308, 1e308), 20: (math.inf, 1.0), 30: (2.0, math.nan)}, strange)
    write_scores(workdir, KDS, floor=math.inf, note=evil, classifier=[evil])
    folder = workdir / "evaluation" / PROTOCOL.folder
    good = json.loads((folder / "scores.jsonl").read_text().splitlines()[-1])
    with (folder / "scores.jsonl").open("a") as lines:
        lines.write('[]\n7\n"x"\nnull\n{"step": 1}\n' + "[" * 100_000 + "\n{\n\x00\n")
        for change in (
            {"step": "3"},
            {"facts": [1]},
            {"protocol": {**good["protocol"], "dims": "many"}},
            {"scores": {"kd": "x"}},
            {"scores": {"kd": []}},
        ):
            lines.write(json.dumps(good | {"step": 99} | change) + "\n")
        lines.write(json.dumps(good | {"step": 40, "scores": {evil: [1.0], "kd": [3.0]}}) + "\n")
        lines.write(json.dumps(good | {"step": 50, "facts": {"choice": 10**400}}) + "\n")
    (workdir / "evaluation" / "pipe").mkdir()
    (workdir / "evaluation" / "pipe" / "scores.jsonl").symlink_to("/dev/zero")
    path = report.run(workdir)
    page = Page(path)
    assert len(page.all("script")) == 2 and not page.all("b")
    assert evil in page.text
    panels = page_data(path)["panels"]
    kds = [panel["series"][0] for panel in panels if panel["title"] == "kd"]
    assert {tuple(map(tuple, kd["points"])) for kd in kds} == {
        ((10, 9.0, 0.5), (20, 4.0, 0.25), (30, 6.0, 0.75), (40, 3.0), (50, 6.0, 0.75)),
        ((10, 1e308), (30, 2.0)),
    }
    assert not any("floor" in kd for kd in kds)
    first = path.read_bytes()
    assert report.run(workdir).read_bytes() == first


def gallery(tmp_path):
    """Three runs, of which two have a protocol in common."""
    for name, protocol in (("a", PROTOCOL), ("b", PROTOCOL), ("c", LATER)):
        write_run(tmp_path / name, tiny_config())
        kds = {step: (kd + (name == "b"), error) for step, (kd, error) in KDS.items()}
        choices = {10: 3.0, 20: 2.0, 30: 1.0}
        write_scores(tmp_path / name, kds, protocol, choices, floor=-1.0)
    write_scores(tmp_path / "a", {10: (2.0,), 20: (1.0,)}, LATER)
    return report.run(tmp_path)


def test_runs_are_laid_over_each_other_under_one_protocol_alone(tmp_path):
    path = gallery(tmp_path)
    panels = {panel["title"]: panel["series"] for panel in page_data(path)["panels"]}
    kd = {
        protocol: panels[f"kd · {protocol.name} · {protocol.digest}"]
        for protocol in (PROTOCOL, LATER)
    }
    assert [part["name"] for part in kd[PROTOCOL]] == ["a", "b"]
    assert [part["name"] for part in kd[LATER]] == ["a", "c"]
    assert [point[1] for point in kd[PROTOCOL][1]["points"]] == [10.0, 5.0, 7.0]
    assert [part.get("floor") for part in kd[LATER]] == [None, -1.0]
    assert not [title for title in panels if title == "kd"]
    html = scored(path)
    rows = re.findall(r'<th scope="row">(.*?)</th>', html)
    assert rows == ["a, step 30", "b, step 30", "a, step 20", "c, step 30"]
    assert [f'value="{i}"' in html for i in range(9)] == [True] * 8 + [False]
    shown = re.search(r'<section id="curves".*', path.read_text(), re.DOTALL).group()
    assert 'data-panel="8"' in shown and 'value="8">d/loss' in shown


def test_a_card_has_the_best_kd_and_how_it_came_about(tmp_path):
    text = words(gallery(tmp_path))
    assert f"best {PROTOCOL.score('kd')} · {PROTOCOL.digest}6 ± 0.75" in text
    assert f"best {PROTOCOL.score('kd')} · {PROTOCOL.digest}7 ± 0.75" in text
    assert f"best {LATER.score('kd')} · {LATER.digest}6 ± 0.75" in text


def test_runs_of_different_protocols_are_not_compared(tmp_path):
    for name, protocol in (("a", PROTOCOL), ("b", LATER)):
        write_run(tmp_path / name, tiny_config())
        write_scores(tmp_path / name, KDS, protocol)
        with (tmp_path / name / "metrics.jsonl").open("a") as lines:
            lines.write(row_of_scores(40).replace(PROTOCOL.name, protocol.name))
    page = Page(report.run(tmp_path))
    assert "Scores" not in page.text.split()
    assert "selection" not in page.text and PROTOCOL.score("kd") in page.text  # in its card
    panels = page_data(tmp_path / "report.html")["panels"]
    assert not [panel for panel in panels if "kd" in panel["title"]]
