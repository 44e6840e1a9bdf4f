"""Pictures as part of a page: at the size of their own pixels, and never more than is bearable."""

import base64
import io
import math
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from PIL import Image

Item = TypeVar("Item")


class Embedded(NamedTuple):
    """A picture as a data URI."""

    uri: str
    width: int  # pixels of the file, which is the size to show it at
    height: int
    native: int  # pixels of `width` before the file's own enlargement


class Album:
    """Embeds pictures until `most_bytes` of a page are used."""

    def __init__(self, most_bytes: int):
        self._left = most_bytes

    def embed(self, path: Path, thumbnail: int = 0) -> Embedded | None:
        """A PNG or GIF, reduced to at most `thumbnail` pixels a side where that is given.

        None where it cannot be read or there is no room for it.
        """
        try:
            picture = read(path, thumbnail)
        except (OSError, ValueError, SyntaxError):  # what PIL raises for damaged files
            return None
        if len(picture.uri) > self._left:
            return None
        self._left -= len(picture.uri)
        return picture


def read(path: Path, thumbnail: int = 0) -> Embedded:
    """The picture in a file. Pixels that were enlarged to blocks are embedded once each."""
    content = path.read_bytes()
    with Image.open(io.BytesIO(content)) as image:
        (width, height), kind = image.size, (image.format or "png").lower()
        scale = 1
        if kind == "png" and image.mode in ("L", "RGB", "RGBA"):
            scale = enlargement(np.asarray(image))
            small = image.resize((width // scale, height // scale), Image.Resampling.NEAREST)
            if thumbnail and max(small.size) > thumbnail:
                small.thumbnail((thumbnail, thumbnail), Image.Resampling.LANCZOS)
                (width, height), scale = small.size, 1
            if small.size != image.size:
                content = _png(small)
    encoded = base64.b64encode(content).decode()
    return Embedded(f"data:image/{kind};base64,{encoded}", width, height, width // scale)


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


def _png(image: Image.Image) -> bytes:
    content = io.BytesIO()
    image.save(content, "PNG")
    return content.getvalue()
