"""Any picture that Pillow reads by itself, as a uint8 array of one shape."""

import contextlib
import functools
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np
from PIL import Image, ImageOps

MOST_PIXELS = 178_956_970
"""Of a picture that is opened: where Pillow by itself would refuse one."""
KINDS = (
    *("AVIF", "BMP", "DDS", "DIB", "GIF", "ICNS", "ICO", "IM", "JPEG", "JPEG2000", "MPO", "MSP"),
    *("PCX", "PNG", "PPM", "PSD", "QOI", "SGI", "TGA", "TIFF", "WEBP", "XBM", "XPM"),
)
"""Formats that are pixels and no programs: EPS, for one, would start Ghostscript."""


@contextlib.contextmanager
def opened(file: str | Path | IO[bytes], most_pixels: int = MOST_PIXELS) -> Iterator[Image.Image]:
    """The picture in a file. Raises what Pillow does, and `ValueError` for too many pixels.

    A damaged EXIF block, which does not harm the pixels, is passed over in silence.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            picture = Image.open(file, formats=_kinds())
        except Image.DecompressionBombError as error:
            raise ValueError(_too_large(MOST_PIXELS)) from error
        with picture:
            if picture.width * picture.height > most_pixels:
                raise ValueError(_too_large(most_pixels))
            yield picture


@functools.cache
def _kinds() -> tuple[str, ...]:
    Image.init()
    return tuple(kind for kind in KINDS if kind in Image.OPEN)


def _too_large(most_pixels: int) -> str:
    return f"larger than {most_pixels // 1_000_000} megapixels"


def fit(
    picture: Image.Image, height: int, width: int, channels: int, crop: tuple[int, ...] = ()
) -> np.ndarray:
    """A picture of any size and mode as uint8 [height, width, channels].

    It is turned upright by its EXIF tag, brought to gray (`channels=1`) or RGB with transparency
    over white, or to RGBA that keeps it (`channels=4`), cropped around its centre (to `crop`, a
    height and a width, where given; then to the largest part with our aspect ratio, so that nothing
    is stretched) and resized with antialiasing.
    """
    picture = _colours(ImageOps.exif_transpose(picture), {1: "L", 4: "RGBA"}.get(channels, "RGB"))
    if crop:
        picture = _centre(picture, *crop)
    scale = min(picture.height / height, picture.width / width)
    left, top = (picture.width - width * scale) / 2, (picture.height - height * scale) / 2
    box = (left, top, left + width * scale, top + height * scale)
    if box != (0, 0, width, height) or picture.size != (width, height):
        picture = picture.resize((width, height), Image.Resampling.LANCZOS, box=box)
    return np.asarray(picture, np.uint8).reshape(height, width, channels)


def _centre(picture: Image.Image, height: int, width: int) -> Image.Image:
    height, width = min(height, picture.height), min(width, picture.width)
    left, top = (picture.width - width) // 2, (picture.height - height) // 2
    return picture.crop((left, top, left + width, top + height))


def _colours(picture: Image.Image, mode: str) -> Image.Image:
    if picture.mode.startswith("I") or picture.mode == "F":
        picture = _eight_bit(picture)
    if mode == "RGBA":
        return picture.convert(mode)
    if picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, picture)
    return picture.convert(mode)


def _eight_bit(picture: Image.Image) -> Image.Image:
    # Pillow clips 16-bit and float pictures when it converts them; their range is kept instead.
    values = np.asarray(picture, np.float64)
    if picture.mode.startswith("I;16") or values.max(initial=0) > 255:
        values = values / 257
    elif picture.mode == "F" and values.max(initial=0) <= 1:
        values = values * 255
    return Image.fromarray(np.clip(np.round(values), 0, 255).astype(np.uint8))
