"""Kernel distances of features: squared maximum mean discrepancies (MMD).

The kernel distance has the cubic kernel (x.y / d + 1)^3 (Binkowski et al. 2018, arXiv 1801.01401);
of Inception features it is called KID. It is unbiased, so values below 0 are right.
"""

from typing import NamedTuple

import numpy as np

from gan_jax.errors import UserError
from gan_jax.metrics import checks
from gan_jax.metrics.distances import row_blocks, squared

_DISTANCE = "The kernel distance"
_CMMD_WIDTH = 10.0


class Estimate(NamedTuple):
    value: float
    error: float  # one standard deviation of the value


def scaled(real: np.ndarray, fake: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Real [n, d] and fake [m, d] over the root mean square of the real ones, not centred.

    A cubic kernel of large features measures little but their third moments; published values are
    of unscaled ones.
    """
    real, fake = checks.pair(real, fake, _DISTANCE)
    size = np.sqrt(np.square(real).mean())
    if size == 0:
        raise UserError("Features that are 0 in all real samples have no scale to divide by.")
    return real / size, fake / size


def distance(x: np.ndarray, y: np.ndarray) -> float:
    """The unbiased MMD^2 of features [n, d] and [m, d]: the U-statistic over all pairs."""
    x, y = checks.pair(x, y, _DISTANCE, least_x=2, least_y=2)
    within = sum(_within(z) / (len(z) * (len(z) - 1)) for z in (x, y))
    return float(within - 2 * _between(x, y) / (len(x) * len(y)))


def biased(x: np.ndarray, y: np.ndarray) -> float:
    """The MMD^2 of the empirical laws of features [n, d] and [m, d], which is never negative."""
    x, y = checks.pair(x, y, _DISTANCE)
    within = sum(_between(z, z) / len(z) ** 2 for z in (x, y))
    return float(within - 2 * _between(x, y) / (len(x) * len(y)))


def of_blocks(x: np.ndarray, y: np.ndarray, blocks: int) -> np.ndarray:
    """The distances [blocks] of disjoint blocks of features [n, d] from such of [m, d], in order;
    they are independent."""
    least = 2 * blocks
    x, y = checks.pair(x, y, f"A kernel distance in {blocks} blocks", least, least)
    parts = zip(np.array_split(x, blocks), np.array_split(y, blocks), strict=True)
    return np.array([distance(*part) for part in parts])


def with_error(x: np.ndarray, y: np.ndarray, blocks: int = 10) -> Estimate:
    """The distance of features [n, d] and [m, d], with the standard error of the mean over disjoint
    blocks (Zaremba et al. 2013, arXiv 1307.1954).

    The error is on the safe side: all pairs say more than those within the blocks. The standard
    deviation over subsets that overlap, as often printed beside KID, is no standard error.
    """
    if blocks < 2:
        raise UserError(f"A standard error takes 2 or more blocks, not {blocks}.")
    parts = of_blocks(x, y, blocks)
    return Estimate(distance(x, y), float(parts.std(ddof=1) / np.sqrt(blocks)))


def cmmd(x: np.ndarray, y: np.ndarray) -> float:
    """1000 times the biased MMD^2 of features [n, d] and [m, d] with a Gaussian kernel of width 10
    (Jayasumana et al. 2024, arXiv 2401.09603), whose features are of CLIP and of length 1."""
    x, y = checks.pair(x, y, "CMMD")
    within = _gaussian_mean(x, x) + _gaussian_mean(y, y)
    return 1000 * (within - 2 * _gaussian_mean(x, y))


def _gaussian_mean(x: np.ndarray, y: np.ndarray) -> float:
    total = 0.0
    for _, block in squared(x, y):
        block /= -2 * _CMMD_WIDTH**2
        total += np.exp(block, out=block).sum()
    return float(total / (len(x) * len(y)))


def _between(x: np.ndarray, y: np.ndarray) -> float:
    """The sum of the kernel over all pairs."""
    scaled_x, total = x / x.shape[1], 0.0
    for rows in row_blocks(len(x), len(y)):
        block = scaled_x[rows] @ y.T
        block += 1
        total += _cubes(block)
    return total


def _within(x: np.ndarray) -> float:
    """The sum of the kernel over all pairs of different rows; it is symmetric, so each block of
    rows meets itself and what comes after it, which counts twice."""
    scaled_x, total = x / x.shape[1], 0.0
    for rows in row_blocks(len(x), len(x)):
        block = scaled_x[rows] @ x[rows.start :].T
        block += 1
        np.fill_diagonal(block, 0)
        total += 2 * _cubes(block) - _cubes(np.ascontiguousarray(block[:, : len(block)]))
    return total


def _cubes(block: np.ndarray) -> float:
    return float(np.vdot(np.square(block), block))
