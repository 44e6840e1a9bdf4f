"""Sheets of images with titles and labels, and animations of them.

Pillow draws them, each pixel of an image as a square of whole pixels: nothing is resampled.
"""

import functools
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from gan_jax.data.sheets import legible
from gan_jax.system.disk import write_whole

INK, PALE = "#111111", "#5f5f5f"
TITLE, TEXT, SMALL, SIGN = 18, 13, 11, 34  # sizes of letters
MARGIN, LINE, BREAK, BETWEEN = 18, 3, 14, 34  # around all, between images, bands and panels
WIDTH, LEAST_WIDTH = 1200, 400
"""Images are enlarged as far as they fit into WIDTH; text is wrapped at no less than the other."""


class Panel(NamedTuple):
    """A table of images."""

    images: np.ndarray  # uint8 [rows, columns, h, w, 1, 3 or 4]
    title: str = ""
    rows: Sequence[str] = ()  # what stands left of each row
    columns: Sequence[str] = ()  # above each column
    captions: Sequence[str] = ()  # below each image, row by row
    breaks: Sequence[int] = ()  # the rows that stand apart from the one above
    sign: str = ""  # between the panel before and this one, such as +
    gap: int = LINE  # pixels between the images


def sheet(panels: Sequence[Panel], title: str, note: str = "", scale: int = 0) -> np.ndarray:
    """Panels from left to right under a title and a note: uint8 [H, W, c], gray if the images are.

    `scale` is by how much the images are enlarged; 0 makes them large enough to be seen.
    """
    scale = scale or _fitting(panels)
    widths, heights = zip(*(_size(panel, scale) for panel in panels), strict=True)
    gaps = [BETWEEN * (2 if panel.sign else 1) for panel in panels]
    gaps[0] = 0
    inner = max(LEAST_WIDTH, sum(widths) + sum(gaps))
    title_lines, note_lines = _wrapped(title, TITLE, inner), _wrapped(note, TEXT, inner)
    top = MARGIN + _line(TITLE) * len(title_lines) + _line(TEXT) * len(note_lines) + MARGIN // 2
    mode = "L" if panels[0].images.shape[-1] == 1 else "RGB"
    canvas = Image.new(mode, (inner + 2 * MARGIN, top + max(heights) + MARGIN), "white")
    draw = ImageDraw.Draw(canvas)
    y = MARGIN
    for lines, size, colour in ((title_lines, TITLE, INK), (note_lines, TEXT, PALE)):
        for line in lines:
            draw.text((MARGIN, y), line, colour, _font(size))
            y += _line(size)
    x = MARGIN
    for panel, width, height, gap in zip(panels, widths, heights, gaps, strict=True):
        middle = top + max(heights) // 2
        if panel.sign:
            draw.text((x + gap // 2, middle), panel.sign, INK, _font(SIGN), anchor="mm")
        _draw(canvas, draw, panel, scale, x + gap, middle - height // 2)
        x += gap + width
    drawn = np.asarray(canvas)
    return drawn[:, :, None] if mode == "L" else drawn


def table(images: np.ndarray, columns: int) -> np.ndarray:
    """Images [n, h, w, c] as [rows, columns, h, w, c], with white ones after the last."""
    rows = math.ceil(len(images) / columns)
    white = np.full((rows * columns, *images.shape[1:]), 255, np.uint8)
    white[: len(images)] = images
    return white.reshape(rows, columns, *images.shape[1:])


def there_and_back(count: int) -> list[int]:
    """The frames 0 to count - 1 and back again, for an animation that repeats without a jump."""
    return [*range(count), *range(count - 2, 0, -1)]


def write_gif(path: Path, frames: Sequence[np.ndarray], milliseconds: int) -> None:
    """Sheets [h, w, c] of one size as an animation without end; grays are exact, colours of 256."""
    images = [_indexed(frame) for frame in frames]
    content = io.BytesIO()
    images[0].save(
        content,
        "GIF",
        save_all=True,
        append_images=images[1:],
        duration=milliseconds,
        loop=0,
    )
    write_whole(path, content.getvalue())


def _indexed(frame: np.ndarray) -> Image.Image:
    if frame.shape[-1] == 1:
        return Image.fromarray(frame[:, :, 0])
    return Image.fromarray(frame).quantize(256)  # dithering would make the file half as large again


def _fitting(panels: Sequence[Panel]) -> int:
    _, _, _, width, _ = panels[0].images.shape
    columns = sum(panel.images.shape[1] for panel in panels)
    return max(1, min(legible(*panels[0].images.shape[2:4]), WIDTH // (columns * width)))


@functools.cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    """DejaVu, which has most scripts and is what matplotlib writes the curves in."""
    import matplotlib

    return ImageFont.truetype(Path(matplotlib.get_data_path(), "fonts/ttf/DejaVuSans.ttf"), size)


def _line(size: int) -> int:
    return round(size * 1.35)


def _length(text: str, size: int) -> int:
    return round(_font(size).getlength(text))


def _wrapped(text: str, size: int, width: int) -> list[str]:
    lines: list[str] = []
    for word in text.split():
        if lines and _length(f"{lines[-1]} {word}", size) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _left(panel: Panel) -> int:
    return max((_length(text, SMALL) for text in panel.rows), default=-8) + 8


def _above(panel: Panel) -> int:
    return _line(TEXT) * bool(panel.title) + _line(SMALL) * bool(panel.columns)


def _cell(panel: Panel, scale: int) -> tuple[int, int]:
    """Width and height of an image with the text around it: no text reaches into the next cell."""
    _, _, height, width, _ = panel.images.shape
    widest = max(
        (_length(f"{text} ", SMALL) for text in (*panel.columns, *panel.captions)), default=0
    )
    return max(width * scale, widest), height * scale + _line(SMALL) * bool(panel.captions)


def _corner(panel: Panel, cell: tuple[int, int], row: int, column: int) -> tuple[int, int]:
    """Where a cell begins in its panel, x and y."""
    width, height = cell
    apart = BREAK * sum(at <= row for at in panel.breaks)
    x = _left(panel) + column * (width + panel.gap)
    return x, _above(panel) + row * (height + panel.gap) + apart


def _size(panel: Panel, scale: int) -> tuple[int, int]:
    rows, columns, *_ = panel.images.shape
    x, y = _corner(panel, _cell(panel, scale), rows, columns)
    return max(x - panel.gap, _length(panel.title, TEXT)), y - panel.gap


def _draw(canvas: Image.Image, draw: ImageDraw.ImageDraw, panel: Panel, scale: int, left, top):
    rows, columns, height, width, channels = panel.images.shape
    edge, cell = left + _left(panel), _cell(panel, scale)
    middle = cell[0] // 2
    draw.text((edge, top), panel.title, INK, _font(TEXT))
    for column, text in enumerate(panel.columns):
        x = left + _corner(panel, cell, 0, column)[0] + middle
        draw.text((x, top + _above(panel) - 4), text, PALE, _font(SMALL), anchor="ms")
    for row, text in enumerate(panel.rows):
        y = top + _corner(panel, cell, row, 0)[1] + height * scale // 2
        draw.text((edge - 8, y), text, PALE, _font(SMALL), anchor="rm")
    for row in range(rows):
        for column in range(columns):
            x, y = _corner(panel, cell, row, column)
            pixels = panel.images[row, column].repeat(scale, axis=0).repeat(scale, axis=1)
            tile = Image.fromarray(pixels[:, :, 0] if channels == 1 else pixels)
            at = (left + x + middle - width * scale // 2, top + y)
            canvas.paste(tile, at, tile if channels == 4 else None)  # which the white shows through
    for number, text in enumerate(panel.captions):
        x, y = _corner(panel, cell, *divmod(number, columns))
        at = (left + x + middle, top + y + height * scale + 2)
        draw.text(at, text, PALE, _font(SMALL), anchor="ma")
