"""What a search of k settings finds on average, as in Lucic et al. (arXiv 1711.10337)."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

RESAMPLES = 2_000
CAPTION = (
    "The expected score of the best of k settings that are drawn without replacement from those "
    "tried, exactly; the band is its 95 % interval by bootstrap over settings. A draw whose every "
    "setting failed has no best one, so that there is no expectation while k is at most the number "
    "of failed settings."
)


class Budget(NamedTuple):
    """By k = 1 to n: the expected cost of the best of k settings; infinite where all may fail."""

    expected: list[float]
    low: list[float]
    high: list[float]  # the 95 % band


def expected_best(costs: Sequence[float] | np.ndarray) -> np.ndarray:
    """E[minimum of k of n costs drawn without replacement] for k = 1 to n, [..., n] to [..., n].

    The i-th least of n is the minimum in C(n - i, k - 1) of C(n, k) draws. This is unbiased; with
    replacement, as in Dodge et al. (arXiv 1909.03004), it is not (arXiv 2110.00613).
    """
    x = np.sort(np.asarray(costs, float), axis=-1)
    n = x.shape[-1]
    draws = np.array(
        [
            [math.comb(n - i, k - 1) / math.comb(n, k) for i in range(1, n + 1)]
            for k in range(1, n + 1)
        ]
    )
    failed = np.isinf(x)
    means = np.where(failed, 0.0, x) @ draws.T
    return np.where(failed.sum(axis=-1, keepdims=True) >= np.arange(1, n + 1), np.inf, means)


def budget(costs: Sequence[float]) -> Budget:
    """The expected best of each number of settings by their costs, [n], with its band."""
    x = np.asarray(costs, float)
    drawn = np.random.default_rng(0).integers(0, len(x), (RESAMPLES, len(x)))
    curves = np.sort(expected_best(x[drawn]), axis=0)
    low, high = (curves[int(q * (RESAMPLES - 1))] for q in (0.025, 0.975))
    return Budget(expected_best(x).tolist(), low.tolist(), high.tolist())
