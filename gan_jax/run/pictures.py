"""Pictures as PNG files."""

from pathlib import Path

import numpy as np

from gan_jax.data import sheets
from gan_jax.system.disk import write_whole

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
"""Okabe and Ito's, which colour-blind people tell apart."""


def write_png(path: Path, image: np.ndarray, scale: int = 1) -> None:
    """A uint8 image [h, w, 1 or 3] as a PNG, each pixel `scale` pixels wide; gray stays gray."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, sheets.png(image, scale))
