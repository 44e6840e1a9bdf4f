"""Squared distances of all pairs of two sets of features, in blocks of rows.

|x|^2 + |y|^2 - 2 x.y is one matrix product, a hundred times as fast as the differences of all
pairs, but it is wrong by the rounding of the largest term: a copy would lie somewhere off its
original. So features are centred first, and the few pairs that come out much nearer than they are
long, for which the sum says little, are computed from their differences. Every value then has a
relative error below `ACCURACY`, and equal rows are at distance 0.

A comparison that may come to a tie (a point that is the k-th neighbour itself) takes more: `settle`
also computes the differences where a value comes within the accuracy of the bound. `exact` returns
the same bits for a pair in every call and in both orders, so that ties are ties.
"""

from collections.abc import Iterator

import numpy as np

ACCURACY = 1e-6
"""Bound of the relative errors of `squared`."""
MOST_NUMBERS = 8_000_000
"""In an array over pairs: 64 MB."""


def row_blocks(rows: int, columns: int) -> Iterator[slice]:
    """Slices that cut [rows, columns] into blocks of at most `MOST_NUMBERS`, of one row or more."""
    height = max(1, MOST_NUMBERS // columns)
    return (slice(first, min(first + height, rows)) for first in range(0, rows, height))


def squared(x: np.ndarray, y: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """The squared distances of float64 [n, d] from [m, d]: rows of x, and their block [rows, m]."""
    centre = y.mean(axis=0)
    a, b = x - centre, y - centre
    lengths_a, lengths_b = (a**2).sum(axis=1), (b**2).sum(axis=1)
    # The rounding of a product of d terms, of the two lengths and of their sum.
    rounding = 2 * (x.shape[1] + 4) * np.finfo(np.float64).eps
    for rows in row_blocks(len(x), len(y)):
        block = a[rows] @ b.T
        block *= -2
        lengths = lengths_a[rows, None] + lengths_b
        block += lengths
        lengths *= rounding / ACCURACY
        near = np.nonzero(block < lengths)
        block[near] = exact(x, y, near[0] + rows.start, near[1])
        yield rows, block


def exact(x: np.ndarray, y: np.ndarray, of_x: np.ndarray, of_y: np.ndarray) -> np.ndarray:
    """The squared distances [p] of the rows x[of_x] from y[of_y], by their differences."""
    found = np.empty(len(of_x))
    for pairs in row_blocks(len(of_x), x.shape[1]):
        apart = x[of_x[pairs]] - y[of_y[pairs]]
        found[pairs] = np.square(apart, out=apart).sum(axis=1)
    return found


def settle(
    block: np.ndarray, rows: slice, x: np.ndarray, y: np.ndarray, bounds: np.ndarray
) -> None:
    """Makes a block [rows, m] of `squared` exact wherever it is compared with nearly equal bounds,
    [rows, 1] or [m]."""
    apart = block - bounds
    doubtful = np.nonzero(np.abs(apart, out=apart) <= 4 * ACCURACY * bounds)
    block[doubtful] = exact(x, y, doubtful[0] + rows.start, doubtful[1])
