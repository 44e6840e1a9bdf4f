"""Weights of another run as a run's first ones: which, where they fit, and what the record says."""

import dataclasses
import functools
import json
import shutil
from pathlib import Path

import chex
import jax
import numpy as np
import pytest

from gan_jax import config as config_lib
from gan_jax import methods, replay, report, train
from gan_jax.config import override
from gan_jax.data import Points
from gan_jax.errors import UserError
from gan_jax.methods import GAN, Adam, Checkpoint, Evaluate, GameTrain, Log, Sample, variation
from gan_jax.networks import MLPDisc, MLPGen, Normal
from gan_jax.replay.record import ORIGIN
from gan_jax.run import curves, origin, runs
from gan_jax.system import layout

STILL = Adam(learning_rate=0.0)
POINTS = GAN(
    data=Points(name="ring"),
    latents=Normal(dimension=2),
    gen=MLPGen(features=(4,), output="linear"),
    disc=MLPDisc(features=(4,), norm="none"),
    train=GameTrain(num_steps=2, batch_size=8, ema_ramp=0.0),
    log=Log(every_steps=1),
    sample=Sample(every_steps=0),
    checkpoint=Checkpoint(every_steps=1),
    evaluate=Evaluate(every_steps=0),
)


@pytest.fixture(scope="module", autouse=True)
def plain():
    """Runs without drawings, which take as long as all else."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(curves, "write", lambda path, rows: None)
        patch.setattr(report, "try_run", lambda workdir: None)
        yield


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """A run of two steps, whose average is not its raw G."""
    workdir = tmp_path_factory.mktemp("first") / "run"
    train.run(dataclasses.replace(POINTS, seed=7), workdir)
    return workdir


@functools.cache
def untrained():
    return jax.device_get(jax.jit(methods.make(POINTS).init)(jax.random.key(0)))


def begun(workdir, **fields):
    """The untrained state of a run that starts from the one in `workdir`."""
    changes = {f"start_from.{name}": value for name, value in fields.items()}
    config = override(POINTS, {"start_from.run": str(workdir), **changes})
    found = origin.of(config, methods.make(config), Path("no-such-run"))
    state = untrained()
    return state, found.placed(state), found


def weights(network):
    return network.params, network.stats


@pytest.mark.parametrize(
    ("networks", "kind"), [("both", "averaged"), ("gen", "raw"), ("disc", "averaged")]
)
def test_the_networks_that_are_named_start_with_the_weights_that_are_named(first, networks, kind):
    before, after, found = begun(first, networks=networks, weights=kind)
    old = jax.device_get(runs.open_run(first).state)
    gen = old.ema if kind == "averaged" else old.gen
    gen, disc = (
        wanted if networks in ("both", name) else getattr(before, name)
        for name, wanted in (("gen", gen), ("disc", old.disc))
    )
    chex.assert_trees_all_equal(weights(after.gen), weights(gen))
    chex.assert_trees_all_equal(weights(after.ema), weights(gen))
    chex.assert_trees_all_equal(weights(after.disc), weights(disc))
    for name in ("gen", "disc"):  # new optimizers
        chex.assert_trees_all_equal(getattr(after, name).opt, getattr(before, name).opt)
    assert int(after.step) == 0
    assert found.record["step"] == 2
    assert found.record["networks"] == (["gen", "disc"] if networks == "both" else [networks])


def test_averaged_and_raw_weights_differ_and_so_do_their_digests(first):
    digests = [
        begun(first, **fields)[2].record["digest"]
        for fields in ({}, {"weights": "raw"}, {"networks": "gen"}, {"step": 1}, {"step": 2})
    ]
    assert digests[0] == digests[4]
    assert len(set(digests)) == 4


def test_a_run_trains_on_from_them_and_resumes_without_the_other_run(first, tmp_path, monkeypatch):
    shutil.copytree(first, tmp_path / "old")
    monkeypatch.chdir(tmp_path)
    config = override(POINTS, {"start_from.run": "old", "train.num_steps": 1})
    config = dataclasses.replace(config, gen_optimizer=STILL, disc_optimizer=STILL)
    state = jax.device_get(train.run(config, "new"))
    old = jax.device_get(runs.open_run(first).state)
    chex.assert_trees_all_equal(state.gen.params, old.ema.params)
    chex.assert_trees_all_equal(state.disc.params, old.disc.params)
    (tmp_path / "old").rename(tmp_path / "gone")
    state = train.run(override(config, {"train.num_steps": 2}), "new")
    assert int(state.step) == 2
    chex.assert_trees_all_equal(jax.device_get(state.disc.params), old.disc.params)

    record = json.loads((tmp_path / "new" / layout.ENVIRONMENT).read_text())["start_from"]
    assert record["run"] == str(tmp_path / "old")
    assert (record["seed"], record["step"], record["weights"]) == (7, 2, "averaged")
    assert record["config_digest"] == config_lib.digest(POINTS)
    assert len(record["digest"]) == 16
    assert runs.open_run("new").config.start_from.run == record["run"]
    assert [run.step for run in runs.history(runs.open_run("new"))] == [1, 2]

    (tmp_path / "gone").rename(tmp_path / "old")
    (verdict,) = replay.run("new")
    assert verdict.is_equal
    assert verdict.now[ORIGIN] == record["digest"]


def test_every_member_of_several_starts_with_them(first):
    changes = {"start_from.run": str(first), "varied.values": (1e-3, 1e-4),
               "varied.fields": ("gen_optimizer.learning_rate",)}  # fmt: skip
    config = override(POINTS, changes)
    found = origin.of(config, variation.make(config), Path("no-such-run"))
    state = jax.tree.map(lambda leaf: np.stack([leaf, leaf]), untrained())
    after = found.placed(state)
    for number in (0, 1):
        chex.assert_trees_all_equal(
            jax.tree.map(lambda leaf, n=number: leaf[n], weights(after.gen)),
            weights(found.networks["gen"]),
        )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"gen.features": "5"}, r"^G of .* is another network: Dense_0/kernel is \[4, 2\] there "
         r"and \[5, 2\] here; set the fields of gen alike"),
        ({"disc.features": "4,4"}, r"^D of .* is another network: .* is missing there and \["),
        ({"gen.norm": "none"}, r"^G of .* is another network: .*bias is missing there and \[4\]"),
        ({"start_from.step": "9"}, "There is no checkpoint of step 9 in"),
        ({"start_from.run": "nowhere"}, "start_from.run is not to be had. There is no run in"),
        ({"start_from.networks": "all"}, "must be one of both, gen, disc, encoder"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_a_sentence_and_leaves_nothing(first, tmp_path, changes, sentence):
    with pytest.raises(UserError, match=sentence) as error:
        train.run(override(POINTS, {"start_from.run": str(first), **changes}), tmp_path / "new")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "new").exists()
