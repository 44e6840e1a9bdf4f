"""The order of arms, and how far it agrees with another one."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from scipy.stats import kendalltau, rankdata

from gan_jax.errors import UserError
from gan_jax.studies.answers import permutation
from gan_jax.studies.answers.outcomes import common_seeds

FEWEST_ARMS = 3
"""For an agreement of orders."""


class Agreement(NamedTuple):
    """Of two orders of the same arms."""

    tau: float  # Kendall's tau-b
    p: float  # two-sided, over all orders of up to 8 arms, by random ones of more
    arms: int


def mean_ranks(costs: Mapping[str, Mapping[int, float]]) -> dict[str, float]:
    """The mean over seeds of each arm's rank by cost, 1 for the least; equal ones share the mean of
    their ranks, and so do failed ones, which come last.

    Raises `UserError` where arms have different seeds.
    """
    if not costs:
        return {}
    seeds = common_seeds(costs)
    if not seeds:
        return {}
    table = np.array([[found[seed] for seed in seeds] for found in costs.values()])
    means = rankdata(table, axis=0).mean(axis=1)
    return dict(zip(costs, means.tolist(), strict=True))


def agreement(ranked: Mapping[str, float], reference: Mapping[str, float]) -> Agreement:
    """Kendall's tau-b of the arms that both have, by any numbers of which less is better.

    Raises `UserError` where they have fewer than 3 arms in common.
    """
    arms = [arm for arm in ranked if arm in reference]
    if len(arms) < FEWEST_ARMS:
        raise UserError(
            f"The study and its reference have {len(arms)} arms in common; Kendall's tau takes "
            f"{FEWEST_ARMS}. The reference has {', '.join(reference)}."
        )
    x, y = (rankdata([order[arm] for arm in arms]) for order in (ranked, reference))
    if len(set(x)) < 2 or len(set(y)) < 2:
        return Agreement(float("nan"), 1.0, len(arms))
    of_pairs = np.sign(y[:, None] - y)

    def concordance(x: np.ndarray) -> np.ndarray:
        return (np.sign(x[..., :, None] - x[..., None, :]) * of_pairs).sum(axis=(-2, -1))

    p = permutation.pairing(x, concordance, "two-sided")
    return Agreement(float(kendalltau(x, y).statistic), p, len(arms))
