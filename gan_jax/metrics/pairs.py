"""How near made pictures are to the ones that they were to be, pair by pair.

Pictures are uint8 [n, h, w, c] all through, and every score is one number a pair, [n].
"""

import numpy as np

from gan_jax.data.conditions import LUMA
from gan_jax.metrics.similarity import ssim as similarity

MOST_PSNR = 100.0
"""Of equal pictures, in dB, so that a mean over pairs is finite."""


def psnr(made: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The peak signal-to-noise ratio [n], 10 log10(255^2 / MSE) over all channels, in dB."""
    errors = (_levels(made) - _levels(target)) ** 2
    ratio = 255**2 / np.maximum(errors.mean(axis=(1, 2, 3)), 1e-12)
    return np.minimum(10 * np.log10(ratio), MOST_PSNR)


def ssim(made: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The structural similarity [n] of the luma, 1 for equal pictures (Wang et al. 2004, IEEE TIP
    13(4), Gaussian windows of 11 pixels that lie within the picture)."""
    return similarity(luma(made)[..., None], luma(target)[..., None])


def l1(made: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The mean absolute difference [n], in levels of 0 to 255."""
    return np.abs(_levels(made) - _levels(target)).mean(axis=(1, 2, 3))


def chroma(made: np.ndarray, target: np.ndarray) -> np.ndarray:
    """The mean absolute difference [n] of Cb and Cr (ITU-R BT.601), in levels."""
    return np.abs(_chroma(made) - _chroma(target)).mean(axis=(1, 2, 3))


def sharpness(pictures: np.ndarray) -> np.ndarray:
    """The mean absolute Laplacian [n] of the luma, over its inner pixels, in levels."""
    y = luma(pictures)
    around = y[:, :-2, 1:-1] + y[:, 2:, 1:-1] + y[:, 1:-1, :-2] + y[:, 1:-1, 2:]
    return np.abs(around - 4 * y[:, 1:-1, 1:-1]).mean(axis=(1, 2))


def colourfulness(pictures: np.ndarray) -> np.ndarray:
    """Hasler and Suesstrunk's measure M [n] (2003, SPIE 5007, section 4): 0 of gray pictures."""
    red, green, blue = np.moveaxis(_levels(pictures), -1, 0)
    axes = np.stack([red - green, (red + green) / 2 - blue])
    spread, mean = axes.std(axis=(2, 3)), axes.mean(axis=(2, 3))
    return np.hypot(*spread) + 0.3 * np.hypot(*mean)


def scores(made: np.ndarray, target: np.ndarray) -> dict[str, float]:
    """The means over pairs [n]; of gray pictures those of colours are left out."""
    found = {
        "psnr": psnr(made, target),
        "ssim": ssim(made, target),
        "l1": l1(made, target),
        "sharpness": sharpness(made),
    }
    if made.shape[-1] == 3:
        found |= {"chroma": chroma(made, target), "colourfulness": colourfulness(made)}
    return {name: float(values.mean()) for name, values in found.items()}


def by_change(made: np.ndarray, target: np.ndarray, source: np.ndarray) -> dict[str, float]:
    """The mean absolute difference from the target, in levels, over the pixels of all pairs
    [n, h, w, c] in which the source differs from it (`l1_changed`), and over all others
    (`l1_kept`); without such pixels it is left out."""
    errors = np.abs(_levels(made) - _levels(target)).mean(axis=-1)
    changed = (source != target).any(axis=-1)
    parts = {"l1_changed": errors[changed], "l1_kept": errors[~changed]}
    return {name: float(values.mean()) for name, values in parts.items() if values.size}


def luma(pictures: np.ndarray) -> np.ndarray:
    """The brightness [n, h, w] of pictures, in levels; alpha is left out."""
    x = _levels(pictures)
    return x[..., 0] if x.shape[-1] < 3 else x[..., :3] @ np.array(LUMA)


def _chroma(pictures: np.ndarray) -> np.ndarray:
    x, y = _levels(pictures), luma(pictures)
    return np.stack([(x[..., 2] - y) / 1.772, (x[..., 0] - y) / 1.402], axis=-1)


def _levels(pictures: np.ndarray) -> np.ndarray:
    return pictures.astype(np.float64)
