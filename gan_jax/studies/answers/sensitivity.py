"""How much a score depends on the fields of a setting, on the setting, the seed and the arm."""

import math
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from statistics import median, stdev
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import PermutationMethod, mannwhitneyu, rankdata, spearmanr

from gan_jax.studies.answers import permutation
from gan_jax.studies.answers.outcomes import Costs, Searched

RESAMPLES = 9_999
"""Of two sets of distances, where all their permutations are more."""
RHO, ETA = "rho", "eta squared"
CAPTION = (
    "rho: Spearman's correlation of a field's value with the score over the settings of an arm. "
    "eta squared: the share of the variance of the scores' ranks that is between the values of a "
    "field of categories. A failed setting has the worst rank. p by permuting the settings, "
    "without a correction for the number of fields."
)


class Sensitivity(NamedTuple):
    """Of the scores of an arm to one field of its settings."""

    field: str
    measure: str  # RHO or ETA
    value: float
    p: float
    settings: int


class Spread(NamedTuple):
    """Standard deviations of an arm's scores, n - 1; nan for fewer than two that finished."""

    seeds: float  # over the seeds of its reported setting
    relative: float  # the same over the size of their mean
    settings: float  # over the settings that were tried

    @property
    def ratio(self) -> float:
        """Of the spread over settings to that over seeds."""
        return self.settings / self.seeds if self.seeds else math.nan


class Spreads(NamedTuple):
    """Spreads by arm, and over the mean scores of the arms, each of its reported setting."""

    by_arm: dict[str, Spread]
    arms: float


def of_fields(
    settings: Sequence[Mapping[str, Any]], costs: Sequence[float], sign: int
) -> list[Sensitivity]:
    """The sensitivity to each field that varies among the settings of an arm, given their costs;
    `sign` is the metric's, so that rho above 0 means a higher score."""
    fields = dict.fromkeys(field for setting in settings for field in setting)
    found = []
    for field in fields:
        known = [(s[field], c) for s, c in zip(settings, costs, strict=True) if field in s]
        values = [_plain(value) for value, _ in known]
        if len(set(values)) > 1:
            ranks = sign * rankdata([cost for _, cost in known])
            found.append(Sensitivity(field, *_dependence(values, ranks), len(known)))
    return found


def is_number(value: Any) -> bool:
    """Whether a field with this value is a quantity rather than a category."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _plain(value: Any) -> Hashable:
    return value if isinstance(value, Hashable) and not isinstance(value, bool) else repr(value)


def _dependence(values: Sequence[Any], ranks: np.ndarray) -> tuple[str, float, float]:
    if len(set(ranks)) < 2:
        return (RHO if all(map(is_number, values)) else ETA), 0.0, 1.0
    if all(map(is_number, values)):
        x = rankdata(values)
        p = permutation.pairing(ranks, lambda y: y @ (x - x.mean()), "two-sided")
        return RHO, float(spearmanr(x, ranks).statistic), p
    names = list(dict.fromkeys(values))
    members = np.array([[value == name for name in names] for value in values], float)

    def share(y: np.ndarray) -> np.ndarray:
        centred = y - y.mean(axis=-1, keepdims=True)
        return ((centred @ members) ** 2 / members.sum(axis=0)).sum(axis=-1) / (centred**2).sum(-1)

    return ETA, float(share(ranks)), permutation.pairing(ranks, share, "greater")


def spreads(final: Costs, searched: Searched) -> Spreads:
    """The spreads of a study's costs. Failed runs are left out, which makes them smaller."""
    by_arm = {}
    means = []
    for arm, costs in final.items():
        finished = _finite(costs.values())
        mean = sum(finished) / len(finished) if finished else math.nan
        seeds = _deviation(finished)
        relative = seeds / abs(mean) if mean else math.nan
        settings = _deviation(_finite(searched.get(arm, {}).values()))
        by_arm[arm] = Spread(seeds, relative, settings)
        means += [mean] if finished else []
    return Spreads(by_arm, _deviation(means))


def wider(first: Iterable[Collection[float]], second: Iterable[Collection[float]]) -> float:
    """The one-sided p-value of groups of costs being spread wider than other groups.

    The test of Mann and Whitney by permutation, of the distances from the median of each group's
    finished ones; a failed one is farther than any. It takes groups of two and more.
    """
    far, near = _distances(first), _distances(second)
    if not far or not near:
        return 1.0
    method = PermutationMethod(RESAMPLES, rng=np.random.default_rng(0))
    return float(mannwhitneyu(far, near, alternative="greater", method=method).pvalue)


def _distances(groups: Iterable[Collection[float]]) -> list[float]:
    found: list[float] = []
    for costs in groups:
        finished = _finite(costs)
        if finished and len(costs) > 1:
            middle = median(finished)
            found += [abs(cost - middle) for cost in costs]
    return found


def _finite(costs: Collection[float]) -> list[float]:
    return [cost for cost in costs if math.isfinite(cost)]


def _deviation(values: Sequence[float]) -> float:
    return stdev(values) if len(values) > 1 else math.nan
