"""A finished or running run, opened to be looked at."""

import contextlib
import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax

from gan_jax import data, keys, methods
from gan_jax.data import Dataset
from gan_jax.errors import UserError
from gan_jax.methods import Config, Method, State, sampling
from gan_jax.methods.sampling import Requests
from gan_jax.run import directory, environment
from gan_jax.run.checkpoint import Checkpoints, Damaged, Missing
from gan_jax.system import layout
from gan_jax.system.names import printable

BEST = "best"
"""In place of a step: the checkpoint with the lowest score of those that chose during training."""


class Run(NamedTuple):
    """A run as its directory has it, at one checkpoint."""

    workdir: Path
    config: Config
    method: Method
    step: int
    state: State  # on the first device


class Places(NamedTuple):
    """Where the data of a run are now, if not where they were."""

    path: str = ""  # data.path
    data_dir: str = ""  # data.data_dir


def open_run(
    workdir: str | Path, step: int | str | None = None, places: Places | None = None
) -> Run:
    """The run in `workdir` at a checkpoint, the last one that is whole by default or the `best`; it
    may be one member of several.

    Raises `UserError` when there is no run or no such checkpoint, for a run of several members, and
    for places of other data than the run's.
    """
    workdir = directory.given(workdir)
    config = directory.read_config(workdir)
    if config.num_members > 1:
        example = directory.members(config, workdir)[0][1]
        raise UserError(
            f"The run in {printable(workdir)} has {config.num_members} members; choose one, such "
            f"as --workdir={printable(example)}."
        )
    method = methods.make(config)
    whole = directory.run_of_member(workdir, config)
    with Checkpoints(_checkpoints(workdir, config)) as checkpoints:
        like = jax.eval_shape(method.init, keys.root(0))
        if whole:
            number, count = whole[1], whole[0].num_members
            like = jax.tree.map(lambda x: jax.ShapeDtypeStruct((count, *x.shape), x.dtype), like)
        if step == BEST:
            step = _best(checkpoints, whole[1] if whole else 0)
        if step is not None:
            step = int(step)
            state = checkpoints.restore(step, state=like)["state"]
        elif newest := checkpoints.restore_newest(state=like):
            step, state = newest[0], newest[1]["state"]
        else:
            raise UserError(
                f"The run in {printable(workdir)} has no checkpoint yet; train it further first."
            )
    if whole:
        state = jax.tree.map(lambda leaf: leaf[number], state)
    if places:
        moved = data.with_places(config.data, *places)
        config = dataclasses.replace(config, data=moved)
    return Run(workdir, config, method, step, jax.device_put(state))


def _best(checkpoints: Checkpoints, number: int) -> int:
    found = checkpoints.best(number)
    if found is None:
        raise UserError(
            "The run was not scored while it trained, so that it has no best checkpoint; "
            "--mode=evaluate scores those that it has, and --step=N takes one."
        )
    return found


def history(run: Run) -> Iterator[Run]:
    """The run as it began and at each checkpoint that was kept, up to this one; one that began with
    weights of another run has these no more."""
    if not run.config.start_from.run:
        yield run._replace(step=0, state=jax.jit(run.method.init)(keys.root(run.config.seed)))
    yield from checkpoints(run)


def checkpoints(run: Run, passed_over: frozenset[int] = frozenset()) -> Iterator[Run]:
    """The run at each checkpoint that was kept and is whole, up to this one; those of the steps
    `passed_over` are not read, nor those that training has deleted in the meantime."""
    with Checkpoints(_checkpoints(run.workdir, run.config)) as kept:
        steps = [step for step in kept.steps() if 0 < step < run.step]
    for step in steps:
        if step not in passed_over:
            with contextlib.suppress(Damaged, Missing):
                yield open_run(run.workdir, step)._replace(method=run.method)
    yield run


def _checkpoints(workdir: Path, config: Config) -> Path:
    """The folder of the checkpoints, which the members of a run share."""
    owner = workdir.parent if directory.run_of_member(workdir, config) else workdir
    return owner / layout.CHECKPOINTS


def dataset(run: Run) -> Dataset:
    """The data that the run trains on, from the cache when they are there.

    Raises `UserError` where they are not there any more, or others now.
    """
    found = data.load(run.config.data)
    begun = recorded_data(run).get("fingerprint", found.fingerprint)
    if begun != found.fingerprint:
        raise UserError(
            f"Those of {data.describe(run.config.data)} are others now (fingerprint {begun} -> "
            f"{found.fingerprint}); bring back the run's own, or train a new run on these."
        )
    return found


def requests(run: Run, classes: tuple[int, ...] = ()) -> Requests:
    """What the run's samples are to show; where it makes pictures from pictures, those of its test
    examples. Raises `UserError` where these cannot be had any more."""
    needed = sampling.takes_pictures(run.config)
    return Requests(run.config, classes, dataset(run).test if needed else None)


def recorded_data(run: Run) -> dict[str, Any]:
    """What environment.json says of the data, for a member without one that of the whole run."""
    return environment.recorded_data(run.workdir) or environment.recorded_data(run.workdir.parent)


def class_names(run: Run) -> tuple[str, ...]:
    """The names of the classes that the networks are conditioned on; none where they are not."""
    count = run.config.data.num_classes
    names = tuple(map(str, recorded_data(run).get("class_names") or ()))
    return names if len(names) == count else tuple(str(number) for number in range(count))


def class_numbers(run: Run, wanted: Sequence[str]) -> tuple[int, ...]:
    """The numbers of classes given by their names or, where none has such a name, by number.

    Raises `UserError` for others, and where the networks are not conditioned on classes.
    """
    names = class_names(run)
    if wanted and not names:
        raise UserError(
            "The networks of this run are not conditioned on classes; leave --classes out."
        )
    numbers = {str(number): number for number in range(len(names))}
    numbers |= {name: number for number, name in enumerate(names)}
    for name in wanted:
        if name not in numbers:
            raise UserError(f"--classes={name} is none of this run's: {', '.join(names)}.")
    return tuple(numbers[name] for name in wanted)
