"""Names of files, which may hold any byte, as text that any terminal and page can bear."""

import os
import re
from pathlib import Path

from gan_jax.errors import UserError


def printable(name: str | Path) -> str:
    """A name as text in one line.

    Bytes that are not UTF-8 become `\\xfc`, and signs that control a terminal or the direction of
    writing become `\\n`, `\\u202e` and so on.
    """
    try:
        raw = str(name).encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # no name of a file
        raw = str(name).encode("utf-8", "backslashreplace")
    text = raw.decode("utf-8", "backslashreplace")
    return "".join(
        sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in text
    )


def expanded(path: str | Path) -> Path:
    """A path that a user typed, with `~` replaced. Raises `UserError` where there is no home."""
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise UserError(
            f"{printable(path)} is in a home folder, and this user has none; write the whole path."
        ) from error


def absolute(path: str | Path) -> str:
    """`expanded` from the root on, so that it means the same from any directory; links stay."""
    return os.path.abspath(expanded(path))


def natural(name: str) -> list[tuple[bool, int, str]]:
    """A key that sorts names as people count: `seed_2` before `seed_10`."""
    return [_natural(part) for part in re.findall(r"\d+|\D+", name)]


def _natural(part: str) -> tuple[bool, int, str]:
    digits = part.lstrip("0")  # which may be more than an int can be read from
    return (False, len(digits), digits) if part.isdecimal() else (True, 0, part)
