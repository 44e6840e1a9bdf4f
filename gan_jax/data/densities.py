"""Densities of the plane that are known exactly, and what can be said of samples because of that.

Each is a mixture of Gaussians, so that its density, its samples, the optimal discriminator against
another mixture and its mass in any cell are closed forms. All lie in [-1, 1]^2 but for tails
beyond four deviations. Numbers are float64, divergences in nats.
"""

from statistics import NormalDist
from typing import NamedTuple

import numpy as np


class Mixture(NamedTuple):
    """A mixture of k Gaussians whose axes are x and y; its modes are their means."""

    weights: np.ndarray  # [k], with sum 1
    means: np.ndarray  # [k, 2]
    deviations: np.ndarray  # [k, 2], along x and along y


def mixture(means: np.ndarray | list, deviations: float | list) -> Mixture:
    """Equal parts at `means`, [k, 2], with deviations that broadcast to [k, 2]."""
    means = np.asarray(means, np.float64)
    spread = np.broadcast_to(np.asarray(deviations, np.float64), means.shape)
    return Mixture(np.full(len(means), 1 / len(means)), means, spread)


def ring() -> Mixture:
    """Eight modes on a circle: the common ring, of radius 1 and deviation 0.05, times 0.8."""
    angles = np.arange(8) * (2 * np.pi / 8)
    return mixture(0.8 * np.stack([np.cos(angles), np.sin(angles)], axis=1), 0.8 * 0.05)


def grid() -> Mixture:
    """25 modes at whole numbers from -2 to 2, of deviation 0.05, times 0.4."""
    side = 0.4 * np.arange(-2, 3)
    return mixture(np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2), 0.4 * 0.05)


def gaussians() -> Mixture:
    """A round and a long Gaussian: GAN Lab's, from [0, 1] to [-1, 1], at half their deviations."""
    return mixture([[-0.4, 0.4], [0.4, -0.2]], [[0.1, 0.1], [0.05, 0.2]])


def line() -> Mixture:
    """GAN Lab's segment with a deviation of 0.02 around it, as 54 Gaussians along it.

    They stand 1.52 deviations apart, so close that the density along the line is even to 0.1 %.
    """
    return mixture(np.linspace([0.6, 0.2], [-0.9, 0.8], 54), 0.02)


def disjoint() -> Mixture:
    """GAN Lab's three blobs far from each other, of deviation 0.05, from [0, 1] to [-1, 1]."""
    return mixture([[-0.3, 0.5], [0.5, 0.2], [-0.1, -0.3]], 0.05)


DENSITIES: dict[str, Mixture] = {
    "ring": ring(),
    "grid": grid(),
    "gaussians": gaussians(),
    "line": line(),
    "disjoint": disjoint(),
}


CHUNK = 512
"""Points whose densities are computed at once, as many as keep the terms in the cache."""


def draw(density: Mixture, seed: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Samples [count, 2] and the numbers of the modes they came from, int32 [count]."""
    random = np.random.default_rng(seed)
    modes = random.choice(len(density.weights), count, p=density.weights)
    points = density.means[modes] + density.deviations[modes] * random.normal(size=(count, 2))
    return points, modes.astype(np.int32)


def log_density(density: Mixture, points: np.ndarray) -> np.ndarray:
    """The logarithm of the density at points [n, 2], [n]."""
    means, precisions = density.means, density.deviations**-2.0
    peaks = np.log(density.weights) + np.log(precisions).sum(axis=1) / 2 - np.log(2 * np.pi)
    # The exponents are quadratic in x and y: one matrix product makes them all.
    constant = peaks - (means**2 * precisions).sum(axis=1) / 2
    coefficients = np.concatenate([-precisions / 2, means * precisions, constant[:, None]], axis=1)
    found = []
    for first in range(0, len(points), CHUNK):
        part = points[first : first + CHUNK]
        terms = np.concatenate([part**2, part, np.ones((len(part), 1))], axis=1) @ coefficients.T
        top = terms.max(axis=1, keepdims=True)
        found.append(top[:, 0] + np.log(np.exp(terms - top).sum(axis=1)))
    return np.concatenate(found)


def kernel_estimate(points: np.ndarray, deviation: float) -> Mixture:
    """The Gaussian kernel estimate of the density that points [n, 2] came from."""
    return mixture(points, deviation)


def optimal_disc(
    log_real: np.ndarray, log_fake: np.ndarray, real_target: float = 1.0, fake_target: float = 0.0
) -> np.ndarray:
    """The probability [n] that the best D gives to points, by the logarithms [n] of both densities.

    D* = p_real / (p_real + p_fake) (Goodfellow et al. 2014, arXiv 1406.2661, proposition 1), and
    with smoothed targets the mean of the targets in these parts (Salimans et al. 2016, arXiv
    1606.03498, section 3.4).
    """
    share = (1 + np.tanh((log_real - log_fake) / 2)) / 2  # sigmoid, which here cannot overflow
    return fake_target + (real_target - fake_target) * share


def coverage(density: Mixture, points: np.ndarray) -> tuple[int, float]:
    """How many modes points [n, 2] cover, and the share of points that lie at a mode.

    A point lies at a mode when that is the nearest one, counted in its deviations, and is within
    three of them; a mode with such a point is covered. Of a round Gaussian 98.9 % lies there.
    """
    scaled = (points[:, None] - density.means[None]) / density.deviations[None]
    distances = (scaled**2).sum(axis=2)
    at_mode = distances.min(axis=1) <= 3**2
    covered = np.unique(distances.argmin(axis=1)[at_mode])
    return len(covered), float(at_mode.mean())


CELLS = np.concatenate([[-np.inf], np.linspace(-1, 1, 31)[1:-1], [np.inf]])
"""Edges along an axis of GAN Lab's 30x30 histogram; its outer cells take all that lies beyond."""


def cell_masses(density: Mixture, edges: np.ndarray = CELLS) -> np.ndarray:
    """The exact probability of each cell between `edges` [m + 1], [m, m] by x and y."""
    scaled = (edges[None, :, None] - density.means[:, None]) / density.deviations[:, None]
    below = np.vectorize(NormalDist().cdf)(scaled)  # [k, m + 1, 2]
    within = np.diff(below, axis=1)
    return np.einsum("k,kx,ky->xy", density.weights, within[..., 0], within[..., 1])


def jensen_shannon(p: np.ndarray, q: np.ndarray) -> float:
    """The Jensen-Shannon divergence of two histograms [...] with sum 1, from 0 to log 2."""
    middle = (p + q) / 2
    return (_relative_entropy(p, middle) + _relative_entropy(q, middle)) / 2


def divergence(density: Mixture, points: np.ndarray) -> float:
    """The Jensen-Shannon divergence of points [n, 2], as a histogram, from the exact density."""
    places = [np.searchsorted(CELLS[1:-1], points[:, axis]) for axis in (0, 1)]
    counts = np.zeros((len(CELLS) - 1,) * 2)
    np.add.at(counts, tuple(places), 1)
    return jensen_shannon(cell_masses(density), counts / len(points))


def divergence_floor(density: Mixture, count: int) -> float:
    """What `divergence` is on average for `count` points of the density itself: never 0."""
    masses = cell_masses(density)
    draws = np.random.default_rng(0).multinomial(count, masses.ravel() / masses.sum(), size=20)
    histograms = draws.reshape(-1, *masses.shape) / count
    return float(np.mean([jensen_shannon(masses, drawn) for drawn in histograms]))


def _relative_entropy(p: np.ndarray, q: np.ndarray) -> float:
    some = p > 0
    return float((p[some] * np.log(p[some] / q[some])).sum())
