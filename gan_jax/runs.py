"""A finished or running run, opened to be looked at."""

from collections.abc import Iterator
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
    """The run in `workdir` at a checkpoint, the last one by default; it may be a seed of a study.

    Raises `UserError` when there is no run or no such checkpoint, and for a study of many seeds.
    """
    workdir = rundir.given(workdir)
    config = rundir.read_config(workdir)
    if config.train.num_seeds > 1:
        example = rundir.seeds(config, workdir)[0][1]
        raise UserError(
            f"The run in {workdir} has {config.train.num_seeds} seeds; choose one, such as "
            f"--workdir={example}."
        )
    method = methods.make(config)
    study = rundir.study_of(workdir, config)
    with Checkpoints(_checkpoints(workdir, config)) as checkpoints:
        steps = checkpoints.steps()
        if not steps:
            raise UserError(f"The run in {workdir} has no checkpoint yet; train it further first.")
        step = steps[-1] if step is None else step
        like = jax.eval_shape(method.init, keys.root(0))
        if study:
            number, count = study[1], study[0].train.num_seeds
            like = jax.tree.map(lambda x: jax.ShapeDtypeStruct((count, *x.shape), x.dtype), like)
        state = checkpoints.restore(step, state=like)["state"]
    if study:
        state = jax.tree.map(lambda leaf: leaf[number], state)
    return Run(workdir, config, method, step, jax.device_put(state))


def history(run: Run) -> Iterator[Run]:
    """The run as it began and at each checkpoint that was kept, up to this one."""
    with Checkpoints(_checkpoints(run.workdir, run.config)) as checkpoints:
        steps = [step for step in checkpoints.steps() if 0 < step < run.step]
    yield run._replace(step=0, state=jax.jit(run.method.init)(keys.root(run.config.seed)))
    for step in steps:
        yield open_run(run.workdir, step)._replace(method=run.method)
    yield run


def _checkpoints(workdir: Path, config: Config) -> Path:
    """The folder of the checkpoints, which the seeds of a study share."""
    return (workdir.parent if rundir.study_of(workdir, config) else workdir) / "checkpoints"


def dataset(run: Run) -> Dataset:
    """The data that the run trains on, from the cache when they are there."""
    return data.load(run.config.data)
