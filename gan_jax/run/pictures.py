"""Grids of images, scatters of points and curves, as PNG files."""

import io
import math
import re
from collections.abc import Iterable, Mapping
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


PANELS = {
    "losses": "loss",
    "reconstruction": "reconstruction",
    "KL divergence": "kl",
    "probabilities": "prob",
    "logits of D": "logit",
    "gradient norms": "grad_norm",
}
"""Panels of the curves: a title and the word in the names of the metrics it shows."""
LINES = ("-", "--", ":", "-.")


def panels(names: Iterable[str], words: Mapping[str, str] = PANELS) -> dict[str, list[str]]:
    """The metrics that each panel shows, by its title; those that none shows are left out.

    The metrics of a pyramid's level, whose names end in its height, have panels of their own.
    """
    shown: dict[str, list[str]] = {}
    left = list(names)
    for title, word in words.items():
        for name in sorted((n for n in left if f"_{word}_" in f"_{n}_"), key=_height):
            at = f" at height {_height(name)}" if _height(name) else ""
            shown.setdefault(title + at, []).append(name)
            left.remove(name)
    return shown


def _height(name: str) -> int:
    """That of the pyramid's level that a metric belongs to; 0 for none."""
    found = re.search(r"_(\d+)$", name)
    return int(found[1]) if found else 0


def looks(names: list[str]) -> list[tuple[str, int]]:
    """The colour and the number of the line of each metric of a panel.

    A metric of the evaluation has the colour of the training metric it goes with, and another line,
    and so have metrics beyond the sixth colour.
    """
    bases = list(dict.fromkeys(name.removeprefix("eval_") for name in names))
    found = []
    for name in names:
        base = name.removeprefix("eval_")
        turn, colour = divmod(bases.index(base), len(COLOURS))
        paired = name != base and base in names
        found.append((COLOURS[colour], (2 * turn + paired) % len(LINES)))
    return found


def write_curves(path: Path, rows: list[dict[str, float]]) -> None:
    """The metrics of a run over its steps, a panel for each of `PANELS` that has any."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    shown = panels(dict.fromkeys(name for row in rows for name in row))
    if not shown:
        return
    figure = Figure(figsize=(9, 2.6 * len(shown)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(len(shown), 1, sharex=True, squeeze=False)[:, 0]
    for axis, (title, names) in zip(axes, shown.items(), strict=True):
        for name, (colour, line) in zip(names, looks(names), strict=True):
            points = [(row["step"], row[name]) for row in rows if name in row]
            look = {"color": colour, "linestyle": LINES[line], "linewidth": 1.2}
            axis.plot(*zip(*points, strict=True), label=name, **look)
        axis.set_title(title, loc="left", fontsize=10)
        axis.grid(alpha=0.3)
        axis.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False, fontsize=9)
    axes[-1].set_xlabel("step")
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=110)
    write_whole(path, content.getvalue())
