"""A disk that is full is the user's to mend; whoever meets it says the same sentence."""

import contextlib
import errno
import os
from collections.abc import Iterator
from pathlib import Path

from gan_jax.errors import UserError

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FULL_TEXTS = tuple(os.strerror(code) for code in sorted(_FULL))


@contextlib.contextmanager
def full_disk_is_an_error(folder: Path) -> Iterator[None]:
    """Turns a failure to write for want of space into a `UserError`.

    It is known by its errno, or by its text where a library hides the errno in another exception.
    """
    try:
        yield
    except Exception as error:
        if getattr(error, "errno", None) in _FULL or any(t in str(error) for t in _FULL_TEXTS):
            raise UserError(
                f"There is no space left to write to {folder}; free some and run the same command "
                "again, which resumes from the last checkpoint."
            ) from error
        raise


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file so that it is there whole or, after any interruption, as it was before."""
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(content)
    os.replace(partial, path)
