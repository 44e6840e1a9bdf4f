from typing import NamedTuple

import chex
import jax
import numpy as np
import pytest

from gan_jax.checkpoint import Checkpoints
from gan_jax.config import Checkpoint
from gan_jax.errors import UserError


class Tree(NamedTuple):
    step: np.ndarray
    weights: dict


def tree(step):
    values = np.random.default_rng(step).normal(size=(300, 100)).astype(np.float32)
    return Tree(np.int32(step), {"kernel": values, "half": values[:2].astype(jax.numpy.bfloat16)})


def saved(folder, steps, **keep):
    with Checkpoints(folder, Checkpoint(**keep)) as checkpoints:
        for step in steps:
            checkpoints.save(step, state=tree(step), sums={"loss": np.float32(step)})
        checkpoints.wait()
        return checkpoints.steps()


def test_a_round_trip_is_exact_in_values_types_and_structure(tmp_path):
    saved(tmp_path, [3])
    with Checkpoints(tmp_path) as checkpoints:
        restored = checkpoints.restore(3, state=tree(0), sums={"loss": np.float32(0)})
        alone = checkpoints.restore(3, state=tree(0))
    assert isinstance(restored["state"], Tree)
    chex.assert_trees_all_equal(restored["state"], tree(3))
    chex.assert_trees_all_equal(alone["state"], tree(3))
    chex.assert_trees_all_equal_dtypes(restored["state"], tree(3))
    assert float(restored["sums"]["loss"]) == 3.0


def test_keeps_the_last_ones_and_those_at_an_interval(tmp_path):
    assert saved(tmp_path / "a", range(2, 14, 2), keep_last=2) == [10, 12]
    kept = saved(tmp_path / "b", range(2, 14, 2), keep_last=1, keep_every_steps=4)
    assert kept == [4, 8, 12]


def test_an_unknown_step_names_those_there_are(tmp_path):
    saved(tmp_path, [2, 4])
    with Checkpoints(tmp_path) as checkpoints, pytest.raises(UserError, match=r"step 3 .*2, 4"):
        checkpoints.restore(3, state=tree(0))


@pytest.mark.parametrize("damage", ["truncate", "flip", "remove"])
def test_a_damaged_checkpoint_is_refused_with_what_to_do(tmp_path, damage):
    saved(tmp_path, [2, 4])
    largest = max(
        (tmp_path / "4").rglob("*"), key=lambda path: path.stat().st_size * path.is_file()
    )
    content = largest.read_bytes()
    if damage == "truncate":
        largest.write_bytes(content[: len(content) // 2])
    elif damage == "flip":
        middle = len(content) // 2
        largest.write_bytes(
            content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :]
        )
    else:
        largest.unlink()
    with Checkpoints(tmp_path, Checkpoint()) as checkpoints:
        with pytest.raises(UserError, match=r"damaged.*move that folder away") as error:
            checkpoints.restore(4, state=tree(0), sums={"loss": np.float32(0)})
        assert "\n" not in str(error.value)
        assert str(tmp_path / "4") in str(error.value)
        before = checkpoints.restore(2, state=tree(0))  # nothing else is lost
    chex.assert_trees_all_equal(before["state"], tree(2))


def test_another_structure_is_refused(tmp_path):
    saved(tmp_path, [2])
    for kernel, half in (((300, 99), (2, 100)), ((1, 300, 100), (2, 100)), ((300, 100), (2, 100))):
        half = np.zeros(half, jax.numpy.bfloat16)
        weights = {"kernel": np.zeros(kernel, np.float32), "half": half}
        weights |= {"new": half} if kernel == (300, 100) else {}
        with Checkpoints(tmp_path) as checkpoints, pytest.raises(UserError, match="other version"):
            checkpoints.restore(2, state=Tree(np.int32(0), weights))
