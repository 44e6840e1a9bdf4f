"""The Fréchet distance of features, its value at infinitely many fakes, and its bias.

It is the squared 2-Wasserstein distance of two normal laws with the features' moments (Heusel et
al. 2017, arXiv 1706.08500, equation 6). Of Inception features it is called FID.
"""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

import numpy as np

from gan_jax.errors import UserError
from gan_jax.metrics import checks, moments
from gan_jax.metrics.moments import Moments
from gan_jax.system import linalg

_DISTANCE = "The Fréchet distance"
_EXTRAPOLATION = "The extrapolation of the Fréchet distance"
_NUM_SIZES = 15


def root(covariance: np.ndarray) -> np.ndarray:
    """The symmetric square root of a covariance [d, d]."""
    values, vectors = linalg.eigh(covariance)
    return (vectors * np.sqrt(values.clip(0))) @ vectors.T


def distance(a: Moments, b: Moments, root_a: np.ndarray | None = None) -> float:
    """|m_a - m_b|^2 + tr(A + B - 2 (A^1/2 B A^1/2)^1/2); `root_a` [d, d] is A^1/2 where known.

    The product is symmetric, so its eigenvalues are real, and none is negative but by rounding.
    With fewer samples than dimensions it is singular: `of_features` is exact there.
    """
    checks.same_space(a.mean, b.mean, _DISTANCE)
    root_a = root(a.covariance) if root_a is None else root_a
    cross = linalg.eigvalsh(root_a @ b.covariance @ root_a)
    traces = np.trace(a.covariance) + np.trace(b.covariance)
    return float(((a.mean - b.mean) ** 2).sum() + traces - 2 * np.sqrt(cross.clip(0)).sum())


def of_features(x: np.ndarray, y: np.ndarray) -> float:
    """The distance of features [n, d] from features [m, d], for any n and m from 2 on."""
    x, y = checks.pair(x, y, _DISTANCE, least_x=2, least_y=2)
    if min(len(x), len(y)) > x.shape[1]:
        return distance(moments.of(x), moments.of(y))
    # tr (AB)^1/2 is the sum of the singular values of the product of the centred features.
    a, b = ((z - z.mean(axis=0)) / np.sqrt(len(z) - 1) for z in (x, y))
    cross = linalg.singular_values(_folded(a) @ _folded(b).T).sum()
    means = ((x.mean(axis=0) - y.mean(axis=0)) ** 2).sum()
    return float(means + (a**2).sum() + (b**2).sum() - 2 * cross)


def _folded(x: np.ndarray) -> np.ndarray:
    """At most d rows with the same x^T x, so that no product is larger than [d, d]."""
    if len(x) <= x.shape[1]:
        return x
    return linalg.triangle(x)


class Line(NamedTuple):
    """The distance as a function of the number of fakes: value + slope / n."""

    value: float
    slope: float


class Infinity(NamedTuple):
    """The distance at infinitely many fakes: the mean over permutations and its standard error,
    which is that of the choice of subsets; it does not see the draw of the fakes."""

    value: float
    slope: float
    error: float


def infinity(
    real: np.ndarray,
    fakes: np.ndarray,
    seed: int,
    sizes: Sequence[int] | None = None,
    permutations: int = 10,
) -> Infinity:
    """The distance of real features [m, d] from infinitely many fakes like these, [n, d] (Chong and
    Forsyth 2020, arXiv 1911.07023).

    Only the fakes' share of the bias is removed. Each permutation is cut into prefixes of `sizes`,
    by default 15 from n / 10, or d + 1 where that is more, to n.
    """
    real, fakes = checks.pair(real, fakes, _EXTRAPOLATION, least_x=2, least_y=2)
    if permutations < 2:
        raise UserError(f"A standard error takes 2 or more permutations, not {permutations}.")
    sizes = sizes_of(*fakes.shape) if sizes is None else sizes
    draw, of_real = np.random.default_rng(seed), moments.of(real)
    root_real = root(of_real.covariance)
    shuffled = (fakes[draw.permutation(len(fakes))] for _ in range(permutations))
    lines = np.array([extrapolated(of_real, some, sizes, root_real) for some in shuffled])
    value, slope = lines.mean(axis=0)
    error = lines[:, 0].std(ddof=1) / np.sqrt(permutations)
    return Infinity(float(value), float(slope), float(error))


def sizes_of(count: int, dims: int, number: int = _NUM_SIZES) -> list[int]:
    """The numbers of fakes of an extrapolation, of the shape [count, dims] of all of them."""
    if count < dims + 2:
        raise UserError(
            f"{_EXTRAPOLATION} in {dims} dimensions takes {dims + 2} or more fakes, not {count}."
        )
    spread = np.linspace(max(count / 10, dims + 1), count, number)
    return [int(size) for size in np.unique(spread.round())]


def extrapolated(
    real: Moments, fakes: np.ndarray, sizes: Sequence[int], root_real: np.ndarray | None = None
) -> Line:
    """The least squares line of the distance of `real` from `fakes[:size]` on 1 / size.

    The fakes [n, d] are in random order. Sizes increase, from 2 or more up to n or less. A part
    is merged once: the moments of a prefix serve the next.
    """
    fakes = checks.features(fakes, _EXTRAPOLATION, least=2)
    edges = [0, *sizes]
    if len(edges) < 3 or edges[1] < 2 or any(b <= a for a, b in pairwise(edges)):
        raise UserError(f"Sizes must be two numbers or more that increase from 2 on, not {sizes}.")
    if edges[-1] > len(fakes):
        raise UserError(f"The largest size is {edges[-1]}, but there are {len(fakes)} fakes.")
    root_real = root(real.covariance) if root_real is None else root_real
    parts = (moments.of(fakes[start:stop]) for start, stop in pairwise(edges))
    values = [distance(real, prefix, root_real) for prefix in accumulate(parts, moments.merge)]
    slope, value = np.polyfit(1 / np.asarray(sizes, np.float64), values, 1)
    return Line(float(value), float(slope))


def bias(covariance: np.ndarray, n: int) -> float:
    """The expected distance of two samples of n from one normal law, to first order in 1 / n.

    With the eigenvalues l of the covariance [d, d] it is
    (2 sum_i l_i + sum_ij (1 + [i = j]) l_i l_j / (l_i + l_j)) / n.
    """
    values = linalg.eigvalsh(covariance).clip(0)
    values = values[values > 0]
    harmonic = values[:, None] * values / (values[:, None] + values)
    return float((2 * values.sum() + harmonic.sum() + np.trace(harmonic)) / n)
