"""Permutation tests, exact where that is affordable, else by random permutations of seed 0."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from scipy.stats import permutation_test

Alternative = Literal["two-sided", "less", "greater"]
MOST_FLIPS = 2**14
"""Sign flips: all of them up to 14 pairs, so many at random of more."""
MOST_ORDERS = 41_000
"""Orders: all of them up to 8 values, so many at random of more."""


def sign_flip(a: np.ndarray, b: np.ndarray, alternative: Alternative = "two-sided") -> float:
    """The p-value of the mean of a - b, both [n], where swapping a pair changes nothing.

    With n pairs it is at least 2 / 2**n, or 1 / 2**n on one side. Where flips are drawn at random
    it is (1 + as extreme ones) / (1 + drawn ones), doubled on two sides.
    """
    if len(a) < 2:
        return 1.0
    return _p(
        (a, b),
        lambda x, y, axis: (x - y).mean(axis=axis),
        "samples",
        MOST_FLIPS,
        alternative,
    )


def pairing(
    x: np.ndarray, statistic: Callable[[np.ndarray], np.ndarray], alternative: Alternative
) -> float:
    """The p-value of a statistic of values x [n] in their order, [..., n] to [...], where every
    order is as likely."""
    if len(x) < 2:
        return 1.0
    return _p((x,), lambda x, axis: statistic(x), "pairings", MOST_ORDERS, alternative)


def _p(
    data: tuple[np.ndarray, ...],
    statistic: Callable[..., np.ndarray],
    kind: Literal["samples", "pairings"],
    most: int,
    alternative: Alternative,
) -> float:
    found = permutation_test(
        data,
        statistic,
        permutation_type=kind,
        vectorized=True,
        n_resamples=most,
        batch=2_000,
        alternative=alternative,
        axis=-1,
        rng=np.random.default_rng(0),
    )
    return float(found.pvalue)
