"""Pictures as part of a page: at the size of their own pixels, and never more than is bearable."""

import base64
import io
import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from PIL import Image

from gan_jax.data.pictures import opened
from gan_jax.system import disk

Item = TypeVar("Item")
MOST_PIXELS = 64_000_000
"""Of a picture of a run; larger ones are none of ours."""


class Embedded(NamedTuple):
    """A picture as a data URI."""

    uri: str
    width: int  # pixels of the file, which is the size to show it at
    height: int
    native: int  # pixels of `width` before the file's own enlargement
    reduced: bool  # whether the file has more of the picture


class Album:
    """Embeds pictures until `most_bytes` of a page are used."""

    def __init__(self, most_bytes: int):
        self._left = most_bytes

    def embed(self, path: Path, side: int = 0) -> Embedded | None:
        """What `read` makes of a file; None where it is damaged or there is no room for it."""
        return next(iter(self.together([path], side)), None)

    def together(self, paths: Sequence[Path], side: int = 0) -> list[Embedded]:
        """`embed` for all of the files or for none, if one of them cannot be embedded."""
        pictures = [picture for path in paths if (picture := read(path, side))]
        size = bytes_of(pictures)
        if len(pictures) < len(paths) or size > self._left:
            return []
        self._left -= size
        return pictures

    def embed_all(self, paths: Iterable[Path], side: int) -> dict[Path, Embedded]:
        """Those of the files that there is room for, the first ones first. Each is whole where the
        later ones then still fit, reduced to `side` pixels."""
        whole = {path: picture for path in paths if (picture := read(path))}
        small, embedded = whole, {}
        if bytes_of(whole.values()) > self._left:
            both = {path: (picture, read(path, side) or picture) for path, picture in whole.items()}
            small = {path: min(pair, key=lambda each: len(each.uri)) for path, pair in both.items()}
        later = bytes_of(small.values())
        for path, picture in whole.items():
            later -= len(small[path].uri)
            chosen = picture if len(picture.uri) <= self._left - later else small[path]
            if len(chosen.uri) <= self._left:
                embedded[path] = chosen
                self._left -= len(chosen.uri)
        return embedded


def bytes_of(pictures: Iterable[Embedded]) -> int:
    """Of a page that the pictures take."""
    return sum(len(picture.uri) for picture in pictures)


def read(path: Path, side: int = 0) -> Embedded | None:
    """The PNG or GIF in a file; None where it is damaged.

    Pixels that were enlarged to blocks are embedded once each. Where `side` is given, a PNG larger
    than so many pixels is reduced to them and is a WebP, which loses a little; any other is one
    where that is smaller.
    """
    try:
        return _read(path, side)
    except (OSError, ValueError, SyntaxError):  # what PIL raises
        return None


def _read(path: Path, side: int) -> Embedded:
    content = disk.read(path)
    with opened(io.BytesIO(content), MOST_PIXELS) as image:
        (width, height), kind = image.size, (image.format or "png").lower()
        scale, reduced = 1, False
        if kind == "png" and image.mode in ("L", "RGB", "RGBA"):
            scale = enlargement(np.asarray(image))
            small = image.resize((width // scale, height // scale), Image.Resampling.NEAREST)
            cut = bool(side) and max(small.size) > side
            if cut:
                small.thumbnail((side, side), Image.Resampling.LANCZOS)
                (width, height), scale = small.size, 1
            if small.size != image.size:
                content = _encoded(small, "png")
            packed = _encoded(small, "webp") if side else content
            reduced = cut or len(packed) < len(content)
            content, kind = (packed, "webp") if reduced else (content, kind)
    encoded = base64.b64encode(content).decode()
    return Embedded(f"data:image/{kind};base64,{encoded}", width, height, width // scale, reduced)


def enlargement(pixels: np.ndarray) -> int:
    """The side of the square blocks of equal pixels that an image [h, w, ...] consists of."""
    changes = []
    for axis in (0, 1):
        lines = np.moveaxis(pixels, axis, 0).reshape(pixels.shape[axis], -1)
        changes += [int(i) + 1 for i in np.flatnonzero((lines[1:] != lines[:-1]).any(axis=1))]
    return math.gcd(*pixels.shape[:2], *changes)


def spread(items: list[Item], most: int) -> list[Item]:
    """At most `most` >= 2 of the items, evenly spread, the first and the last among them."""
    if len(items) <= most:
        return items
    return [items[round(i * (len(items) - 1) / (most - 1))] for i in range(most)]


def _encoded(image: Image.Image, kind: str) -> bytes:
    content = io.BytesIO()
    image.save(content, kind, quality=90)  # which PNG ignores
    return content.getvalue()
