"""Arms against each other on equal seeds."""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from gan_jax.evaluation import tables
from gan_jax.studies.answers import permutation
from gan_jax.studies.answers.outcomes import common_seeds
from gan_jax.studies.answers.permutation import Alternative
from gan_jax.studies.answers.summary import FEWEST_SEEDS

ByArm = Mapping[str, Mapping[int, float]]
CAPTION = (
    "The difference is the mean over the seeds that both arms finished, with its 95 % interval by "
    "bootstrap. p is of the sign-flip permutation test of the mean difference over paired seeds, "
    "two-sided: exact up to 14 pairs, by 16,384 random flips with seed 0 for more; with n pairs it "
    "is at least 2 / 2^n. Where runs failed it is of the differences of ranks, failed ones last. "
    "Adjusted p: Holm's correction over all pairs of arms."
)


class Comparison(NamedTuple):
    """Two arms over the seeds of both."""

    first: str
    second: str
    pairs: int
    both: int  # pairs that finished, which the difference is of
    difference: float  # mean score of the first minus the second; nan without such pairs
    low: float
    high: float  # its 95 % interval; nan for few pairs
    p: float
    adjusted: float  # p by Holm's correction


def paired(costs: ByArm, sign: int) -> list[Comparison]:
    """Every pair of arms by the costs of their seeds; `sign` is the metric's.

    Raises `UserError` where arms have different seeds.
    """
    pairs = list(itertools.combinations(costs, 2))
    p = [p_value(costs, *pair, "two-sided") for pair in pairs]
    return [
        _compared(costs, first, second, sign, p, adjusted)
        for (first, second), p, adjusted in zip(pairs, p, holm(p), strict=True)
    ]


def p_value(costs: ByArm, first: str, second: str, alternative: Alternative) -> float:
    """The p-value of the mean difference of two arms' costs; `less`: the first costs less.

    Raises `UserError` where they have different seeds.
    """
    a, b = _aligned(costs, first, second)
    both = np.concatenate([a, b])
    if not np.isfinite(both).all():
        a, b = np.split(rankdata(both), 2)
    return permutation.sign_flip(a, b, alternative)


def holm(p: Sequence[float]) -> list[float]:
    """p-values [m] by Holm's correction (Scandinavian Journal of Statistics 6, 1979): the i-th
    lowest, from 0, times m - i, never below one before it and at most 1."""
    order = np.argsort(p, kind="stable")
    factors = np.arange(len(p), 0, -1)
    adjusted = np.empty(len(p))
    adjusted[order] = np.minimum(np.maximum.accumulate(np.asarray(p)[order] * factors), 1.0)
    return adjusted.tolist()


def _aligned(costs: ByArm, first: str, second: str) -> tuple[np.ndarray, np.ndarray]:
    seeds = common_seeds({arm: costs[arm] for arm in (first, second)})
    a, b = (np.array([costs[arm][seed] for seed in seeds], float) for arm in (first, second))
    return a, b


def _compared(
    costs: ByArm, first: str, second: str, sign: int, p: float, adjusted: float
) -> Comparison:
    a, b = _aligned(costs, first, second)
    finished = np.isfinite(a) & np.isfinite(b)
    effect = sign * (a[finished] - b[finished])
    difference = low = high = math.nan
    if len(effect):
        difference, _, low, high, _ = tables.summary(effect.tolist())
    if len(effect) < FEWEST_SEEDS:
        low = high = math.nan
    return Comparison(first, second, len(a), len(effect), difference, low, high, p, adjusted)
