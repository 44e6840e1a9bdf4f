"""A run that makes pictures of one class from those of another, from training to the user's own."""

import json

import numpy as np
import pytest
from PIL import Image

from gan_jax import evaluate, keys, sample, train
from gan_jax.config import override
from gan_jax.data import TwoFolders, sheets
from gan_jax.errors import UserError
from gan_jax.keys import Purpose
from gan_jax.methods import Checkpoint, CycleGAN, GameTrain, Log, Sample, sampling
from gan_jax.networks import MLPDisc, Normal, SRCNNGen
from gan_jax.run import runs
from gan_jax.sample import translated

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    """Dark pictures and bright ones."""
    root, draw = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    for name, low in (("dark", 0), ("bright", 120)):
        (root / name).mkdir()
        for number in range(80):
            x = draw.integers(low, low + 120, (8, 8, 3), np.uint8)
            Image.fromarray(x).save(root / name / f"{number}.png")
    fields = {"path": str(root / "dark"), "other": str(root / "bright"), "num_classes": 2}
    return CycleGAN(
        data=TwoFolders(height=8, width=8, draw="by_class", held_out=0.3, **fields),
        latents=Normal(dimension=0),
        gen=SRCNNGen(features=(4,), kernel_stddev=0.1),
        disc=MLPDisc(features=(4,), norm="none"),
        train=GameTrain(num_steps=4, batch_size=8, pool_size=10, ema_half_life_images=0),
        log=Log(every_steps=2),
        sample=Sample(every_steps=4, num_images=9),
        checkpoint=Checkpoint(every_steps=2),
    )


@pytest.fixture(scope="module")
def run(config, tmp_path_factory):
    workdir = tmp_path_factory.mktemp("run")
    train.run(config, workdir)
    return workdir


def test_the_grid_shows_source_and_made_both_ways(run):
    opened = runs.open_run(run)
    requests = runs.requests(opened)
    key = keys.stream(keys.root(0), Purpose.SAMPLE_GRID)
    made = sampling.sampler(opened.config, opened.method, requests)(opened.state, key, 9)
    shown = requests(range(9))
    np.testing.assert_array_equal(shown.source.mean(axis=(1, 2, 3)) > 120, shown.label == 0)
    expected = sheets.grid(np.concatenate([shown.source, made], axis=2))
    with Image.open(run / "samples" / "step_00000004.png") as grid:
        scale = grid.width // expected.shape[1]
        np.testing.assert_array_equal(np.asarray(grid)[::scale, ::scale], expected)


def test_a_run_resumes_with_its_pools(run, config, tmp_path):
    train.run(override(config, {"train.num_steps": 2}), tmp_path)
    train.run(config, tmp_path)
    last = [(path / "metrics.jsonl").read_text().splitlines()[-1] for path in (run, tmp_path)]
    whole, parts = ({**json.loads(line), "images_per_second": 0} for line in last)
    assert parts == whole
    assert not any(name.startswith("pairs/") for name in whole)
    assert {"eval/g/cycle", "eval/d/logit_fake", "class1/d/loss"} <= set(whole)


def test_without_targets_pictures_of_their_own_class_are_scored(run):
    """They are to stay, which few steps do not teach."""
    assert evaluate.run(run, evaluate.Options(num_samples=64))
    table = json.loads((run / "evaluation" / "pairs.json").read_text())
    assert list(table["scores"]) == ["step 4, own class"]
    opened = runs.open_run(run)
    test, count = runs.dataset(opened).test, table["pairs"]
    requests = sampling.Requests(opened.config, pictures=test._replace(source=test.x))
    shown, key = requests(range(count)), keys.stream(keys.root(0), Purpose.SCORE)
    np.testing.assert_array_equal(shown.source, shown.x)
    made = sampling.sampler(opened.config, opened.method, requests)(opened.state, key, count)
    l1 = np.abs(made.astype(float) - shown.x).mean()
    assert table["scores"]["step 4, own class"]["l1"] == pytest.approx(l1)


def test_pictures_of_the_users_own_become_the_class_that_is_named(run, tmp_path):
    Image.new("RGB", (12, 6), (30, 30, 30)).save(tmp_path / "a.png")
    made = {
        name: translated.run(run, str(tmp_path), 0, output=tmp_path / name, classes=[name])
        for name in ("dark", "bright")
    }
    pictures = [np.asarray(Image.open(place / "a.png")) for place in made.values()]
    assert pictures[0].shape == (6, 12, 3)
    assert (pictures[0] != pictures[1]).any()
    with pytest.raises(UserError, match="Add --classes, one of dark, bright"):
        translated.run(run, str(tmp_path), 0)


def test_samples_are_drawn_of_no_latents(run, tmp_path):
    found = np.load(sample.run(run, num_samples=5, seed=3, output=tmp_path) / "samples.npz")
    assert found["images"].shape == (5, 8, 8, 3)
    assert found["latents"].shape == (5, 0)
    assert found["labels"].tolist() == [0, 1, 0, 1, 0]


def test_a_batch_without_equal_parts_is_refused(config, tmp_path):
    with pytest.raises(UserError, match="equal parts of 2 classes on each of 2 devices"):
        train.run(override(config, {"train.batch_size": 6}), tmp_path)
