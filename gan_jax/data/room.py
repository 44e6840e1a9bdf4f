"""Room for decoded images: in memory, or where they are many on the disk."""

import math
import shutil
import tempfile

import numpy as np

from gan_jax.errors import UserError
from gan_jax.system import user_cache

MEMORY_BYTES = 1 << 30
"""The most images that are decoded in memory; more are decoded to the disk, and streamed."""


def room(shape: tuple[int, ...], what: str, less: str) -> np.ndarray:
    """Room for uint8 images [n, h, w, c], in memory or in a file that has no name.

    `what` names them in the sentence of the `UserError` that a full disk gives, `less` how to take
    a part of them.
    """
    size = math.prod(shape)
    if size <= MEMORY_BYTES:
        return np.empty(shape, np.uint8)
    try:
        folder = user_cache.folder("data")
    except OSError:
        raise UserError(
            f"To decode {what} takes {size / 1e9:.0f} GB of disk; set GAN_JAX_CACHE_DIR to a "
            "folder that has as much."
        ) from None
    needed, free = 2 * size / 1e9, shutil.disk_usage(folder).free / 1e9  # the cache keeps a copy
    if needed > free:
        raise UserError(
            f"To decode {what} takes {needed:.0f} GB in {folder}, which has {free:.0f} GB; set "
            f"GAN_JAX_CACHE_DIR to a folder with more, or take a part of them, {less}."
        )
    return np.memmap(tempfile.TemporaryFile(dir=folder), np.uint8, shape=shape)
