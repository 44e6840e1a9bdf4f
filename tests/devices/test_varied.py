"""Several settings in one program, each the run that it would be alone."""

import chex
import jax
import numpy as np
import pytest
from conftest import tiny_config
from test_seeds import CLOSE, rows

from gan_jax import replay, sample, train
from gan_jax.config import override
from gan_jax.devices import feeding, mesh
from gan_jax.errors import Diverged, UserError
from gan_jax.method import Example
from gan_jax.methods import variation
from gan_jax.run import directory, runs

FIELDS = ("gen_optimizer.learning_rate", "disc_optimizer.b1", "loss.real_target")
VALUES = (1e-3, 0.5, 0.9, 5e-3, 0.0, 1.0)
ASKED = override(
    tiny_config(),
    {"seed": 5, "train.num_seeds": 2, "varied.fields": FIELDS, "varied.values": VALUES},
)
NAMES = ["setting_0_seed_5", "setting_0_seed_6", "setting_1_seed_5", "setting_1_seed_6"]


@pytest.fixture(scope="module")
def settings(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("settings")
    return workdir, train.run(ASKED, workdir)


@pytest.mark.parametrize("number", [1, 2])
def test_each_setting_is_the_run_that_it_would_be_alone(settings, number, tmp_path):
    """In state, log rows and pictures; the two lie on different devices."""
    workdir, state = settings
    alone = train.run(variation.members(ASKED)[number], tmp_path)
    mine = jax.tree.map(lambda leaf: leaf[number], state)
    chex.assert_trees_all_close(mine, alone, **CLOSE)
    folder = workdir / NAMES[number]
    assert len(rows(folder)) == 2
    for one, other in zip(rows(folder), rows(tmp_path), strict=True):
        assert one == pytest.approx(other, rel=1e-3, abs=1e-4)
    untrained = "samples/step_00000000.png"
    assert (folder / untrained).read_bytes() == (tmp_path / untrained).read_bytes()


@pytest.mark.slow
def test_settings_in_one_batch_of_operations_are_the_same_runs(settings, tmp_path, monkeypatch):
    """As accelerators run them."""
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    chex.assert_trees_all_close(train.run(ASKED, tmp_path), settings[1], **CLOSE)


def test_settings_of_one_seed_begin_alike_and_differ(settings):
    workdir, state = settings
    untrained = [(workdir / name / "samples/step_00000000.png").read_bytes() for name in NAMES]
    assert untrained[0] == untrained[2] != untrained[1] == untrained[3]
    kernels = np.asarray(state.gen.params["Dense_0"]["kernel"])
    assert len({kernel.tobytes() for kernel in kernels}) == 4


def test_resumed_settings_are_the_uninterrupted_ones_to_the_bit(settings, tmp_path):
    workdir, state = settings
    train.run(override(ASKED, {"train.num_steps": 2}), tmp_path)
    chex.assert_trees_all_equal(train.run(ASKED, tmp_path), state)
    for name in NAMES:
        assert rows(tmp_path / name) == rows(workdir / name)
    with pytest.raises(UserError, match=r"other settings \(varied.values: .*restore them"):
        train.run(override(ASKED, {"varied.values": (*VALUES[:-1], 0.8)}), tmp_path)


def test_a_setting_is_a_run_to_all_that_looks_at_it(settings):
    workdir, state = settings
    assert [folder.name for folder in directory.find(workdir)] == NAMES
    opened = runs.open_run(workdir / NAMES[3])
    expected = {"gen_optimizer.learning_rate": 5e-3, "disc_optimizer.b1": 0.0}
    assert opened.config == override(tiny_config(), {"seed": 6, "loss.real_target": 1.0} | expected)
    chex.assert_trees_all_equal(opened.state, jax.tree.map(lambda leaf: leaf[3], state))
    folder = sample.run(workdir / NAMES[3], num_samples=2, seed=0)
    assert folder.parent == workdir / NAMES[3] / "generated"
    assert (workdir / NAMES[3] / "report.html").is_file()
    with pytest.raises(UserError, match=r"has 4 members; choose one, such as .*setting_0_seed_5"):
        runs.open_run(workdir)
    with pytest.raises(UserError, match="is one member of the run"):
        train.run(opened.config, workdir / NAMES[3])


@pytest.mark.slow
def test_settings_are_replayed_to_the_bit(settings, tmp_path):
    (verdict,) = replay.run(settings[0], output=tmp_path / "again")
    assert verdict.is_equal
    assert {one.member for one in verdict.comparisons} == {
        f"seed {seed} of setting {setting}" for seed in (5, 6) for setting in (0, 1)
    }


def test_each_setting_gets_the_batches_and_the_keys_of_its_seed():
    spread = mesh.place(2, 5, num_settings=2)
    examples = Example(np.zeros((10, 1)), None)
    numbers = feeding.feed("device", examples, 5, 4, spread).get(3, 2)[1]  # [devices, steps, ...]
    by_member = np.concatenate(list(numbers.swapaxes(1, 2)))[:, :2]
    np.testing.assert_array_equal(by_member[:2], by_member[2:])
    assert (by_member[0] != by_member[1]).any()
    keys = spread.fetch(jax.tree.map(jax.random.key_data, spread.root_keys(5)))
    expected = [jax.random.key_data(jax.random.key(seed)) for seed in (5, 6, 5, 6)]
    np.testing.assert_array_equal(keys, expected)


def test_a_setting_that_diverges_is_named(tmp_path):
    rates = {"varied.fields": FIELDS[:1], "varied.values": (1e-3, 1e38)}
    config = override(ASKED, rates | {"train.num_seeds": 1, "seed": 3})
    with pytest.raises(Diverged, match="in seed 3 of setting 1: ") as found:
        train.run(config, tmp_path)
    assert found.value.seeds == (1,)


def test_a_number_that_changes_the_program_is_named_where_a_run_starts(tmp_path):
    changes = {"varied.fields": ("train.ema_ramp",), "varied.values": (0.1, 0.2)}
    with pytest.raises(UserError, match=r"train\.ema_ramp changes the program"):
        train.run(override(ASKED, changes), tmp_path)
