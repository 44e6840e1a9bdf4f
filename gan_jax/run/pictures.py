"""Grids of images and scatters of points, as PNG files."""

import io
import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from gan_jax.system.disk import write_whole

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's, which colour-blind people tell apart."""
LINE_PIXELS = 2
"""Between the images of a grid."""
PLANE_PIXELS, DOT_PIXELS = 384, 3
"""A side of a scatter, which shows [-1, 1], and the diameter of a dot."""


def sheet(images: np.ndarray) -> tuple[np.ndarray, int]:
    """All of some images [n, h, w, c] as one, uint8 [H, W, c], and by how much to enlarge it.

    Images lie in a grid; points, which are float32 [n, 1, 1, 2], in the plane.
    """
    if images.shape[1:] == (1, 1, 2):
        return scatter(images.reshape(-1, 2)), 1
    return grid(images), legible(images)


def scatter(points: np.ndarray) -> np.ndarray:
    """Points [n, 2] of [-1, 1]^2 as dots on white, uint8 [384, 384, 3]; y points up."""
    finer = 4  # drawn this much larger and reduced, which smooths the dots
    side, radius = PLANE_PIXELS * finer, DOT_PIXELS * finer / 2
    plane = Image.new("RGB", (side, side), "white")
    draw = ImageDraw.Draw(plane)
    draw.line([(side / 2, 0), (side / 2, side)], fill="#DDDDDD", width=finer)
    draw.line([(0, side / 2), (side, side / 2)], fill="#DDDDDD", width=finer)
    for x, y in (points * (1, -1) + 1) * (side / 2):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=COLOURS[0])
    return np.asarray(plane.reduce(finer))


def grid(images: np.ndarray, columns: int = 0) -> np.ndarray:
    """uint8 images [n, h, w, c] side by side as one [H, W, c]; near a square unless told."""
    count, height, width, channels = images.shape
    columns = columns or math.ceil(math.sqrt(count))
    rows = math.ceil(count / columns)
    white = np.full((rows * columns, height, width, channels), 255, np.uint8)
    white[:count] = images
    line = LINE_PIXELS
    padded = np.pad(white, ((0, 0), (0, line), (0, line), (0, 0)), constant_values=255)
    tiled = padded.reshape(rows, columns, height + line, width + line, channels)
    tiled = tiled.swapaxes(1, 2).reshape(rows * (height + line), columns * (width + line), channels)
    return tiled[:-line, :-line]


def write_png(path: Path, image: np.ndarray, scale: int = 1) -> None:
    """A uint8 image [h, w, 1 or 3] as a PNG, each pixel `scale` pixels wide; gray stays gray."""
    image = image.repeat(scale, axis=0).repeat(scale, axis=1)
    image = image[:, :, 0] if image.shape[-1] == 1 else image
    content = io.BytesIO()
    Image.fromarray(image).save(content, "PNG")
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content.getvalue())


def legible(images: np.ndarray) -> int:
    """By how much to enlarge small images so that a person sees them."""
    return max(1, round(96 / max(images.shape[1:3])))
