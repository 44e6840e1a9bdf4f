"""The scores of a run while it trains."""

import dataclasses
import json

import jax
import numpy as np
import pytest
from conftest import tiny_config

import experiments
from benchmarks import flop as benchmarks_flop
from gan_jax import data, keys, methods, train
from gan_jax.config import override
from gan_jax.devices import chunks, parallel
from gan_jax.errors import UserError
from gan_jax.evaluation import extraction, looks
from gan_jax.evaluation.looks import collapse
from gan_jax.keys import Purpose
from gan_jax.method import Example
from gan_jax.methods import sampling
from gan_jax.metrics.features import Patches, Pixels
from gan_jax.metrics.scores import Score
from gan_jax.run import runs

LOOKING = {
    **{"train.num_steps": 4, "evaluate.every_steps": 2, "evaluate.num_samples": 80},
    "evaluate.metrics": "kernel,frechet,neighbours",
}


@pytest.fixture(scope="module")
def parts():
    config = override(tiny_config(), LOOKING)
    dataset, method = data.load(config.data), methods.make(config)
    return config, dataset, method, jax.jit(method.init)(keys.root(0))


def test_the_features_of_samples_are_those_of_the_pictures_on_any_devices(parts, monkeypatch):
    config, dataset, method, state = parts
    extractor = Patches().extractor(dataset, config.data)
    key = keys.stream(keys.root(5), Purpose.SCORE)
    fakes = extraction.Sampler(method, extractor, sampling.Requests(config))(state, key, range(150))
    pictures = sampling.sampler(config, method, sampling.Requests(config))(state, key, 150)
    np.testing.assert_array_equal(fakes.images, pictures)
    expected = extraction.of_examples(extractor, pictures)
    np.testing.assert_allclose(fakes.features, expected, rtol=1e-5, atol=1e-6)
    one = jax.local_devices()[:1]
    monkeypatch.setattr(jax, "local_devices", lambda: one)
    alone = extraction.Sampler(method, extractor, sampling.Requests(config))(state, key, range(150))
    np.testing.assert_array_equal(alone.features, fakes.features)


def test_features_are_cached_by_what_the_images_are(parts, monkeypatch):
    config, dataset, _, _ = parts
    extractor = Pixels(side=4).extractor(dataset, config.data)
    images = dataset.train.x[:70]
    found = extraction.of_examples(extractor, images)
    monkeypatch.setattr(chunks, "streamer", None)
    np.testing.assert_array_equal(extraction.of_examples(extractor, images), found)
    with pytest.raises(TypeError):
        extraction.of_examples(extractor, images[:69])


def test_features_that_are_not_finite_are_refused(parts):
    config, dataset, _, _ = parts
    nan = Pixels(side=3).extractor(dataset, config.data)
    nan = nan._replace(apply=lambda _, x: np.nan * x.reshape(len(x), -1)[:, :9])
    with pytest.raises(UserError, match="The features of 40 of 40 images are not finite"):
        extraction.of_examples(nan, dataset.train.x[:40])


def test_one_half_chooses_and_the_other_reports(parts):
    config, dataset, method, state = parts
    seen = looks.Looks(config, method, dataset)
    look = seen(state, keys.root(0))
    assert look.choice != look.scores["kd"].value
    assert set(look.scores) >= {"kd", "fd", "precision", "recall", "density", "coverage"}
    assert look.scores["kd"].value > 5 * seen.floor()["kd"].value  # an untrained G
    assert seen.protocol.num_real == seen.protocol.num_fake == 40
    other = seen(state, keys.root(1))  # each seed has inputs of its own
    assert other.choice != look.choice


@pytest.mark.slow
def test_a_resumed_run_has_the_scores_of_an_uninterrupted_one(parts, tmp_path):
    config = parts[0]
    train.run(config, tmp_path / "whole")
    train.run(override(config, {"train.num_steps": 2}), tmp_path / "parts")
    train.run(config, tmp_path / "parts")

    def scores(name):
        (path,) = (tmp_path / name).glob("evaluation/*/scores.jsonl")
        found = [json.loads(line) for line in path.read_text().splitlines()]
        assert found[0]["of"] == "floor"
        assert found[0]["scores"]["kd"][0] < found[1]["scores"]["kd"][0]
        return [(row["step"], row["scores"], row["facts"]["choice"]) for row in found[1:]]

    assert scores("parts") == scores("whole")
    assert [step for step, _, _ in scores("whole")] == [2, 4]
    best = min(scores("whole"), key=lambda row: row[2])[0]
    assert runs.open_run(tmp_path / "whole", "best").step == best
    rows = [json.loads(x) for x in (tmp_path / "whole/metrics.jsonl").read_text().splitlines()]
    named = [name for name in rows[-1] if name.startswith("kd/patches-")]
    assert rows[-1][named[0]] == scores("whole")[-1][1]["kd"][0]


def score(kd, coverage=0.9, error=1.0):
    return {"kd": Score(kd, error), "coverage": Score(coverage)}


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ([100, 20, 70, 80], "the kernel distance is 80, after 20 at its lowest"),
        ([100, 20, 70, 50], ""),  # once only
        ([100, 20, 50, 55], ""),  # not three times as high
        ([20, 1, 9, 10], ""),  # within the noise of both
        ([5, -1, 70, 80], "the kernel distance is 80, after -1 at its lowest"),
        ([100, 20], ""),
    ],
)
def test_a_collapse_is_a_distance_that_has_risen_beyond_its_noise_twice(seen, said):
    assert collapse([score(kd) for kd in seen]) == said


def test_a_collapse_is_a_coverage_that_has_fallen():
    assert collapse([score(9, c) for c in (0.9, 0.8, 0.29, 0.2)]) == (
        "coverage is 0.20, after 0.90 at its highest"
    )
    assert collapse([score(9, c) for c in (0.9, 0.8, 0.29, 0.31)]) == ""


def plan_of(config, flop):
    dataset, method = data.load(config.data), methods.make(config)
    return looks.plan(config, method, dataset, jax.eval_shape(method.init, keys.root(0)), flop)


def test_a_run_looks_as_often_as_is_worth_a_twentieth_of_it():
    many = override(tiny_config(), {"train.num_steps": 10_000, "checkpoint.every_steps": 100})
    heavy = plan_of(many, flop=10**11)  # about a second a step
    assert heavy.every_steps == 500  # 20 looks
    assert "Samples are scored every 500 steps, an estimated" in heavy.said[0]
    light = plan_of(many, flop=10**8)
    assert light.every_steps == 0 or light.every_steps > 500
    seconds = heavy.looks.seconds(jax.eval_shape(methods.make(many).init, keys.root(0)))
    assert light.every_steps == 0 or light.every_steps * (1e-3 + 3e-4) * 0.05 >= seconds
    none = plan_of(many, flop=1)
    assert none.every_steps == 0 and "not scored" in none.said[0]
    asked = plan_of(override(many, {"evaluate.every_steps": 7}), flop=1)
    assert (asked.every_steps, asked.said) == (7, ())
    assert plan_of(override(many, {"evaluate.every_steps": 0}), 10**11).looks is None
    assert [asked.is_due(step, 20) for step in (0, 6, 7, 20)] == [False, False, True, True]


def test_too_few_images_to_look_at_are_one_sentence(parts):
    config, dataset, method, _ = parts
    few = dataset._replace(train=Example(dataset.train.x[:39], dataset.train.label[:39]))
    with pytest.raises(UserError, match="take 40 training images, and there are 39"):
        looks.Looks(config, method, few)


def test_the_cars_are_scored_by_default():
    config = experiments.load("dcgan_cifar_cars")
    config = dataclasses.replace(config, data=data.ProceduralCars())
    method = methods.make(config)
    state = jax.eval_shape(method.init, keys.root(0))
    x = jax.ShapeDtypeStruct((128, 32, 32, 3), np.float32)
    flop = parallel.trace(method, state, Example(x)).flop
    direct = benchmarks_flop.of_step(config)
    assert 0.9 * direct < flop < 1.5 * direct
    images = np.random.default_rng(0).integers(0, 255, (60, 32, 32, 3), np.uint8)
    dataset = data.dataset(Example(images), None, (), ())
    assert looks.plan(config, method, dataset, state, flop).every_steps == 500
