"""The process's memory: on a CPU, a compiled call takes what it works in from the C library."""

import ctypes
import sys
from typing import Any

import jax

TRIM_THRESHOLD, MMAP_MAX = -1, -4
"""Parameters of glibc's mallopt, as its malloc.h numbers them."""


def keep_freed_memory() -> bool:
    """Lets a call reuse what the last one freed; True where the C library agrees.

    glibc gives large blocks back to the system at once, so that each call touches hundreds of MiB
    anew, page by page. The main thread's heap can keep them, and those of other threads cannot, so
    CPU calls also run on the thread that makes them. Call it before JAX starts its devices.
    """
    mallopt = _of_glibc("mallopt")
    if mallopt is None:
        return False
    jax.config.update("jax_cpu_enable_async_dispatch", False)
    return all([mallopt(MMAP_MAX, 0), mallopt(TRIM_THRESHOLD, 2**31 - 1)])


def give_freed_memory_back() -> None:
    """Once, where the C library can: after a program was compiled, which took memory that no call
    of it will use again. Of SNGAN's step that is more than a gigabyte."""
    trim = _of_glibc("malloc_trim")
    if trim is not None:
        trim(0)


def _of_glibc(function: str) -> Any:
    return getattr(ctypes.CDLL(None), function, None) if sys.platform == "linux" else None
