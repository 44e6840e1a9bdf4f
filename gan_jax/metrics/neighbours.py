"""Nearest neighbours in a space of features, and the scores that follow from them alone.

Ties go to the first of the equally near rows. Precision, recall and what is like them are in
`support`.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from gan_jax.metrics import checks, distances


class Neighbours(NamedTuple):
    """The rows nearest to each query, nearest first."""

    numbers: np.ndarray  # int [n, k]
    squared: np.ndarray  # float64 [n, k], the exact squared distances

    @property
    def distances(self) -> np.ndarray:
        """The distances [n, k]."""
        return np.sqrt(self.squared)


def nearest(x: np.ndarray, y: np.ndarray, k: int = 1) -> Neighbours:
    """Of each row of x [n, d] the k nearest rows of y [m, d]."""
    x, y = checks.pair(x, y, "A search for neighbours", least_y=k)
    return _nearest(distances.squared(x, y), x, y, k)


def nearest_others(x: np.ndarray, k: int = 1) -> Neighbours:
    """Of each row of x [n, d] the k nearest other rows; equal rows are others too."""
    x = checks.features(x, "A search for neighbours", least=k + 1)
    return _nearest(_without_self(x), x, x, k)


def _without_self(x: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    for rows, block in distances.squared(x, x):
        numbers = np.arange(rows.start, rows.stop)
        block[numbers - rows.start, numbers] = np.inf
        yield rows, block


def _nearest(
    blocks: Iterator[tuple[slice, np.ndarray]], x: np.ndarray, y: np.ndarray, k: int
) -> Neighbours:
    numbers, squared = np.empty((len(x), k), np.int64), np.empty((len(x), k))
    for rows, block in blocks:
        # The k-th smallest is off by the accuracy, and so is every value beside it.
        bounds = np.partition(block, k - 1, axis=1)[:, k - 1 : k] * (1 + 4 * distances.ACCURACY)
        row, number = np.nonzero(block <= bounds)
        values = distances.exact(x, y, row + rows.start, number)
        order = np.lexsort((values, row))  # stable, so that ties stay in the order of y
        first = np.searchsorted(row, np.arange(len(block)))
        chosen = order[first[:, None] + np.arange(k)]
        numbers[rows], squared[rows] = number[chosen], values[chosen]
    return Neighbours(numbers, squared)


def radii(x: np.ndarray, k: int) -> np.ndarray:
    """The distance [n] of each row of x [n, d] from its k-th nearest other row."""
    return nearest_others(x, k).distances[:, -1]


def giqa(real: np.ndarray, fake: np.ndarray, k: int = 5) -> np.ndarray:
    """The quality [m] of single fakes [m, d]: the mean inverse squared distance to the k nearest
    real rows [n, d], infinite for a copy (Gu et al. 2020, arXiv 2003.08932, KNN-GIQA)."""
    with np.errstate(divide="ignore"):
        return (1 / nearest(fake, real, k).squared).mean(axis=1)


class TwoSample(NamedTuple):
    """How often the nearest other sample is of the same set: of all, of real, of fake samples."""

    total: float
    real: float
    fake: float


def two_sample(real: np.ndarray, fake: np.ndarray) -> TwoSample:
    """The leave-one-out accuracy of a 1-nearest-neighbour classifier of real [n, d] and fake
    [m, d]: 1/2 for equal laws of equal counts, 0 where each fake copies a real sample of its own
    (Lopez-Paz and Oquab 2017, arXiv 1610.06545; Xu et al. 2018, arXiv 1806.07755)."""
    real, fake = checks.pair(real, fake, "The two-sample test")
    is_fake = np.repeat([False, True], [len(real), len(fake)])
    right = is_fake[nearest_others(np.concatenate([real, fake])).numbers[:, 0]] == is_fake
    return TwoSample(
        float(right.mean()), float(right[~is_fake].mean()), float(right[is_fake].mean())
    )


def authenticity(train: np.ndarray, fake: np.ndarray) -> float:
    """The share of fakes [m, d] that are farther from their nearest training row, of [n, d], than
    that is from its own nearest: about 1/2 for equal laws, 0 for copies (Alaa et al. 2022,
    arXiv 2102.08921)."""
    found = nearest(fake, train)
    own = nearest_others(train).squared[found.numbers[:, 0], 0]
    return float((found.squared[:, 0] > own).mean())


def copying(train: np.ndarray, held_out: np.ndarray, fake: np.ndarray) -> float:
    """The Mann-Whitney z of fakes [m, d] lying farther from the training rows [n, d] than held-out
    rows [h, d] do: far below 0 for copies, about 0 for equal laws, far above 0 for fakes unlike the
    data (Meehan et al. 2020, arXiv 2004.05675, with a single cell)."""
    of_fake = nearest(fake, train).squared[:, 0]
    of_held_out = np.sort(nearest(held_out, train).squared[:, 0])
    m, n = len(of_fake), len(of_held_out)
    farther, no_nearer = (np.searchsorted(of_held_out, of_fake, side) for side in ("left", "right"))
    u = (farther.sum() + no_nearer.sum()) / 2
    # The continuity correction of the paper's code.
    return float((u - (n * m / 2 - 0.5)) / np.sqrt(n * m * (n + m + 1) / 12))
