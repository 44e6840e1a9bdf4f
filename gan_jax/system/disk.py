"""Files: written whole or not at all, never through a link, read only where they are files."""

import contextlib
import errno
import json
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from gan_jax.errors import UserError
from gan_jax.system.names import printable

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CLOSED = (errno.EACCES, errno.EPERM, errno.EROFS)
_TOO_LONG = (errno.ENAMETOOLONG,)

MOST_BYTES = 64 << 20
"""Of a record that is read whole, such as a config or a run's rows."""


@contextlib.contextmanager
def explained(folder: Path, elsewhere: str) -> Iterator[None]:
    """Turns a failure to write below `folder` into a `UserError` that says what to do.

    `elsewhere` is the flag that names another place. The failure is known by its errno, or by its
    text where a library hides the errno in another exception.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        place = printable(getattr(error, "filename", None) or folder)
        if _is(error, _FULL):
            again = (
                "free some and run the same command again, which resumes from the last checkpoint"
                if elsewhere == "--workdir"
                else f"free some, or give another {elsewhere}"
            )
            raise UserError(
                f"There is no space left to write to {printable(folder)}; {again}."
            ) from error
        if _is(error, _CLOSED):
            raise UserError(f"{place} cannot be written to; give another {elsewhere}.") from error
        if isinstance(error, FileExistsError | NotADirectoryError):
            raise UserError(f"{place} is a file; give another {elsewhere}.") from error
        if _is(error, _TOO_LONG):
            raise UserError(
                f"The name {place[:60]}... is too long for this file system; give a shorter "
                f"{elsewhere}."
            ) from error
        raise


def _is(error: Exception, codes: tuple[int, ...]) -> bool:
    texts = [os.strerror(code) for code in codes]
    return getattr(error, "errno", None) in codes or any(text in str(error) for text in texts)


def folder(root: Path, *parts: str) -> Path:
    """The folder `root`/parts, made where it is missing.

    Raises `UserError` where a part is a link, which could lead what is written anywhere.
    """
    root.mkdir(parents=True, exist_ok=True)
    for part in parts:
        root = root / part
        with contextlib.suppress(FileExistsError):
            root.mkdir()
        if not stat.S_ISDIR(root.lstat().st_mode):
            raise UserError(
                f"{printable(root)} is not a folder of its own but a link or a file, and nothing "
                "is written through it; move it away."
            )
    return root


@contextlib.contextmanager
def whole(path: Path) -> Iterator[IO[bytes]]:
    """A file to write, which is there whole at the end or, after any interruption, as it was.

    A link in its place is replaced, not followed.
    """
    partial = path.with_name(f".{path.name[:100]}.{secrets.token_hex(8)}.partial")
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        with os.fdopen(os.open(partial, flags, 0o666), "w+b") as file:
            yield file
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def write_whole(path: Path, content: bytes) -> None:
    """`whole`, of this content."""
    with whole(path) as file:
        file.write(content)


def check_writes(folder: Path) -> None:
    """Raises `OSError` where no file can be made in a folder, before there is work to lose."""
    with tempfile.TemporaryFile(dir=folder):
        pass


def sweep(folder: Path) -> None:
    """Removes what `write_whole` left in a folder when it was killed."""
    for path in folder.glob(".*.partial"):
        if path.is_file() or path.is_symlink():
            path.unlink(missing_ok=True)


def files(folder: Path) -> Iterator[Path]:
    """All files in a folder and below it; what another process removes meanwhile is passed over."""
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            with contextlib.suppress(OSError):
                if path.is_file():
                    yield path


def open_own(path: Path, flags: int) -> int:
    """A descriptor of a file of our own, made where it is missing; never one behind a link."""
    return os.open(path, flags | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)


def read(path: Path, most_bytes: int = MOST_BYTES) -> bytes:
    """The content of a file.

    Raises `OSError` for what is no regular file (a pipe, a device, a link), and for more than
    `most_bytes`.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with os.fdopen(os.open(path, flags), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "It is no regular file", str(path))
        if status.st_size > most_bytes:
            raise OSError(errno.EINVAL, f"It has more than {most_bytes} bytes", str(path))
        return file.read()


def to_json(value: Any, indent: int | None = None) -> str:
    """Strict JSON of plain values: what is not finite, which JSON has not, becomes null."""
    return json.dumps(_finite(value), indent=indent, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    is_number = isinstance(value, float)
    return None if is_number and value - value != 0 else value
