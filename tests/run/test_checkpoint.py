import os
from typing import NamedTuple

import chex
import jax
import numpy as np
import pytest

from gan_jax.errors import UserError
from gan_jax.methods import Checkpoint
from gan_jax.run import checkpoint
from gan_jax.run.checkpoint import Checkpoints


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
        with pytest.raises(UserError, match=r"damaged.*choose another by --step") as error:
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


@pytest.mark.parametrize(
    "name",
    ["run [lr=2e-4]", "[!x]", "back\\slash", "all*", "who?", os.fsdecode(b"r\xfcn"), "two\nlines"],
)
def test_a_folder_of_any_name_keeps_its_checkpoints(tmp_path, name, monkeypatch):
    """Orbax takes the name for a pattern, which may match a sibling's parts, or nothing."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    folder = tmp_path / name / "checkpoints"
    saved(tmp_path / "allied" / "checkpoints", [2])
    assert saved(folder, [2, 4]) == [2, 4]
    with Checkpoints(folder) as checkpoints:
        step, restored = checkpoints.restore_newest(state=tree(0))
    assert step == 4
    chex.assert_trees_all_equal(restored["state"], tree(4))
    assert sorted(path.name for path in folder.iterdir()) == ["2", "4"]
    assert not list(tmp_path.glob("gan_jax-*"))  # the links are gone


def test_the_first_checkpoint_is_read_back(tmp_path, monkeypatch):
    """A disk or a library that forgets is found out at the first save, not at the first loss."""
    reads = []
    monkeypatch.setattr(checkpoint, "_link_to", lambda folder: None)
    folder, sentence = tmp_path / "run [1]", "first checkpoint of this run cannot be read back"
    with Checkpoints(folder, Checkpoint()) as found, pytest.raises(UserError, match=sentence):
        found.save(1, state=tree(1))
    restore = Checkpoints.restore

    def noted(self, step, **like):
        reads.append(step)
        return restore(self, step, **like)

    monkeypatch.setattr(Checkpoints, "restore", noted)
    assert saved(tmp_path / "plain", [2, 4]) == [2, 4]
    assert reads == [2]
    monkeypatch.setattr(
        Checkpoints, "restore", lambda self, step, **like: {**like, "sums": {"loss": np.float32(9)}}
    )
    with pytest.raises(UserError, match="reads back as something else than was saved"):
        saved(tmp_path / "forgetful", [2])


def test_the_newest_whole_checkpoint_is_taken_and_damaged_ones_are_moved(tmp_path, capsys):
    folder = tmp_path / "checkpoints"
    saved(folder, [2, 4, 6], keep_last=3)
    for step in (4, 6):
        (folder / str(step) / "state" / "manifest.ocdbt").unlink()
    with Checkpoints(folder) as checkpoints:
        assert checkpoints.restore_newest(state=tree(0))[0] == 2
    assert sorted(path.name for path in folder.iterdir()) == ["2", "4", "6"]
    with Checkpoints(folder, Checkpoint(keep_last=3)) as checkpoints:
        step, restored = checkpoints.restore_newest(state=tree(0))
        assert checkpoints.steps() == [2]
        checkpoints.save(4, state=tree(4), sums={"loss": np.float32(4)})
    chex.assert_trees_all_equal(restored["state"], tree(2))
    assert sorted(path.name for path in folder.iterdir()) == ["2", "4"]
    assert sorted(p.name for p in (tmp_path / "damaged_checkpoints").glob("*/*")) == ["4", "6"]
    said = capsys.readouterr().err
    assert "The checkpoint of step 6 is damaged and was moved to" in said
    assert "the run goes on from step 2" in said


def test_where_all_are_damaged_nothing_is_moved(tmp_path):
    saved(tmp_path, [2, 4])
    for step in "24":
        (tmp_path / step / "state" / "manifest.ocdbt").unlink()
    before = sorted(tmp_path.rglob("*"))
    sentence = r"damaged \(steps 2, 4\); nothing was changed"
    with Checkpoints(tmp_path, Checkpoint()) as found, pytest.raises(UserError, match=sentence):
        found.restore_newest(state=tree(0))
    assert sorted(tmp_path.rglob("*")) == before
    with Checkpoints(tmp_path / "none", Checkpoint()) as checkpoints:
        assert checkpoints.restore_newest(state=tree(0)) is None
