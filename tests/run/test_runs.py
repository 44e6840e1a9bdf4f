"""Runs as they are read while they train."""

import shutil

from gan_jax import train
from gan_jax.config import override
from gan_jax.run import runs


def test_a_checkpoint_that_training_deletes_meanwhile_is_passed_over(tiny, tmp_path):
    keep = {"checkpoint.every_steps": "1", "checkpoint.keep_last": "4"}
    train.run(override(tiny, keep), tmp_path / "run")
    found = runs.checkpoints(runs.open_run(tmp_path / "run"))
    first = next(found)
    shutil.rmtree(tmp_path / "run" / "checkpoints" / "2")
    assert [first.step, *(run.step for run in found)] == [1, 3, 4]
