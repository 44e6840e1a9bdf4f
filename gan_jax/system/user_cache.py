"""The user's cache folder, which only the user can write: decoded data and compiled programs."""

import contextlib
import errno
import hashlib
import os
import platform
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import jax

from gan_jax.system import disk

T = TypeVar("T")


def folder(*parts: str) -> Path:
    """A folder below $GAN_JAX_CACHE_DIR, or below gan_jax in the user's cache folder; made here.

    Raises `OSError` where it cannot be made, such as for a user without a home.
    """
    base = os.environ.get("XDG_CACHE_HOME") or "~/.cache"
    try:
        root = Path(os.environ.get("GAN_JAX_CACHE_DIR") or Path(base, "gan_jax")).expanduser()
    except RuntimeError as error:
        raise OSError(errno.ENOENT, "There is no home folder; set GAN_JAX_CACHE_DIR") from error
    path = root.joinpath(*parts)
    path.mkdir(parents=True, exist_ok=True, mode=0o700)
    return path


def megabytes(path: Path) -> int:
    """The size of all files in a folder, in MB, rounded up."""
    size = 0
    for file in disk.files(path):
        with contextlib.suppress(OSError):
            size += file.stat().st_size
    return -(-size // 1_000_000)


def kept(
    part: str,
    name: str,
    read: Callable[[bytes], T],
    make: Callable[[], T],
    write: Callable[[T], bytes],
) -> T:
    """What the file `name` of a folder below `folder()` holds, or else what `make` returns, which
    is kept there. It is made again where `read` raises `ValueError` or `KeyError` for a damaged
    file, and where nothing can be written."""
    with contextlib.suppress(OSError, ValueError, KeyError):
        return read(disk.read(folder(part) / name))
    made = make()
    with contextlib.suppress(OSError):
        disk.write_whole(folder(part) / name, write(made))
    return made


NOT_TO_BE_WRITTEN = "MemoryError: std::bad_alloc"
"""What XLA says of a program that it cannot write, however much memory there is."""


def keep_compiled_programs() -> None:
    """Lets a second start load what the first one compiled; a cache set by the user stands.

    Machines with other processors have folders of their own: in a home that a cluster shares, one
    would else run another's instructions. Without a folder to write, programs are just not kept;
    nor is one that XLA cannot write, as with the custom calls of `gan_jax.ops.onednn`.
    """
    warnings.filterwarnings("ignore", f"Error writing persistent .*: {NOT_TO_BE_WRITTEN}")
    if jax.config.values["jax_compilation_cache_dir"]:
        return
    try:
        path = folder("compiled", _processor())
    except OSError:
        return
    jax.config.update("jax_compilation_cache_dir", str(path))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.1)


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    features = sorted({line for line in lines if line.startswith(("flags", "Features", "model"))})
    return hashlib.sha256("\n".join([platform.machine(), *features]).encode()).hexdigest()[:12]
