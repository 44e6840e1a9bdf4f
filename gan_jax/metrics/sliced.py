"""Sliced Wasserstein distances of features: by their projections onto lines."""

import numpy as np

from gan_jax.metrics import checks
from gan_jax.metrics.distances import row_blocks


def directions(count: int, dims: int, seed: int) -> np.ndarray:
    """Uniform unit vectors [count, dims]."""
    v = np.random.default_rng(seed).standard_normal((count, dims))
    return v / np.linalg.norm(v, axis=1, keepdims=True)


def squared(x: np.ndarray, y: np.ndarray, directions: np.ndarray) -> float:
    """The mean over directions [count, d] of W_2^2 of the projected features [n, d] and [m, d]
    (Bonneel et al. 2015, J. Math. Imaging Vis. 51).

    On a line, W_2^2 is the mean square difference of the quantile functions, so n and m may
    differ. It says nothing of the Laplacian-pyramid distance of arXiv 1710.10196, also called SWD.
    """
    x, y = checks.pair(x, y, "The sliced Wasserstein distance")
    n, m = len(x), len(y)
    # The steps of both quantile functions, in units of 1 / nm, where they are whole numbers.
    edges = np.union1d(np.arange(n + 1) * m, np.arange(m + 1) * n)
    widths, of_x, of_y = np.diff(edges) / (n * m), edges[:-1] // m, edges[:-1] // n
    total = 0.0
    for some in row_blocks(len(directions), n + m):
        a, b = (np.sort(directions[some] @ z.T, axis=1) for z in (x, y))
        total += ((a[:, of_x] - b[:, of_y]) ** 2 @ widths).sum()
    return float(total / len(directions))


def mind(x: np.ndarray, y: np.ndarray, directions: np.ndarray) -> float:
    """3d times the squared distance of features [n, d] and [m, d] along directions [count, d]
    (Berthet et al. 2026, arXiv 2605.06797)."""
    return 3 * np.shape(x)[1] * squared(x, y, directions)
