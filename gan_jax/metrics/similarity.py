"""How varied images or features are among themselves, without any reference."""

import numpy as np

from gan_jax.errors import UserError
from gan_jax.metrics import checks
from gan_jax.metrics.distances import row_blocks
from gan_jax.system import linalg

_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
_WINDOW, _SPREAD = 11, 1.5
_LUMINANCE, _CONTRAST = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def ms_ssim(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The multi-scale structural similarity [n] of images [n, h, w, c] in [0, 255], 1 for equal
    ones (Wang, Simoncelli and Bovik 2003, Asilomar).

    Five scales, with means over 2x2 pixels between them; the channels' values are averaged. A
    window never exceeds the image, so that small images have a value.
    """
    x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
    product = np.ones((len(x), x.shape[3]))
    for scale, weight in enumerate(_WEIGHTS):
        if scale:
            x, y = _halved(x), _halved(y)
        whole, structure = _ssim(x, y)
        last = scale == len(_WEIGHTS) - 1
        product *= np.maximum(whole if last else structure, 0) ** weight
    return product.mean(axis=1)


def ssim(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The structural similarity [n] of images [n, h, w, c] in [0, 255], 1 for equal ones (Wang et
    al. 2004, IEEE TIP 13(4)); the channels' values are averaged."""
    return _ssim(np.asarray(x, np.float64), np.asarray(y, np.float64))[0].mean(axis=1)


def _ssim(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The similarity [n, c], and its part that is of contrast and structure."""
    rows, columns = (_windows(side) for side in x.shape[1:3])

    def local(z: np.ndarray) -> np.ndarray:
        return np.einsum("ih,nhwc,jw->nijc", rows, z, columns, optimize=True)

    mean_x, mean_y = local(x), local(y)
    var_x, var_y = local(x * x) - mean_x**2, local(y * y) - mean_y**2
    covariance = local(x * y) - mean_x * mean_y
    structure = (2 * covariance + _CONTRAST) / (var_x + var_y + _CONTRAST)
    luminance = (2 * mean_x * mean_y + _LUMINANCE) / (mean_x**2 + mean_y**2 + _LUMINANCE)
    return (luminance * structure).mean(axis=(1, 2)), structure.mean(axis=(1, 2))


def _windows(side: int) -> np.ndarray:
    """Gaussian windows [positions, side] that lie within a side."""
    size = min(_WINDOW, side)
    weights = np.exp(-((np.arange(size) - (size - 1) / 2) ** 2) / (2 * _SPREAD**2))
    placed = np.zeros((side - size + 1, side))
    for first, window in enumerate(placed):
        window[first : first + size] = weights / weights.sum()
    return placed


def _halved(x: np.ndarray) -> np.ndarray:
    """Means over 2x2 pixels of [n, h, w, c]; an odd edge is repeated."""
    odd = ((0, 0), (0, x.shape[1] % 2), (0, x.shape[2] % 2), (0, 0))
    x = np.pad(x, odd, mode="edge")
    n, h, w, c = x.shape
    return x.reshape(n, h // 2, 2, w // 2, 2, c).mean(axis=(2, 4))


def diversity(images: np.ndarray, pairs: int, seed: int) -> float:
    """The mean MS-SSIM of random pairs of images [n, h, w, c] in [0, 255]: lower is more varied
    (Odena et al. 2017, arXiv 1610.09585).

    It compares sets of one kind only, such as those of one class. All pairs are taken where there
    are no more of them.
    """
    n = len(images)
    if n < 2:
        raise UserError(f"Diversity takes 2 or more images, not {n}.")
    ordered = n * (n - 1)
    numbers = np.random.default_rng(seed).choice(ordered, min(pairs, ordered), replace=False)
    first, second = numbers // (n - 1), numbers % (n - 1)
    second += second >= first  # an image makes no pair with itself
    parts = row_blocks(len(numbers), 10 * images[0].size)
    found = [ms_ssim(images[first[some]], images[second[some]]) for some in parts]
    return float(np.concatenate(found).mean())


def vendi(features: np.ndarray) -> float:
    """The effective number of different rows of features [n, d], from 1 for equal ones to n for
    orthogonal ones: exp of the entropy of the eigenvalues of their cosine similarities over n
    (Friedman and Dieng 2023, arXiv 2210.02410)."""
    x = checks.features(features, "The Vendi score")
    lengths = np.linalg.norm(x, axis=1, keepdims=True)
    if not lengths.all():
        raise UserError("The Vendi score needs features with a direction, but some are 0.")
    x = x / lengths
    # Both products have the same eigenvalues but for zeros.
    values = linalg.eigvalsh((x @ x.T if len(x) <= x.shape[1] else x.T @ x) / len(x))
    values = values[values > 1e-12]
    return float(np.exp(-(values * np.log(values)).sum()))
