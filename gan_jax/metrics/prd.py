"""Precision-recall curves of distributions, PRD (Sajjadi et al. 2018, arXiv 1806.00035)."""

from typing import NamedTuple

import numpy as np

from gan_jax.metrics import checks

_EPSILON = 1e-10  # of the paper's code
_LLOYD_STEPS = 20


class Curve(NamedTuple):
    """Attainable pairs of precision and recall, from much recall to much precision."""

    precision: np.ndarray  # [angles]
    recall: np.ndarray  # [angles]


class Summary(NamedTuple):
    """The largest F scores on a curve: F8 weighs recall, F1/8 precision."""

    f8: float
    f1_8: float


def curve(of_fakes: np.ndarray, of_real: np.ndarray, angles: int = 1001) -> Curve:
    """The curve of two histograms [bins], each of sum 1."""
    slopes = np.tan(np.linspace(_EPSILON, np.pi / 2 - _EPSILON, angles))
    precision = np.minimum(slopes[:, None] * of_real, of_fakes).sum(axis=1)
    return Curve(precision.clip(0, 1), (precision / slopes).clip(0, 1))


def f_beta(curve: Curve, beta: float) -> float:
    """The largest F score on a curve, where recall weighs `beta` times as much as precision."""
    precision, recall = curve
    weighed = beta**2 * precision + recall + _EPSILON
    return float(((1 + beta**2) * precision * recall / weighed).max())


def summary(curve: Curve) -> Summary:
    """F8 and F1/8 of a curve."""
    return Summary(f_beta(curve, 8), f_beta(curve, 1 / 8))


def of_features(
    real: np.ndarray, fake: np.ndarray, clusters: int = 20, runs: int = 10, seed: int = 0
) -> Summary:
    """F8 and F1/8 of real [n, d] and fake [m, d] features, on their `mean_curve`."""
    return summary(mean_curve(real, fake, clusters, runs, seed))


def mean_curve(
    real: np.ndarray, fake: np.ndarray, clusters: int = 20, runs: int = 10, seed: int = 0
) -> Curve:
    """The mean curve over clusterings of real [n, d] and fake [m, d] features together.

    Each run clusters as many real as fake samples, some of the larger set, anew. The result is a
    function of the arguments alone.
    """
    least = clusters
    real, fake = checks.pair(real, fake, f"PRD with {clusters} clusters", least, least)
    count, draw = min(len(real), len(fake)), np.random.default_rng(seed)
    curves = []
    for _ in range(runs):
        some = [z[draw.permutation(len(z))[:count]] for z in (real, fake)]
        labels = _cluster(np.concatenate(some), clusters, draw)
        of_real, of_fakes = (
            np.bincount(part, minlength=clusters) / count for part in np.split(labels, 2)
        )
        curves.append(curve(of_fakes, of_real))
    return Curve(*np.mean(curves, axis=0))


def _cluster(x: np.ndarray, clusters: int, draw: np.random.Generator) -> np.ndarray:
    """The clusters [n] of [n, d] by k-means, from a start by k-means++."""
    x = x - x.mean(axis=0)
    centres = _spread(x, clusters, draw)
    for _ in range(_LLOYD_STEPS):
        member = np.eye(clusters)[_assigned(x, centres)]
        sizes = member.sum(axis=0)
        full = sizes > 0  # an empty cluster stays where it was
        centres[full] = (member.T @ x)[full] / sizes[full, None]
    return _assigned(x, centres)


def _assigned(x: np.ndarray, centres: np.ndarray) -> np.ndarray:
    return ((centres**2).sum(axis=1) - 2 * (x @ centres.T)).argmin(axis=1)


def _spread(x: np.ndarray, clusters: int, draw: np.random.Generator) -> np.ndarray:
    """Rows [clusters, d] of x, each drawn in proportion to its squared distance from the ones
    before (Arthur and Vassilvitskii 2007, k-means++)."""
    lengths, chosen, nearest = (x**2).sum(axis=1), [int(draw.integers(len(x)))], np.inf
    while len(chosen) < clusters:
        apart = lengths + lengths[chosen[-1]] - 2 * (x @ x[chosen[-1]])
        nearest = np.minimum(nearest, apart.clip(0))
        total = nearest.sum()
        p = nearest / total if total > 0 else None  # fewer distinct rows than clusters
        chosen.append(int(draw.choice(len(x), p=p)))
    return x[chosen]
