"""What the processes of a run must agree on, so that they go on together."""

import signal

import jax
import numpy as np

from gan_jax.errors import UserError


def gather(value: float) -> np.ndarray:
    """The number of each process, float32 [processes]; all of them must ask together."""
    if jax.process_count() == 1:
        return np.array([value], np.float32)
    from jax.experimental import multihost_utils

    return np.asarray(multihost_utils.process_allgather(np.float32(value)))


_FAILED = 1_000
"""Above the number of any signal."""


def agree(caught: int, failure: Exception | None) -> str:
    """Why all processes stop now: the name of a signal that one of them caught, or "a failure" of
    one; empty where there is no reason. All of them must ask together."""
    number = int(gather(_FAILED if failure else caught).max())
    if number == _FAILED:
        return "a failure"
    return signal.Signals(number).name if number else ""


def check_same_images(fingerprint: str) -> None:
    """Raises `UserError` in every process when they hold different training images."""
    parts = [fingerprint[place : place + 4] for place in range(0, len(fingerprint), 4)]
    gathered = np.stack([gather(int(part, 16)) for part in parts], axis=1).astype(int)
    found = ["".join(f"{part:04x}" for part in process) for process in gathered]
    if len(set(found)) > 1:
        raise UserError(
            f"The hosts have different training images (fingerprints {', '.join(found)}); give all "
            "of them the same data, such as by a --data_dir or a data.path that each can read."
        )
