"""What pictures are made of source pictures without learning: what a network has to beat.

Pictures are uint8 [n, h, w, c] all through.
"""

from collections.abc import Mapping

import numpy as np
from PIL import Image

from gan_jax.data.conditions import Given, Gray, Masked, Small

FILTERS = ("bilinear", "bicubic", "lanczos")
SWEEPS = 2_000
"""Of the relaxation that fills a gap; on 32x32 it is at rest after some hundred."""


def answers(given: Given, sources: np.ndarray, shape: tuple[int, ...]) -> Mapping[str, np.ndarray]:
    """Pictures of the shape [h, w, c] for source pictures, by what they are called."""
    found = {"source": as_target(sources, shape)}
    if isinstance(given, Small):
        del found["source"]
        found["nearest"] = as_target(sources, shape)
        found |= {name: _resized(sources, shape, name) for name in FILTERS}
    if isinstance(given, Gray):
        found = {"gray": found["source"]}
    if isinstance(given, Masked):
        gap = given.gap(shape[:2])
        found = {
            "mean": _filled_by_mean(sources, gap),
            "harmonic": _harmonic(_filled_by_mean(sources, gap), gap),
        }
    return found


def as_target(sources: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Source pictures at the sides and with the channels of a shape [h, w, c], by their nearest
    pixels."""
    down, across = (np.arange(shape[i]) * sources.shape[i + 1] // shape[i] for i in (0, 1))
    pictures = sources[:, down][:, :, across]
    if pictures.shape[-1] == shape[-1]:
        return pictures
    return np.repeat(pictures[..., :1], shape[-1], axis=-1)


def _resized(sources: np.ndarray, shape: tuple[int, ...], name: str) -> np.ndarray:
    height, width, channels = shape
    method = Image.Resampling[name.upper()]
    made = [
        Image.fromarray(picture[..., 0] if channels == 1 else picture).resize(
            (width, height), method
        )
        for picture in sources
    ]
    return np.stack([np.asarray(picture).reshape(shape) for picture in made])


def _filled_by_mean(sources: np.ndarray, gap: tuple[slice, slice]) -> np.ndarray:
    """The gap in the mean colour of what is around it."""
    known = np.ones(sources.shape[1:3], bool)
    known[gap] = False
    filled = sources.copy()
    mean = sources[:, known].mean(axis=1)
    filled[:, *gap] = np.round(mean)[:, None, None]
    return filled


def _harmonic(filled: np.ndarray, gap: tuple[slice, slice]) -> np.ndarray:
    """The gap by the mean of the four neighbours of each pixel, Laplace's equation."""
    x = np.pad(filled.astype(np.float64), ((0, 0), (1, 1), (1, 1), (0, 0)), mode="edge")
    rows, columns = (slice(part.start + 1, part.stop + 1) for part in gap)

    def moved(part: slice, by: int) -> slice:
        return slice(part.start + by, part.stop + by)

    for _ in range(SWEEPS):
        x[:, rows, columns] = (
            x[:, moved(rows, -1), columns]
            + x[:, moved(rows, 1), columns]
            + x[:, rows, moved(columns, -1)]
            + x[:, rows, moved(columns, 1)]
        ) / 4
    return np.round(x[:, 1:-1, 1:-1]).astype(np.uint8)
