"""Everything that training needs, on disk: atomic, written behind the training, kept by rule."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
import orbax.checkpoint as ocp

from gan_jax.config import Checkpoint
from gan_jax.disk import full_disk_is_an_error
from gan_jax.errors import UserError


class Checkpoints:
    """The checkpoints of one run; without a config they are only read.

    All processes call every method, and the first one writes.
    """

    def __init__(self, folder: Path, config: Checkpoint | None = None):
        self.folder = folder.absolute()
        options = ocp.CheckpointManagerOptions(read_only=True, create=False, save_interval_steps=0)
        if config is not None:
            options = ocp.CheckpointManagerOptions(
                max_to_keep=config.keep_last, keep_period=config.keep_every_steps or None
            )
        self._manager = ocp.CheckpointManager(self.folder, options=options)

    def steps(self) -> list[int]:
        """The steps of the checkpoints that are whole, in order."""
        return sorted(self._manager.all_steps())

    def save(self, step: int, **items: Any) -> None:
        """Starts to write named pytrees of host arrays; returns before they are on disk."""
        if step in self._manager.all_steps():
            return
        with full_disk_is_an_error(self.folder):
            sealed = {name: _Sealed(tree, _digest(tree)) for name, tree in items.items()}
            self._manager.save(step, args=_composite(ocp.args.StandardSave, sealed))

    def restore(self, step: int, **like: Any) -> dict[str, Any]:
        """The named pytrees of a step as host arrays, with the structure and shapes of `like`.

        Raises `UserError` when there is no such checkpoint, or when it cannot be read.
        """
        if step not in self.steps():
            known = ", ".join(map(str, self.steps())) or "none"
            raise UserError(f"There is no checkpoint of step {step} in {self.folder} ({known}).")
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
            raise UserError(
                f"The checkpoint {self.folder / str(step)} is damaged and cannot be read "
                f"({reason}); move that folder away, and the run resumes from the one before it."
            ) from error

    def _check_kind(self, step: int, like: dict[str, Any]) -> None:
        """Raises `UserError` where a whole checkpoint has other arrays than `like`."""
        for name, tree in like.items():
            try:
                saved = ocp.StandardCheckpointHandler().metadata(self.folder / str(step) / name)
                found = _arrays(saved.tree["tree"])
            except Exception:  # damaged, which restoring tells
                continue
            if found != _arrays(tree):
                raise UserError(
                    f"The checkpoint {self.folder / str(step)} is of other networks, or was "
                    "written by another version of gan_jax or of its packages, which "
                    "environment.json beside the checkpoints names; resume with those."
                )

    def wait(self) -> None:
        """Returns when everything is on disk."""
        with full_disk_is_an_error(self.folder):
            self._manager.wait_until_finished()

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(self, *exception: object) -> None:
        with full_disk_is_an_error(self.folder):
            self._manager.close()  # waits, then ends the background threads


class _Sealed(NamedTuple):
    """A pytree and the digest of its bytes, which tells damage that the file format does not."""

    tree: Any
    digest: np.ndarray

    def opened(self) -> Any:
        if not np.array_equal(_digest(self.tree), self.digest):
            raise ValueError("its digest differs from the one it was saved with")
        return self.tree


def _arrays(tree: Any) -> list[tuple[tuple[int, ...], str]]:
    """Shapes and types in an order that is the same whatever holds the arrays."""
    return sorted((tuple(leaf.shape), str(leaf.dtype)) for leaf in jax.tree.leaves(tree))


def _digest(tree: Any) -> np.ndarray:
    content = hashlib.sha256()
    for leaf in jax.tree.leaves(tree):
        content.update(np.ascontiguousarray(leaf).tobytes())
    return np.frombuffer(content.digest(), np.uint8).copy()


def _composite(kind: Callable[[Any], Any], items: dict[str, Any]) -> ocp.args.Composite:
    return ocp.args.Composite(**{name: kind(tree) for name, tree in items.items()})
