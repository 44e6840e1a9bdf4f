"""Rollbacks: where a run went back to an earlier checkpoint, and on with other random numbers.

They are part of the run's record, so that it is the same run again: the root key of a stretch of
training is a function of the seed and of how often the run came back to where the stretch begins,
or to before.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax

from gan_jax.devices import hosts
from gan_jax.errors import Collapsed, Diverged
from gan_jax.methods import Config
from gan_jax.run.checkpoint import Checkpoints, Trees
from gan_jax.system import disk, layout


class Rollback(NamedTuple):
    """One way back."""

    at: int  # the step at which the run was not to go on
    to: int  # the step of the checkpoint
    seeds: tuple[int, ...]  # by their numbers in the run, those that have fresh keys since
    numbers: tuple[int, ...]  # of the rollback before, of each of these
    why: str
    superseded: bool = False  # by a later one that went back farther


class Rollbacks:
    """The rollbacks of a run of `num_members` members; all processes call `back` together."""

    def __init__(self, workdir: Path, num_members: int):
        self._path, self._num_members = workdir / layout.ROLLBACKS, num_members
        self._known = _parsed(hosts.exchange(json.dumps(_read(self._path)))[0])

    def numbers(self, step: int) -> list[int]:
        """After how many rollbacks training goes on from `step`, of each member."""
        passed = [known for known in self._known if known.to <= step and not known.superseded]
        return [sum(seed in known.seeds for known in passed) for seed in range(self._num_members)]

    def back(
        self,
        config: Config,
        error: Diverged,
        numbers: Sequence[int],
        checkpoints: Checkpoints,
        like: Any,
    ) -> tuple[Trees, str]:
        """The named trees that a run goes on from which was stopped by `error`, and a sentence.

        These are the last good checkpoint or, after a collapse, the best one. `numbers` are those
        that the run had, and `like` has the trees' structure. Raises `error` where the run is to
        stop, has no checkpoint or has gone back too often.
        """
        checkpoints.wait()
        to, most = _target(config, error, checkpoints), config.train.most_rollbacks
        if to is None or len(self._known) >= most:
            raise error
        checkpoints.reload()
        found = checkpoints.restore(to, **like._asdict())
        checkpoints.drop_later(to)
        self._add(Rollback(error.step, to, error.seeds, _of(numbers, error.seeds), error.why))
        return found, (
            f"At step {error.step} {error.why}: back to step {to} and on with fresh keys, rollback "
            f"{len(self._known)} of {most} at most."
        )

    def _add(self, rollback: Rollback) -> None:
        """Notes it; what the run did before on the same way is noted once."""
        if rollback in self._known:
            return
        before = [k._replace(superseded=k.superseded or k.to > rollback.to) for k in self._known]
        self._known = [*before, rollback]
        if jax.process_index() == 0:
            plain = [known._asdict() for known in self._known]
            disk.write_whole(self._path, (disk.to_json(plain, indent=2) + "\n").encode())


def _of(numbers: Sequence[int], seeds: Sequence[int]) -> tuple[int, ...]:
    return tuple(numbers[seed] for seed in seeds)


def _target(config: Config, error: Diverged, checkpoints: Checkpoints) -> int | None:
    """The step to go back to, as the first process has it; None where the run is to stop."""
    collapsed = isinstance(error, Collapsed)
    choice = config.evaluate.on_collapse if collapsed else config.train.on_nan
    steps = [step for step in checkpoints.steps() if step < error.step]
    best = checkpoints.best(error.seeds[0]) if collapsed else None
    to = best if best in steps else max(steps, default=None)
    return json.loads(hosts.exchange(json.dumps(to if choice == "rollback" else None))[0])


def _read(path: Path) -> list:
    try:
        found = json.loads(disk.read(path))
    except (OSError, ValueError):
        return []
    return found if isinstance(found, list) else []


def _parsed(text: str) -> list[Rollback]:
    """The rollbacks of a record; one that is damaged is none."""
    known = []
    for values in json.loads(text):
        try:
            at, to, why = int(values["at"]), int(values["to"]), str(values["why"])
            seeds, numbers = (tuple(map(int, values[name])) for name in ("seeds", "numbers"))
        except (KeyError, TypeError, ValueError):
            continue
        known.append(Rollback(at, to, seeds, numbers, why, values.get("superseded") is True))
    return known
