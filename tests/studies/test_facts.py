"""Facts that a study confirms, refutes or leaves open."""

import math

import pytest

from gan_jax.errors import UserError
from gan_jax.studies.answers import facts
from gan_jax.studies.answers.facts import Evidence

EIGHT = [1.0, 1.1, 0.9, 1.05, 0.95, 1.2, 0.8, 1.02]
SEARCHED = {arm: dict(zip("abcdef", [1, 5, 9, 20, 40, 70], strict=True)) for arm in "abc"}


def scaled(*factors):
    return {
        arm: {seed: factor * x for seed, x in enumerate(EIGHT)}
        for arm, factor in zip("abc", factors, strict=False)
    }


def verdict(fact, final, searched=SEARCHED, **others):
    more = {name: Evidence(costs, searched) for name, costs in others.items()}
    return facts.verdict(fact, {"fd": Evidence(final, searched), **more})


def test_an_arm_beats_another_one_does_not_or_it_is_not_decided():
    assert verdict(facts.beats("a", "b"), scaled(1, 2))[:3] == ("a beats b.", "holds", 1 / 256)
    assert verdict(facts.beats("b", "a"), scaled(1, 2))[1:3] == ("does not hold", 1 / 256)
    same = verdict(facts.beats("a", "b"), scaled(1, 1))
    assert (same.state, same.p) == ("not decided", 1)
    six = {arm: dict(list(costs.items())[:6]) for arm, costs in scaled(1, 2).items()}
    few = verdict(facts.beats("a", "b"), six)
    assert (few.state, few.p) == ("not decided", 1 / 64)


def test_the_last_arm_is_worse_than_each_other_one():
    fact = facts.is_last("c")
    assert verdict(fact, scaled(1, 2, 3))[1:3] == ("holds", 1 / 256)
    assert verdict(fact, scaled(1, 4, 3))[1:3] == ("does not hold", 2 / 256)
    assert verdict(fact, scaled(1, 3, 3)).state == "not decided"
    failing = scaled(1, 2, 3) | {"c": dict.fromkeys(range(8), math.inf)}
    assert verdict(fact, failing)[1:3] == ("holds", 1 / 256)


def test_no_arm_is_best_everywhere_where_each_is_beaten_somewhere():
    fact = facts.none_is_best_everywhere()
    assert verdict(fact, scaled(1, 2), kd=scaled(2, 1))[1:3] == ("holds", 2 / 256)
    assert verdict(fact, scaled(1, 2), kd=scaled(1, 2))[1:3] == ("does not hold", 2 / 256)
    assert verdict(fact, scaled(1, 2), kd=scaled(1, 1)).state == "not decided"


def test_spreads_are_compared():
    for fact in (facts.settings_exceed_arms(), facts.settings_exceed_seeds()):
        held = verdict(fact, scaled(1, 1.1, 1.2))
        assert held.state == "holds" and 0 < held.p < 0.01
    narrow = {arm: dict.fromkeys("abcdef", 1.0) for arm in "abc"}
    fact = facts.settings_exceed_seeds()
    assert verdict(fact, scaled(1, 10, 100), narrow).state == "does not hold"


def test_the_spread_over_seeds_is_a_share_of_the_mean():
    final = {str(i): {s: i * (10 + x) for s, x in enumerate(EIGHT)} for i in range(1, 9)}
    assert verdict(facts.seeds_spread_below(0.1), final)[1:3] == ("holds", 1 / 256)
    assert verdict(facts.seeds_spread_below(0.005), final)[1:3] == ("does not hold", 1 / 256)
    assert "below 10% of the mean" in facts.seeds_spread_below(0.1).sentence


def test_what_cannot_be_tested_is_not_decided_and_says_why():
    found = verdict(facts.beats("a", "z"), scaled(1, 2))
    assert found.state == "not decided" and math.isnan(found.p) and "'z'" in found.why
    unequal = scaled(1, 2)
    del unequal["b"][3]
    assert "different seeds" in verdict(facts.is_last("a"), unequal).why
    for fact in (facts.is_last("a"), facts.none_is_best_everywhere()):
        assert verdict(fact, {"a": {1: 1.0}}).why
    assert verdict(facts.seeds_spread_below(0.1), {"a": {1: 1.0}}).why


def test_facts_of_a_file_are_tables():
    table = {"kind": "beats", "first": "a", "second": "b", "sentence": "NS beats MM."}
    fact = facts.from_table(table)
    assert verdict(fact, scaled(1, 2))[:2] == ("NS beats MM.", "holds")
    assert facts.from_table({"kind": "is_last", "arm": "VAE"}).sentence == "VAE is last."
    assert facts.from_table({"kind": "seeds_spread_below", "share": 0.1})
    with pytest.raises(UserError, match=r"facts\.kind='wins' is unknown; choose one of beats"):
        facts.from_table({"kind": "wins"})
    with pytest.raises(UserError, match=r"kind is_last takes arm \(str\), not {'of': 'a'}"):
        facts.from_table({"kind": "is_last", "of": "a"})
