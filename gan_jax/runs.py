"""A finished or running run, opened to be looked at."""

from pathlib import Path
from typing import NamedTuple

import jax

from gan_jax import data, keys, methods, rundir
from gan_jax.checkpoint import Checkpoints
from gan_jax.config import Config
from gan_jax.data import Dataset
from gan_jax.errors import UserError
from gan_jax.methods import Method, State


class Run(NamedTuple):
    """A run as its directory has it, at one checkpoint."""

    workdir: Path
    config: Config
    method: Method
    step: int
    state: State  # on the first device


def open_run(workdir: str | Path, step: int | None = None) -> Run:
    """The run in `workdir` at a checkpoint, the last one by default.

    Raises `UserError` when there is no run or no such checkpoint.
    """
    workdir = Path(workdir)
    config = rundir.read_config(workdir)
    method = methods.make(config)
    with Checkpoints(workdir / "checkpoints") as checkpoints:
        steps = checkpoints.steps()
        if not steps:
            raise UserError(f"The run in {workdir} has no checkpoint yet; train it further first.")
        step = steps[-1] if step is None else step
        like = jax.eval_shape(method.init, keys.root(0))
        state = checkpoints.restore(step, state=like)["state"]
    return Run(workdir, config, method, step, jax.device_put(state))


def dataset(run: Run) -> Dataset:
    """The data that the run trains on, from the cache when they are there."""
    return data.load(run.config.data)
