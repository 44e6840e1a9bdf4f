"""NumPy's archives of arrays, in which nothing is unpickled."""

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
    """A file, or its content, whose arrays [...] are read when they are asked for. Raises
    `ValueError` for what is no archive of numbers and texts or is damaged, as far as it is read,
    and `OSError` for what cannot be read."""
    try:
        source = io.BytesIO(file) if isinstance(file, bytes) else file
        with np.load(source, allow_pickle=False) as archive:
            yield archive
    except _DAMAGED as error:
        raise ValueError((str(error).splitlines() or [type(error).__name__])[0][:200]) from error


def read(file: Path | bytes) -> dict[str, np.ndarray]:
    """All arrays [...] by their names; raises what `opened` does."""
    with opened(file) as archive:
        return dict(archive)


def content(arrays: Mapping[str, Any], compressed: bool = False) -> bytes:
    """A file of arrays [...]."""
    file = io.BytesIO()
    (np.savez_compressed if compressed else np.savez)(file, **arrays)
    return file.getvalue()
