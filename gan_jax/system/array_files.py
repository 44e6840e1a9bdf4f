"""NumPy's files of arrays, one or several, in which nothing is unpickled."""

import contextlib
import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

_DAMAGED = (
    *(ValueError, LookupError, AttributeError, TypeError, SyntaxError, OverflowError),  # of NumPy
    *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError),  # of `zipfile`
)


@contextlib.contextmanager
def opened(file: Path | bytes) -> Iterator[np.lib.npyio.NpzFile]:
    """An .npz, or its content, whose arrays [...] are read when they are asked for. Raises
    `ValueError` for what is no archive of numbers and texts or is damaged, as far as it is read,
    and `OSError` for what cannot be read."""
    source = io.BytesIO(file) if isinstance(file, bytes) else file
    with _explained(), np.load(source, allow_pickle=False) as archive:
        yield archive


def read(file: Path | bytes) -> dict[str, np.ndarray]:
    """All arrays [...] of an .npz by their names; raises what `opened` does."""
    with opened(file) as archive:
        return dict(archive)


def content(arrays: Mapping[str, Any], compressed: bool = False) -> bytes:
    """An .npz of arrays [...]."""
    file = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(file, **arrays)
    return file.getvalue()


def mapped(path: Path) -> np.ndarray:
    """The array [...] of an .npy, which stays on disk; raises what `opened` does."""
    with _explained():
        return np.load(path, mmap_mode="r", allow_pickle=False)


@contextlib.contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        raise ValueError((str(error).splitlines() or [type(error).__name__])[0][:200]) from error
