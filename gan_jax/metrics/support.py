"""How far two samples cover each other's supports: precision, recall, density and coverage.

The support of a law is estimated by balls around its samples, each up to the k-th nearest other
sample. These scores compare within one space and one pair of counts, and precision says little
without density and coverage: a few outlying real samples have balls that hold everything.
"""

from typing import NamedTuple

import numpy as np

from gan_jax.errors import UserError
from gan_jax.metrics import checks, distances, neighbours


class Overlap(NamedTuple):
    """Shares, but for the density, which may be above 1."""

    precision: float  # of fakes that lie in a real ball
    recall: float  # of real samples that lie in a fake ball
    density: float  # real balls that hold a fake, over k: their mean
    coverage: float  # of real balls that hold a fake


def overlap(real: np.ndarray, fake: np.ndarray, k_closed: int = 3, k_open: int = 5) -> Overlap:
    """The overlap of real [n, d] and fake [m, d].

    Precision and recall take closed balls up to the `k_closed`-th neighbour (Kynkäänniemi et al.
    2019, arXiv 1904.06991), density and coverage open ones up to the `k_open`-th
    (Naeem et al. 2020, arXiv 2002.09797), as the code of each paper does: the
    two differ where a fake lies on a sphere, as copies of real samples do.
    """
    most = max(k_closed, k_open)
    real, fake = checks.pair(real, fake, "An overlap", least_x=most + 1, least_y=k_closed + 1)
    of_real = neighbours.nearest_others(real, most).squared
    closed, opened = of_real[:, k_closed - 1 : k_closed], of_real[:, k_open - 1 : k_open]
    of_fake = neighbours.nearest_others(fake, k_closed).squared[:, -1]
    precise, balls = np.zeros(len(fake), bool), np.zeros(len(fake), np.int64)
    recalled, covered = np.zeros(len(real), bool), np.zeros(len(real), bool)
    for rows, block in distances.squared(real, fake):
        for bounds in (closed[rows], opened[rows], of_fake):
            distances.settle(block, rows, real, fake, bounds)
        precise |= (block <= closed[rows]).any(axis=0)
        recalled[rows] = (block <= of_fake).any(axis=1)
        inside = block < opened[rows]
        balls += inside.sum(axis=0)
        covered[rows] = inside.any(axis=1)
    shares = (precise.mean(), recalled.mean(), balls.mean() / k_open, covered.mean())
    return Overlap(*(float(share) for share in shares))


def expected_coverage(n: int, m: int, k: int = 5) -> float:
    """The expected coverage of n real by m fake samples of the same law, the most that can be asked
    for (arXiv 2002.09797)."""
    i = np.arange(1, k + 1)
    return float(1 - np.prod((n - i) / (n + m - i)))


def realism(real: np.ndarray, fake: np.ndarray, k: int = 3) -> np.ndarray:
    """How well each fake lies within the real balls, [m]: the largest ratio of a ball's radius to
    the distance from its centre, 1 on the sphere, infinite for a copy.

    Real [n, d] and fake [m, d]. Only balls smaller than the median one count (arXiv 1904.06991).
    """
    real, fake = checks.pair(real, fake, "Realism", least_x=k + 1)
    squared = neighbours.nearest_others(real, k).squared[:, -1]
    small = squared < np.median(squared)
    if not small.any():
        raise UserError("Realism needs real balls of several sizes, but none is below the median.")
    centres, squared = real[small], squared[small]
    found = np.empty(len(fake))
    for rows, block in distances.squared(fake, centres):
        ratios = np.divide(squared, block, out=np.full_like(block, np.inf), where=block > 0)
        found[rows] = np.sqrt(ratios.max(axis=1))
    return found
