"""Statements that a study confirms or refutes, as data: a sentence and its test."""

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple, get_type_hints

import numpy as np
from scipy.stats import wilcoxon

from gan_jax.errors import UserError, choose
from gan_jax.studies.answers.comparisons import p_value
from gan_jax.studies.answers.outcomes import Costs, Searched
from gan_jax.studies.answers.permutation import Alternative
from gan_jax.studies.answers.sensitivity import spreads, wider

HOLDS, FAILS, OPEN = "holds", "does not hold", "not decided"
LEVEL = 0.01
CAPTION = (
    f"A fact holds where its p-value, one-sided, is below {LEVEL}, and does not hold where that of "
    "its opposite is, which then stands there; else it is not decided, which is no evidence "
    "against it. Arms are compared by the sign-flip test over paired seeds: with n of them no "
    "p-value is below 1 / 2^n, so that 7 seeds are the fewest that decide. That an arm is last is "
    "tested against every other one, at the greatest of their p-values."
)


class Evidence(NamedTuple):
    """What runs cost by one metric."""

    final: Costs
    searched: Searched


Metrics = Mapping[str, Evidence]
"""By metric, that of the question first."""


class Tested(NamedTuple):
    """One-sided p-values: each is small where the data speak against the other's statement."""

    p: float
    opposite: float


class Fact(NamedTuple):
    """A statement, and what tests it."""

    sentence: str
    test: Callable[[Metrics], Tested]


class Verdict(NamedTuple):
    """What became of a fact."""

    sentence: str
    state: str  # HOLDS, FAILS or OPEN
    p: float  # of the fact, of its opposite where that is what holds; nan where nothing was tested
    why: str = ""  # nothing was tested


def verdict(fact: Fact, metrics: Metrics, level: float = LEVEL) -> Verdict:
    """Whether a fact holds."""
    try:
        p, opposite = fact.test(metrics)
    except UserError as error:
        return Verdict(fact.sentence, OPEN, math.nan, str(error))
    if p < level:
        return Verdict(fact.sentence, HOLDS, p)
    if opposite < level:
        return Verdict(fact.sentence, FAILS, opposite)
    return Verdict(fact.sentence, OPEN, p)


def beats(first: str, second: str) -> Fact:
    """The first arm is better than the second, by their means over equal seeds."""
    return Fact(f"{first} beats {second}.", partial(_beats, first, second))


def is_last(arm: str) -> Fact:
    """An arm is worse than every other one."""
    return Fact(f"{arm} is last.", partial(_is_last, arm))


def none_is_best_everywhere() -> Fact:
    """Each arm is beaten by another one by some metric; p-values by Bonferroni's correction."""
    return Fact("No arm is best by every metric.", _none_is_best)


def settings_exceed_arms() -> Fact:
    """Scores spread more over the settings of an arm than over the arms' reported settings."""
    return Fact("The spread over settings exceeds the spread over arms.", _settings_exceed_arms)


def settings_exceed_seeds() -> Fact:
    """Scores spread more over the settings of an arm than over the seeds of one setting."""
    return Fact("The spread over settings exceeds the spread over seeds.", _settings_exceed_seeds)


def seeds_spread_below(share: float) -> Fact:
    """The standard deviation over seeds is less than this share of the mean, in the median over
    arms: the test of Wilcoxon over arms."""
    sentence = f"The spread over seeds of one setting is below {share:.0%} of the mean."
    return Fact(sentence, partial(_seeds_spread_below, share))


KINDS: dict[str, Callable[..., Fact]] = {
    kind.__name__: kind
    for kind in (
        *(beats, is_last, none_is_best_everywhere),
        *(settings_exceed_arms, settings_exceed_seeds, seeds_spread_below),
    )
}


def from_table(table: Mapping[str, Any]) -> Fact:
    """The fact of a study's file: its `kind`, that kind's arguments and, in other words than the
    kind's own, its `sentence`. Raises `UserError` for any other table."""
    given = dict(table)
    kind, sentence = given.pop("kind", ""), given.pop("sentence", "")
    make = choose(KINDS, "facts.kind", str(kind))
    wanted = get_type_hints(make)
    del wanted["return"]
    if {name: type(value) for name, value in given.items()} != wanted:
        needs = ", ".join(f"{name} ({hint.__name__})" for name, hint in wanted.items()) or "nothing"
        raise UserError(f"A fact of the kind {kind} takes {needs}, not {given!r:.200}.")
    fact = make(**given)
    return fact._replace(sentence=str(sentence)) if sentence else fact


def _main(metrics: Metrics) -> Evidence:
    return next(iter(metrics.values()))


def _costs(metrics: Metrics, *arms: str) -> Costs:
    costs = _main(metrics).final
    if missing := [arm for arm in arms if arm not in costs]:
        raise UserError(f"No final run of {missing[0]!r:.100} has ended.")
    return costs


def _beats(first: str, second: str, metrics: Metrics) -> Tested:
    costs = _costs(metrics, first, second)
    return Tested(p_value(costs, first, second, "less"), p_value(costs, first, second, "greater"))


def _is_last(arm: str, metrics: Metrics) -> Tested:
    costs = _costs(metrics, arm)
    others = [other for other in costs if other != arm]
    if not others:
        raise UserError(f"{arm!r:.100} is the only arm.")
    worse = max(p_value(costs, arm, other, "greater") for other in others)
    better = min(p_value(costs, arm, other, "less") for other in others)
    return Tested(worse, min(1.0, better * len(others)))


def _none_is_best(metrics: Metrics) -> Tested:
    arms = list(_main(metrics).final)
    if len(arms) < 2:
        raise UserError("There are fewer than two arms.")

    def against(arm: str, alternative: Alternative) -> list[float]:
        return [
            p_value(evidence.final, arm, other, alternative)
            for evidence in metrics.values()
            for other in arms
            if other != arm
        ]

    beaten = [min(found) * len(found) for found in (against(arm, "greater") for arm in arms)]
    best = min(max(against(arm, "less")) for arm in arms)
    return Tested(min(1.0, max(beaten)), min(1.0, best * len(arms)))


def _settings_exceed_arms(metrics: Metrics) -> Tested:
    final, searched = _main(metrics)
    settings = [found.values() for found in searched.values()]
    arms = [[_mean(costs) for costs in final.values()]]
    return Tested(wider(settings, arms), wider(arms, settings))


def _settings_exceed_seeds(metrics: Metrics) -> Tested:
    final, searched = _main(metrics)
    settings = [found.values() for found in searched.values()]
    seeds = [costs.values() for costs in final.values()]
    return Tested(wider(settings, seeds), wider(seeds, settings))


def _seeds_spread_below(share: float, metrics: Metrics) -> Tested:
    found = spreads(*_main(metrics)).by_arm.values()
    beyond = np.array([spread.relative - share for spread in found if spread.relative >= 0])
    if not len(beyond):
        raise UserError("No arm has two seeds that finished.")
    less, more = (wilcoxon(beyond, alternative=side).pvalue for side in ("less", "greater"))
    return Tested(float(less), float(more))


def _mean(costs: Mapping[int, float]) -> float:
    finished = [cost for cost in costs.values() if math.isfinite(cost)]
    return sum(finished) / len(finished) if finished else math.inf
