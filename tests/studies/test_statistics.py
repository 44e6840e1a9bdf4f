"""Statistics of a study against values computed by hand."""

import itertools
import math
import re

import numpy as np
import pytest
from made_rows import row, search, seeds, study
from scipy.stats import kendalltau

from gan_jax.errors import UserError
from gan_jax.evaluation import tables as scores
from gan_jax.studies.answers import (
    budgets,
    comparisons,
    directions,
    outcomes,
    permutation,
    ranks,
    sensitivity,
    summary,
)


def costs(**arms):
    return {arm: dict(enumerate(values, 1)) for arm, values in arms.items()}


def test_the_better_end_of_a_metric_is_that_of_the_caption_of_scores():
    lower, higher, _ = re.split(r": (?:lower|higher) is better[;:] ?", scores.CAPTION)
    names = [re.findall(r"[a-z_]+", re.sub(r"\(.*?\)", "", part)) for part in (lower, higher)]
    assert set(names[0]) == {n for n in directions.LOWER if "/" not in n}
    assert set(names[1]) <= set(directions.HIGHER)
    assert directions.sign("fd/patches-1/5000train/100/averaged") == directions.sign("kd") == 1
    assert directions.sign("coverage/modes") == directions.sign("recall") == -1
    assert directions.sign("coverage/jensen_shannon") == 1
    with pytest.raises(UserError, match="Neither more nor less of 'one_nn' is better"):
        directions.sign("one_nn")


def test_a_summary_has_hand_computed_values():
    found = summary.of_costs([1.0, 2.0, 3.0, 6.0], 1)
    assert (found.runs, found.failures, found.mean, found.median, found.best) == (4, 0, 3, 2.5, 1)
    assert found.deviation == pytest.approx(math.sqrt(14 / 3), rel=1e-12)
    assert 1 <= found.low < 2 < 3.9 < found.high <= 6
    assert found == summary.of_costs([6.0, 1.0, 3.0, 2.0], 1)._replace(
        low=found.low, high=found.high
    )


def test_failed_runs_are_counted_and_enter_the_median_alone():
    found = summary.of_costs([2.0, math.inf, 4.0, math.inf, math.inf], 1)
    assert (found.runs, found.failures, found.mean, found.best) == (5, 3, 3.0, 2.0)
    assert found.median == math.inf and math.isnan(found.low)
    of_none = summary.of_costs([math.inf], 1)
    assert of_none.failures == 1 and math.isnan(of_none.mean) and math.isnan(of_none.best)
    more = summary.of_costs([-0.9, -0.5, math.inf], -1)
    assert (more.mean, more.median, more.best) == pytest.approx((0.7, 0.5, 0.9), rel=1e-12)


def test_fewer_than_three_seeds_have_no_interval():
    assert math.isnan(summary.of_costs([1.0, 2.0], 1).low)
    assert not math.isnan(summary.of_costs([1.0, 2.0, 4.0], 1).low)


def test_the_sign_flip_test_counts_flips():
    zero, one = np.zeros(3), np.array([1.0, 2.0, 3.0])
    assert permutation.sign_flip(one, zero) == 2 / 8
    assert permutation.sign_flip(one, zero, "greater") == 1 / 8
    assert permutation.sign_flip(one, zero, "less") == 1
    # of the flips of 1, 2, -3 (sum 0) those with a sum of at most 0 are 5 of 8
    mixed = np.array([1.0, 2.0, -3.0])
    assert permutation.sign_flip(mixed, zero) == 1
    assert permutation.sign_flip(mixed, zero, "greater") == 5 / 8
    assert permutation.sign_flip(zero, zero) == permutation.sign_flip(one[:1], zero[:1]) == 1


def test_the_sign_flip_test_is_exact_up_to_14_pairs_and_repeatable_beyond():
    x = np.arange(1.0, 15)
    assert permutation.sign_flip(x, 0 * x) == 2 / 2**14
    x = np.arange(1.0, 41)
    assert permutation.sign_flip(x, 0 * x) == 2 / (1 + permutation.MOST_FLIPS)
    rng = np.random.default_rng(5)
    a, b = rng.normal(size=(2, 20))
    found = permutation.sign_flip(a, b)
    assert 0.1 < found < 1 and found == permutation.sign_flip(a, b)
    order = rng.permutation(12)
    exact = permutation.sign_flip(a[:12], b[:12])
    assert exact == permutation.sign_flip(a[:12][order], b[:12][order])
    assert exact == permutation.sign_flip(b[:12], a[:12])
    flips = np.array(list(itertools.product((1, -1), repeat=12))) @ (a[:12] - b[:12])
    assert exact == pytest.approx(np.mean(np.abs(flips) >= abs(flips[0]) - 1e-9), abs=1e-12)


def test_holms_correction_by_hand():
    assert comparisons.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert comparisons.holm([0.5, 0.6]) == [1.0, 1.0]
    assert comparisons.holm([0.2]) == [0.2] and comparisons.holm([]) == []


def test_arms_are_compared_in_pairs_of_equal_seeds():
    found = comparisons.paired(costs(a=[1, 2, 3, 4], b=[2, 4, 6, 8], c=[1, 2, 3, 4]), 1)
    assert [(c.first, c.second) for c in found] == [("a", "b"), ("a", "c"), ("b", "c")]
    first, same, _ = found
    assert (first.difference, first.pairs, first.both) == (-2.5, 4, 4)
    assert -4 <= first.low < -2.5 < first.high <= -1
    assert (first.p, first.adjusted) == (2 / 16, 3 * 2 / 16)
    assert (same.p, same.adjusted, same.difference) == (1, 1, 0)
    (turned,) = comparisons.paired(costs(a=[-1, -2, -3], b=[-2, -4, -6]), -1)
    assert turned.difference == -2 and turned.p == 0.25
    with pytest.raises(UserError, match=r"'a' and 'b' have different seeds \(not in both: 3\)"):
        comparisons.paired(costs(a=[1, 2, 3], b=[1, 2]), 1)


def test_seeds_are_paired_by_their_numbers_not_by_their_order():
    ordered = {"a": {1: 1.0, 2: 2.0, 3: 9.0}, "b": {1: 1.5, 2: 2.5, 3: 9.5}}
    shuffled = {"a": ordered["a"], "b": {3: 9.5, 1: 1.5, 2: 2.5}}
    assert comparisons.paired(ordered, 1) == comparisons.paired(shuffled, 1)
    assert comparisons.paired(ordered, 1)[0].p == 0.25


def test_a_failed_run_is_worse_than_any_in_a_comparison():
    inf = math.inf
    (found,) = comparisons.paired(costs(a=[1, 2, 3], b=[inf, inf, inf]), 1)
    assert (found.p, found.both) == (0.25, 0) and math.isnan(found.difference)
    (found,) = comparisons.paired(costs(a=[1, 2, 3, 4], b=[2, 3, 4, inf]), 1)
    assert (found.p, found.both, found.difference) == (2 / 16, 3, -1)
    (found,) = comparisons.paired(costs(a=[inf, 1], b=[inf, 1]), 1)
    assert found.p == 1 and math.isnan(found.low)


def test_ranks_and_kendalls_tau_by_hand():
    found = ranks.mean_ranks(costs(a=[1, 5], b=[2, 5], c=[math.inf, 1], d=[math.inf, 9]))
    assert found == {"a": (1 + 2.5) / 2, "b": (2 + 2.5) / 2, "c": (3.5 + 1) / 2, "d": 3.75}
    reference = {"a": 6.7, "b": 6.8, "c": 9.8, "d": 23.8, "e": 1.0}
    same = ranks.agreement({"a": 1, "b": 2, "c": 3, "d": 4}, reference)
    assert same == (1.0, 2 / 24, 4)
    # one pair of six is the other way about
    one = ranks.agreement({"a": 2, "b": 1, "c": 3, "d": 4}, reference)
    assert one.tau == pytest.approx(4 / 6) and one.p == pytest.approx(2 * 4 / 24)
    tied = ranks.agreement({"a": 1, "b": 1, "c": 2, "d": 3}, reference)
    assert tied.tau == pytest.approx(5 / math.sqrt(5 * 6))
    with pytest.raises(UserError, match="have 2 arms in common"):
        ranks.agreement({"a": 1, "b": 2}, reference)


def test_the_p_value_of_tau_is_scipys_where_nothing_is_tied():
    order = [3, 1, 2, 5, 4, 8, 6, 7]
    names = "abcdefgh"
    found = ranks.agreement(
        dict(zip(names, order, strict=True)), dict(zip(names, range(8), strict=True))
    )
    expected = kendalltau(order, range(8), method="exact")
    assert found.tau == pytest.approx(expected.statistic, rel=1e-12)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-9)


def test_the_expected_best_of_k_is_that_of_all_draws():
    values = [5.0, 1.0, 3.0, 10.0]
    by_hand = [
        np.mean([min(drawn) for drawn in itertools.combinations(values, k)]) for k in range(1, 5)
    ]
    assert by_hand == pytest.approx([4.75, (1 + 1 + 1 + 3 + 3 + 5) / 6, 1.5, 1.0])
    assert budgets.expected_best(values) == pytest.approx(by_hand, rel=1e-12)
    assert budgets.expected_best([3.0, 10.0, 5.0, 1.0]) == pytest.approx(by_hand, rel=1e-12)


def test_a_draw_of_failed_settings_alone_has_no_best():
    found = budgets.expected_best([2.0, math.inf, math.inf, 4.0])
    assert found[:2].tolist() == [math.inf, math.inf]
    # of three at least one finished: 2 in three draws of four
    assert found[2:] == pytest.approx([(3 * 2 + 4) / 4, 2.0])
    band = budgets.budget([2.0, math.inf, 4.0])
    assert band.low[2] == 2.0 and band.high[0] == math.inf


def test_the_band_holds_the_expectation_and_stays_among_the_values():
    values = np.random.default_rng(0).uniform(1, 9, 12).tolist()
    found = budgets.budget(values)
    assert found == budgets.budget(values)
    for middle, low, high in zip(*found, strict=True):
        assert min(values) <= low <= middle <= high <= max(values)
    assert sorted(found.expected, reverse=True) == found.expected


def test_the_sensitivity_to_a_number_is_spearmans_and_to_a_category_a_share():
    settings = [{"rate": 10.0**-i, "norm": "ab"[i % 2], "same": 1} for i in range(4)]
    rate, norm = sensitivity.of_fields(settings, [1.0, 2.0, 3.0, 400.0], 1)
    assert rate == ("rate", "rho", pytest.approx(-1.0), pytest.approx(2 / 24), 4)
    # ranks 1, 3 of a and 2, 4 of b: between 2 * 2 * 0.5^2 = 1 of 5
    assert norm[:3] == ("norm", "eta squared", pytest.approx(1 / 5)) and norm.settings == 4
    turned, _ = sensitivity.of_fields(settings, [1.0, 2.0, 3.0, 400.0], -1)
    assert turned.value == pytest.approx(1.0)
    exact = sensitivity.of_fields(
        [{"n": v} for v in ("x", "x", "y", "y", True)], [1, 2, 3, 4, math.inf], 1
    )[0]
    # ranks in groups (1, 2), (3, 4), 5: 10 - 1 of 10
    assert (exact.measure, exact.value) == ("eta squared", pytest.approx(9 / 10))


def test_a_field_that_some_settings_lack_is_judged_by_the_others():
    (found,) = sensitivity.of_fields([{}, {"k": 1}, {"k": 2}, {"k": 3}], [9, 1, 2, 3], 1)
    assert (found.value, found.settings) == (pytest.approx(1.0), 3)
    (flat,) = sensitivity.of_fields([{"k": 1}, {"k": 2}], [math.inf, math.inf], 1)
    assert (flat.value, flat.p) == (0.0, 1.0)


def test_spreads_by_hand():
    final = costs(a=[9, 11, math.inf], b=[20, 22], c=[5])
    found = sensitivity.spreads(final, {"a": {"x": 10, "y": 40, "z": math.inf}, "b": {"x": 1}})
    a = found.by_arm["a"]
    assert (a.seeds, a.settings) == (pytest.approx(2**0.5), pytest.approx(450**0.5))
    assert a.relative == pytest.approx(2**0.5 / 10) and a.ratio == pytest.approx(15.0)
    assert math.isnan(found.by_arm["b"].settings) and math.isnan(found.by_arm["c"].seeds)
    assert found.arms == pytest.approx(np.std([10, 21, 5], ddof=1))


def test_wider_groups_are_told_by_their_distances_from_the_median():
    wide, narrow = [[0.0, 10.0, 20.0, 30.0]], [[100.0, 101.0, 102.0, 103.0]]
    # 5 and 15 against 0.5 and 1.5, twice each: one of C(8, 4) ways is as extreme
    assert sensitivity.wider(wide, narrow) == pytest.approx(1 / 70)
    assert sensitivity.wider(narrow, wide) == 1.0
    failed = [[1.0, 1.0, math.inf, math.inf]]
    # two of four beyond all others: C(4, 2) of C(8, 4) splits have both
    assert sensitivity.wider(failed, [[1.0] * 4]) == pytest.approx(15 / 70)
    assert sensitivity.wider([[1.0]], narrow) == 1.0
    # from the median 1: 1, 0, 99; from the mean all would be beyond 20
    assert sensitivity.wider([[0.0, 1.0, 100.0]], [[0.0, 40.0]]) == pytest.approx(8 / 10)


def test_costs_of_rows_turn_scores_and_make_failures_infinite():
    rows = [*seeds("a", [1.0, None, 3.0]), *search("a", [0.5]), row("b", 2.0, 1, state="running")]
    assert outcomes.by_seed(outcomes.reported_rows(rows, "fd"), "fd") == {
        "a": {1: 1.0, 2: math.inf, 3: 3.0}
    }
    assert outcomes.searched(rows, "fd") == {"a": {"a": 0.5}}
    assert outcomes.cost(row("a", 0.25, metric="recall"), "recall") == -0.25
    assert outcomes.cost(row("a", math.nan), "fd") == math.inf
    assert outcomes.cost(row("a", 1.0), "kd") == math.inf
    with pytest.raises(UserError, match="seed 0 twice"):
        outcomes.by_seed([row("a", 1.0), row("a", 2.0)], "fd")


def test_the_reported_setting_is_that_of_the_final_seeds():
    assert outcomes.reported(study(), "fd") == {"VAE": "b", "WGAN": "a", "NS": "b"}
    grid = [*seeds("a", [1.0, 9.0, 9.0]), *seeds("a", [2.0, 3.0, 50.0], setting="b")]
    assert outcomes.reported(grid, "fd") == {"a": "b"}
    assert [r.setting for r in outcomes.reported_rows(grid, "fd")] == ["b"] * 3
    assert outcomes.reported(search("a", [3.0, 1.0, None]), "fd") == {"a": "b"}


def test_scores_of_two_protocols_are_refused():
    rows = [row("a", 1.0), row("b", None, protocol=""), row("b", 2.0, protocol="another")]
    assert outcomes.common_protocol(rows[:2]) == rows[0].protocol
    assert outcomes.common_protocol([]) == ""
    with pytest.raises(UserError, match=r"not comparable.*another"):
        outcomes.common_protocol(rows)
