"""Several seeds in one program, each the run that it would be alone."""

import json
from types import SimpleNamespace
from typing import NamedTuple

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from conftest import tiny_config

from gan_jax import sample, train
from gan_jax.config import override
from gan_jax.data import kinds
from gan_jax.devices import mesh, parallel
from gan_jax.errors import UserError
from gan_jax.method import Example, Method
from gan_jax.run import directory, divergence, runs

SEEDS = (5, 6, 7, 8)
NOT_OF_STEPS = {"images_per_second", "memorisation"}
"""First parts of what depends on when one looks: the rate, and what is measured with a picture."""
CLOSE = {"rtol": 1e-4, "atol": 1e-4}
"""Rounding: the products of a batch of matrices are summed in another order."""


def run(workdir, seed, num_seeds, num_steps=4):
    changes = {"seed": seed, "train.num_seeds": num_seeds, "train.num_steps": num_steps}
    return train.run(override(tiny_config(), changes), workdir)


@pytest.fixture(scope="module")
def seeds(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("seeds")
    return workdir, run(workdir, SEEDS[0], len(SEEDS))


def rows(workdir):
    lines = (workdir / "metrics.jsonl").read_text().splitlines()
    found = [json.loads(line) for line in lines]
    return [{k: v for k, v in row.items() if k.split("/")[0] not in NOT_OF_STEPS} for row in found]


@pytest.mark.parametrize("number", [0, 3])
def test_each_seed_is_the_run_that_it_would_be_alone(seeds, number, tmp_path):
    """In state, log rows and pictures; the first seed and the last lie on different devices."""
    workdir, state = seeds
    alone = run(tmp_path, SEEDS[number], 1)
    mine = jax.tree.map(lambda leaf: leaf[number], state)
    chex.assert_trees_all_close(mine, alone, **CLOSE)
    folder = workdir / f"seed_{SEEDS[number]}"
    assert len(rows(folder)) == 2
    for one, other in zip(rows(folder), rows(tmp_path), strict=True):
        assert one == pytest.approx(other, rel=1e-3, abs=1e-4)
    untrained = "samples/step_00000000.png"
    assert (folder / untrained).read_bytes() == (tmp_path / untrained).read_bytes()
    assert (folder / "losses.png").exists()


@pytest.mark.slow
def test_seeds_in_one_batch_of_operations_are_the_same_runs(seeds, tmp_path, monkeypatch):
    """As accelerators run those of dense networks."""
    monkeypatch.setattr(parallel, "seeds_at_once", lambda traced: True)
    at_once = run(tmp_path, SEEDS[0], len(SEEDS))
    chex.assert_trees_all_close(at_once, seeds[1], **CLOSE)


@pytest.mark.parametrize("platform, expected", [("cpu", (False, False)), ("gpu", (True, False))])
def test_seeds_of_dense_networks_alone_run_at_once_and_not_on_a_cpu(
    monkeypatch, platform, expected
):
    monkeypatch.setattr(jax, "default_backend", lambda: platform)
    steps = (parallel.Traced(lambda: None, {}, 1, convolves) for convolves in (False, True))
    assert tuple(map(parallel.seeds_at_once, steps)) == expected


def test_seeds_differ(seeds):
    _, state = seeds
    kernels = np.asarray(state.gen.params["Dense_0"]["kernel"])
    assert len({kernel.tobytes() for kernel in kernels}) == len(SEEDS)


def test_resumed_seeds_are_the_uninterrupted_ones_to_the_bit(seeds, tmp_path):
    workdir, state = seeds
    run(tmp_path, SEEDS[0], len(SEEDS), num_steps=2)
    resumed = run(tmp_path, SEEDS[0], len(SEEDS), num_steps=4)
    chex.assert_trees_all_equal(resumed, state)
    for seed in SEEDS:
        folders = [folder / f"seed_{seed}" for folder in (tmp_path, workdir)]
        assert rows(folders[0]) == rows(folders[1])


def test_a_seed_is_sampled_from_the_checkpoint_of_all(seeds, capsys):
    workdir, state = seeds
    opened = runs.open_run(workdir / "seed_7")
    assert opened.config.seed == 7
    chex.assert_trees_all_equal(opened.state, jax.tree.map(lambda leaf: leaf[2], state))
    folder = sample.run(workdir / "seed_7", num_samples=2, seed=0)
    assert folder.parent == workdir / "seed_7" / "generated"


def test_a_run_of_seeds_is_looked_at_seed_by_seed(seeds):
    workdir, _ = seeds
    with pytest.raises(UserError, match=r"has 4 members; choose one, such as .*seed_5"):
        runs.open_run(workdir)


def test_a_seed_of_several_is_not_trained_alone(seeds):
    workdir, _ = seeds
    with pytest.raises(UserError, match="is one member of the run"):
        run(workdir / "seed_6", 6, 1)


def test_seeds_lie_on_as_many_devices_as_divide_them():
    assert len(jax.devices()) == 2
    assert [len(mesh.place(count).devices) for count in (1, 2, 3, 4)] == [2, 2, 1, 2]


def test_what_is_put_is_fetched_and_told_apart():
    spread = mesh.place(4)
    tree = {"a": np.arange(8).reshape(4, 2), "b": np.arange(4)}
    put = spread.put(tree)
    assert put["a"].shape == (2, 2, 2)
    chex.assert_trees_all_equal(spread.fetch(put), tree)
    for number, part in enumerate(spread.runs(put)):
        chex.assert_trees_all_equal(part, {"a": tree["a"][number], "b": tree["b"][number]})
    keys = spread.fetch(jax.tree.map(jax.random.key_data, spread.root_keys(9)))
    expected = [jax.random.key_data(jax.random.key(9 + number)) for number in range(4)]
    np.testing.assert_array_equal(keys, expected)


def test_the_folders_of_seeds(tiny, tmp_path):
    config = override(tiny, {"train.num_seeds": 2, "seed": 3})
    parts = directory.members(config, tmp_path)
    assert [(part.seed, part.train.num_seeds, folder.name) for part, folder in parts] == [
        (3, 1, "seed_3"),
        (4, 1, "seed_4"),
    ]
    assert directory.members(tiny, tmp_path) == [(tiny, tmp_path)]


class Count(NamedTuple):
    step: jax.Array
    seed: jax.Array


@pytest.mark.parametrize("backend", ["cpu", "gpu"])
def test_a_seed_that_is_not_finite_is_named_with_its_own_step(monkeypatch, backend):
    """Seed 3 of 2 to 5, on the first of two devices, fails at its third step."""
    monkeypatch.setattr(jax, "default_backend", lambda: backend)

    def step(state, batch, key):
        value = jnp.where((state.seed == 3) & (state.step == 2), jnp.nan, 1.0)
        return Count(state.step + 1, state.seed), {"g/loss": value}

    method = Method(lambda key: None, None, step, None, None)
    spread = mesh.place(4)
    state = spread.put(Count(np.zeros(4, np.int32), np.arange(2, 6, dtype=np.int32)))
    one, batch = Count(np.int32(0), np.int32(0)), Example(np.zeros((1, 1, 1, 1)), np.zeros(1))
    traced = parallel.trace(method, one, batch, spread)
    sums = spread.put(parallel.zero_sums(traced.metrics, 4))
    pool = spread.share(Example(np.zeros((1, 1, 1, 1), np.uint8), np.zeros(1, np.int32)))
    program = parallel.many_steps(traced, kinds.Picture(1, 1, 1), False, spread)
    places = np.zeros((2, 5, 2, 1), np.int32)
    outcome = program(state, sums, pool, places, spread.root_keys(2), np.int32(5))
    np.testing.assert_array_equal(np.ravel(outcome.finite), [True, False, True, True])
    checkpoints = SimpleNamespace(wait=lambda: None, steps=lambda: [2], folder="checkpoints")
    config = override(tiny_config(), {"seed": 2, "train.num_seeds": 4})
    said = str(divergence.not_finite(config, outcome, checkpoints))
    assert "stopped at step 3 in seed 3: g/loss is nan; the last good checkpoint is of" in said
