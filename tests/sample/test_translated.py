"""Pictures from pictures: a run that is given some, and the user's own through it."""

import json

import numpy as np
import pytest
from conftest import tiny_config
from PIL import Image

from gan_jax import evaluate, keys, train
from gan_jax.config import override
from gan_jax.data import sheets
from gan_jax.errors import UserError
from gan_jax.evaluation import sources
from gan_jax.keys import Purpose
from gan_jax.methods import sampling
from gan_jax.run import runs
from gan_jax.sample import translated

pytestmark = pytest.mark.slow

SMALL = {
    "condition.name": "small",
    "condition.factor": "2",
    "latents.dimension": "0",
    "gen.name": "srresnet",
    "gen.features": "4",
    "gen.blocks": "1",
    "disc.name": "patch",
    "disc.features": "4,8",
    "disc.conditioning": "source",
    "disc.norm": "none",
    "content.l2": "1",
    "content.steps_alone": "2",
    "train.num_steps": "4",
}


def config():
    return override(tiny_config(), SMALL)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("run")
    train.run(config(), workdir)
    return workdir


def rows(run):
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_a_run_scores_its_pairs_and_d_waits_at_first(run):
    last = rows(run)[-1]
    assert 0 < last["pairs/psnr"] < 40
    assert last["pairs/ssim"] <= 1
    assert last["d/loss"] > 0


def test_the_grid_shows_source_made_and_target(run):
    opened = runs.open_run(run)
    data, count = runs.dataset(opened), opened.config.sample.num_images
    requests = sampling.Requests(opened.config, pictures=data.test)
    key = keys.stream(keys.root(0), Purpose.SAMPLE_GRID)
    made = sampling.sampler(opened.config, opened.method, requests)(opened.state, key, count)
    shown = requests(range(count))
    source = sources.of(opened.config, shown).repeat(2, axis=1).repeat(2, axis=2)
    expected = sheets.grid(np.concatenate([source, made, shown.x], axis=2))
    with Image.open(run / "samples" / "step_00000004.png") as grid:
        scale = grid.width // expected.shape[1]
        found = np.asarray(grid)[::scale, ::scale, None]
    np.testing.assert_array_equal(found, expected)


def test_a_sample_is_of_its_own_test_image_however_many_are_drawn(run):
    opened = runs.open_run(run)
    requests = runs.requests(opened)
    draw = sampling.sampler(opened.config, opened.method, requests)
    many = draw(opened.state, keys.root(1), 70)
    np.testing.assert_array_equal(draw(opened.state, keys.root(2), 3), many[:3])
    mixed = requests(range(70)).x
    assert len(np.unique(mixed.reshape(70, -1), axis=0)) > 60


def test_resuming_and_two_seeds_are_the_same_bits(run, tmp_path):
    whole = rows(run)[-1]
    train.run(override(config(), {"train.num_steps": "2"}), tmp_path / "parts")
    train.run(config(), tmp_path / "parts")
    found = rows(tmp_path / "parts")[-1]
    assert {k: v for k, v in found.items() if k != "images_per_second"} == {
        k: v for k, v in whole.items() if k != "images_per_second"
    }


def test_evaluation_has_the_trivial_enlargements_beside_it(run, capsys):
    evaluate.run(run, evaluate.Options(num_samples=64))
    table = json.loads((run / "evaluation" / "pairs.json").read_text())
    assert list(table["scores"]) == [
        *("step 4", "nearest", "bilinear", "bicubic", "lanczos", "target"),
    ]
    assert table["scores"]["target"]["ssim"] == pytest.approx(1)
    assert "| lanczos |" in capsys.readouterr().out


def test_pictures_of_the_users_own(run, tmp_path, capsys):
    """Of two sizes, in a sub-folder, in colour, beside a file that is no picture."""
    folder = tmp_path / "mine"
    (folder / "sub").mkdir(parents=True)
    for name, size in (("a.png", (6, 4)), ("sub/b.jpg", (6, 4)), ("c.bmp", (5, 9))):
        Image.new("RGB", size, (200, 30, 30)).save(folder / name)
    (folder / "d.png").write_bytes(b"no picture")
    place = translated.run(run, str(folder), seed=0)
    said = capsys.readouterr()
    assert "Wrote 3 pictures of step 4" in said.out
    assert "d.png is left out: " in said.err
    sizes = {name: Image.open(place / name).size for name in ("a.png", "sub/b.png", "c.png")}
    assert sizes == {"a.png": (12, 8), "sub/b.png": (12, 8), "c.png": (10, 18)}
    assert (place / "grid.png").is_file()
    again = translated.run(run, str(folder / "sub"), seed=0, output=tmp_path / "one")
    alone = np.asarray(Image.open(again / "b.png"))
    np.testing.assert_array_equal(alone, np.asarray(Image.open(place / "sub" / "b.png")))


def test_what_will_not_do_is_said(run, tmp_path):
    with pytest.raises(UserError, match="There is no folder /nowhere; check --inputs"):
        translated.run(run, "/nowhere", 0)
    other = override(tiny_config(), {"train.num_steps": "1"})
    train.run(other, tmp_path / "latents")
    with pytest.raises(UserError, match="makes pictures of latents alone; leave --inputs out"):
        translated.run(tmp_path / "latents", str(run), 0)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"condition.name": "none"}, "makes pictures from pictures; set condition.name=small"),
        ({"gen.name": "dcgan", "latents.dimension": "2"}, "gen.name=dcgan takes no pictures"),
        ({"condition.factor": "8", "data.height": "12"}, "factor=8 does not divide data.height=12"),
        ({"augment.name": "fixed", "augment.names": "translation"}, "would move one picture"),
    ],
)
def test_parts_that_do_not_fit(changes, said, tmp_path):
    with pytest.raises(UserError, match=said):
        train.run(override(config(), changes), tmp_path)


def test_latents_of_nothing_need_a_source(tmp_path):
    with pytest.raises(UserError, match="dimension=0 leaves G nothing to draw"):
        train.run(override(tiny_config(), {"latents.dimension": "0"}), tmp_path)
