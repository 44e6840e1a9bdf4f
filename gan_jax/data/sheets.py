"""Many examples as one picture, and a picture as a file."""

import io
import math

import numpy as np
from PIL import Image, ImageDraw

LINE_PIXELS = 2
"""Between the images of a grid."""
PLANE_PIXELS, DOT_PIXELS, DOT = 384, 3, "#0072B2"
"""A side of a scatter, which shows [-1, 1], and the diameter and the colour of a dot."""


def scatter(points: np.ndarray) -> np.ndarray:
    """Points [n, 2] of [-1, 1]^2 as dots on white, uint8 [384, 384, 3]; y points up."""
    finer = 4  # drawn this much larger and reduced, which smooths the dots
    side, radius = PLANE_PIXELS * finer, DOT_PIXELS * finer / 2
    plane = Image.new("RGB", (side, side), "white")
    draw = ImageDraw.Draw(plane)
    draw.line([(side / 2, 0), (side / 2, side)], fill="#DDDDDD", width=finer)
    draw.line([(0, side / 2), (side, side / 2)], fill="#DDDDDD", width=finer)
    for x, y in (points * (1, -1) + 1) * (side / 2):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=DOT)
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


def legible(height: int, width: int) -> int:
    """By how much to enlarge small images so that a person sees them."""
    return max(1, round(96 / max(height, width)))


def png(image: np.ndarray, scale: int = 1) -> bytes:
    """A uint8 image [h, w, 1, 3 or 4] as a PNG, each pixel `scale` pixels wide; gray stays gray."""
    image = image.repeat(scale, axis=0).repeat(scale, axis=1)
    image = image[:, :, 0] if image.shape[-1] == 1 else image
    content = io.BytesIO()
    Image.fromarray(image).save(content, "PNG")
    return content.getvalue()
