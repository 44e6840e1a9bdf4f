"""Everything that training needs, on disk: atomic, written behind the training, kept by rule."""

import functools
import hashlib
import json
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
import orbax.checkpoint as ocp

from gan_jax.devices import hosts
from gan_jax.errors import UserError
from gan_jax.methods import Checkpoint
from gan_jax.run.keeping import Scores, best, kept, read_scores
from gan_jax.system import disk, layout
from gan_jax.system.names import printable

Trees = dict[str, Any]
"""Named pytrees of host arrays."""


class Missing(UserError):
    """There is no checkpoint of a step."""


class Damaged(UserError):
    """A checkpoint that cannot be read back."""


class Checkpoints:
    """The checkpoints of one run; without a config they are only read.

    All processes call every method, and the first one writes.
    """

    def __init__(self, folder: Path, config: Checkpoint | None = None):
        self.folder = folder.absolute()
        self._read_only, self._believed = config is None, False
        writes = config is not None and jax.process_index() == 0
        _leave_closed_loops_unsaid()
        if writes:
            with disk.explained(self.folder, "--workdir"):
                disk.check_writes(disk.folder(self.folder.parent, self.folder.name))
        self._link = _link_to(self.folder)
        rule: dict[str, Any] = {"read_only": True, "save_interval_steps": 0}
        if config is not None and writes:
            rule = {"preservation_policy": kept(config)}
        options = ocp.CheckpointManagerOptions(
            **rule,
            create=False,
            best_fn=lambda scores: 0.0,  # so that scores are stored; `keeping` says which is best
            multiprocessing_options=_for_itself(),
        )
        self._path = self._link or self.folder
        self._manager = ocp.CheckpointManager(self._path, options=options)

    def steps(self) -> list[int]:
        """The steps of the checkpoints that were saved to the end, in order."""
        return sorted(self._manager.all_steps())

    def best(self, number: int = 0) -> int | None:
        """The step of the checkpoint with the lowest score, of the seed with this number in the
        run; None where none was scored."""
        return best({step: self._scores(step) for step in self.steps()}, number)

    def _scores(self, step: int) -> Scores:
        try:
            return read_scores(self._manager.metrics(step))
        except Exception:  # damaged, in whatever way
            return {}

    def reload(self) -> None:
        """Looks again at what is on disk, where another process may have written."""
        self._manager.reload()

    def drop_later(self, step: int) -> None:
        """Deletes the checkpoints of later steps, which a run that goes back makes anew."""
        if jax.process_index() == 0:
            self.wait()
            for later in self.steps():
                if later > step:
                    self._manager.delete(later)
            self.wait()
        hosts.wait()
        self._manager.reload()

    def save(self, step: int, scores: Scores | None = None, **items: Any) -> None:
        """Starts to write named pytrees of host arrays; returns before they are on disk.

        `scores`, by the number of a seed in the run and by name, lower for better, choose the best.
        The first one is read back and compared, since not all that a disk takes can be had again.
        Raises `UserError` where it cannot. Only the first process does anything.
        """
        if jax.process_index() > 0 or step in self._manager.all_steps():
            return
        with disk.explained(self.folder, "--workdir"):
            sealed = {name: _Sealed(tree, _digest(tree)) for name, tree in items.items()}
            args = _composite(ocp.args.StandardSave, sealed)
            self._manager.save(step, args=args, metrics=scores or {})
        if self._believed:
            return
        self.wait()
        try:
            found = self.restore(step, **items)
        except Damaged as error:
            raise UserError(
                f"The first checkpoint of this run cannot be read back ({error.__cause__}); give "
                "another --workdir, on another disk or under a plainer name."
            ) from error
        if any(np.any(_digest(found[name]) != sealed[name].digest) for name in items):
            raise UserError(
                f"The first checkpoint of this run, in {printable(self.folder)}, reads back as "
                "something else than was saved; give another --workdir, on another disk."
            )
        self._believed = True

    def restore(self, step: int, **like: Any) -> Trees:
        """The named pytrees of a step as host arrays, with the structure and shapes of `like`.

        Raises `UserError` when it is of other networks, `Missing` when there is no such checkpoint,
        and `Damaged` when it cannot be read.
        """
        if step not in self.steps():
            known = ", ".join(map(str, self.steps())) or "none"
            raise Missing(
                f"There is no checkpoint of step {step} in {printable(self.folder)} ({known})."
            )
        blank = jax.tree.map(lambda leaf: np.zeros(leaf.shape, leaf.dtype), like)
        sealed = {name: _Sealed(tree, _digest(tree)) for name, tree in blank.items()}
        self._check_kind(step, blank)
        try:
            restored = self._manager.restore(
                step, args=_composite(ocp.args.StandardRestore, sealed)
            )
            return {name: restored[name].opened() for name in like}
        except Exception as error:  # orbax and tensorstore name damage in many ways
            reason = str(error).strip().splitlines()[0][:200]
            raise Damaged(
                f"The checkpoint {printable(self.folder / str(step))} is damaged and cannot be "
                f"read ({reason}); choose another by --step, or resume the run, which passes it "
                "over."
            ) from error

    def restore_newest(self, **like: Any) -> tuple[int, Trees] | None:
        """The newest checkpoint that is whole, and its step; None where there are none at all.

        Damaged ones that are newer are moved aside, or passed over where checkpoints are only read,
        and named. Raises `Damaged` where all of them are, and moves none then.
        """
        damaged: list[int] = []
        last: Damaged | None = None
        known = json.loads(hosts.exchange(json.dumps(self.steps()))[0])
        if known != self.steps():
            self._manager.reload()
        for step in reversed(known):
            try:
                found = self.restore(step, **like)
            except Damaged as error:
                found, last = None, error
            if hosts.gather(found is not None).all():
                assert found is not None
                for other in damaged:
                    self._pass_over(other, step)
                hosts.wait()
                return step, found
            damaged.append(step)
        if not damaged:
            return None
        raise Damaged(
            f"All checkpoints in {printable(self.folder)} are damaged (steps "
            f"{', '.join(map(str, sorted(damaged)))}); nothing was changed: restore them from a "
            "copy, or start a new run in another --workdir."
        ) from last

    def _pass_over(self, step: int, taken: int) -> None:
        """Moves a damaged checkpoint out of the way of the next ones, and says so."""
        place = self.folder / str(step)
        if self._read_only:
            _note(f"The checkpoint {printable(place)} is damaged; this is of step {taken}.")
            return
        if jax.process_index() == 0:
            aside = disk.folder(self.folder.parent, layout.DAMAGED_CHECKPOINTS)
            target = Path(tempfile.mkdtemp(prefix=f"{step}_", dir=aside)) / str(step)
            place.rename(target)
            _note(
                f"The checkpoint of step {step} is damaged and was moved to {printable(target)}; "
                f"the run goes on from step {taken}."
            )
        self._manager.reload()

    def _check_kind(self, step: int, like: Trees) -> None:
        """Raises `UserError` where a whole checkpoint has other arrays than `like`."""
        for name, tree in like.items():
            try:
                saved = ocp.StandardCheckpointHandler().metadata(self._path / str(step) / name)
                found = _arrays(saved.tree["tree"])
            except Exception:  # damaged, which restoring tells
                continue
            if found != _arrays(tree):
                raise UserError(
                    f"The checkpoint {printable(self.folder / str(step))} is of other networks, or "
                    "was written by another version of gan_jax or of its packages, which "
                    "environment.json beside the checkpoints names; resume with those."
                )

    def wait(self) -> None:
        """Returns when everything is on disk."""
        with disk.explained(self.folder, "--workdir"):
            self._manager.wait_until_finished()

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(self, *exception: object) -> None:
        try:
            with disk.explained(self.folder, "--workdir"):
                self._manager.close()  # waits, then ends the background threads
        finally:
            if self._link:
                shutil.rmtree(self._link.parent, ignore_errors=True)


class _Sealed(NamedTuple):
    """A pytree and the digest of its bytes, which tells damage that the file format does not."""

    tree: Any
    digest: np.ndarray

    def opened(self) -> Any:
        if not np.array_equal(_digest(self.tree), self.digest):
            raise ValueError("its digest differs from the one it was saved with")
        return self.tree


def _link_to(folder: Path) -> Path | None:
    """A link with a plain name where orbax would misread the folder's own; else None.

    Orbax looks for the parts of a checkpoint by a pattern that begins with the folder's name, and
    tensorstore takes names for UTF-8.
    """
    name = str(folder)
    if name.isprintable() and not set(name) & set("*?[]\\"):
        return None
    link = Path(tempfile.mkdtemp(prefix="gan_jax-")) / layout.CHECKPOINTS
    link.symlink_to(folder)
    return link


@functools.cache
def _leave_closed_loops_unsaid() -> None:
    """When a read or a write fails, tensorstore prints a traceback for every other one that orbax
    no longer waits for; the failure itself is what we say."""
    before = sys.unraisablehook

    def hook(unraisable: Any) -> None:
        if "Event loop is closed" not in str(unraisable.exc_value):
            before(unraisable)

    sys.unraisablehook = hook


def _for_itself() -> ocp.options.MultiprocessingOptions:
    """Each process reads, and the first one writes, without waiting for the others: orbax would let
    them meet by collectives, which fail where one is late."""
    if jax.process_count() == 1:
        return ocp.options.MultiprocessingOptions()
    me = jax.process_index()
    return ocp.options.MultiprocessingOptions(me, {me}, f"process_{me}")


def _note(sentence: str) -> None:
    print(sentence, file=sys.stderr, flush=True)


def _arrays(tree: Any) -> list[tuple[tuple[int, ...], str]]:
    """Shapes and types in an order that is the same whatever holds the arrays."""
    return sorted((tuple(leaf.shape), str(leaf.dtype)) for leaf in jax.tree.leaves(tree))


def _digest(tree: Any) -> np.ndarray:
    content = hashlib.sha256()
    for leaf in jax.tree.leaves(tree):
        content.update(np.ascontiguousarray(leaf).tobytes())
    return np.frombuffer(content.digest(), np.uint8).copy()


def _composite(kind: Callable[[Any], Any], items: Trees) -> ocp.args.Composite:
    return ocp.args.Composite(**{name: kind(tree) for name, tree in items.items()})
