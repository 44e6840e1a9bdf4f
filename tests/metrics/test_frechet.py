"""The Fréchet distance against golden and hand-computed values, and its invariances."""

import numpy as np
import pytest
from formula_features import AS_MANY, FAKE, REAL, WIDE_FAKE, WIDE_REAL, normal, rotation
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_jax.errors import UserError
from gan_jax.metrics import frechet, moments
from gan_jax.metrics.moments import Moments

R, F = moments.of(REAL), moments.of(FAKE)
SIZES = (16, 24, 32, 48, 64)


def of_normal(mean, covariance):
    """The moments of a normal law."""
    return Moments(2, np.asarray(mean, float), np.asarray(covariance, float))


def test_golden_values():
    assert frechet.distance(R, F) == pytest.approx(2.1901212530979475, rel=1e-9)
    assert frechet.of_features(REAL, FAKE) == pytest.approx(2.1901212530979475, rel=1e-9)
    assert frechet.of_features(REAL, AS_MANY) == pytest.approx(2.2049973526388147, rel=1e-9)
    assert frechet.of_features(WIDE_REAL, WIDE_FAKE) == pytest.approx(40.64878653608311, rel=1e-9)
    assert ((R.mean - F.mean) ** 2).sum() == pytest.approx(1.9557147770160062, rel=1e-9)


def test_normal_laws_have_their_hand_computed_distance():
    a = of_normal([0, 0], [[2, 0.5], [0.5, 1]])
    b = of_normal([1, 2], [[1, -0.3], [-0.3, 3]])
    assert frechet.distance(a, b) == pytest.approx(5.929311854967773, rel=1e-9)
    unit, wide = of_normal(np.zeros(4), np.eye(4)), of_normal(np.eye(4)[0], 4 * np.eye(4))
    assert frechet.distance(unit, wide) == pytest.approx(1 + 4 * (2 - 1) ** 2, rel=1e-12)


def test_a_distance_to_itself_is_zero():
    assert frechet.distance(R, R) == pytest.approx(0, abs=1e-12)
    assert frechet.of_features(WIDE_REAL, WIDE_REAL) == pytest.approx(0, abs=1e-12)


@settings(max_examples=10, deadline=None)
@given(st.floats(0.1, 10), st.floats(-5, 5))
def test_it_is_symmetric_ignores_motions_and_scales_by_the_square(scale, shift):
    for x, y in ((REAL, FAKE), (WIDE_REAL, WIDE_FAKE)):
        expected = frechet.of_features(x, y)
        turn = rotation(x.shape[1])
        assert frechet.of_features(y, x) == pytest.approx(expected, rel=1e-9)
        moved = frechet.of_features(x @ turn + shift, y @ turn + shift)
        assert moved == pytest.approx(expected, rel=1e-9)
        scaled = frechet.of_features(scale * x, scale * y)
        assert scaled == pytest.approx(scale**2 * expected, rel=1e-9)


@pytest.mark.parametrize(("n", "m"), [(8, 30), (30, 8), (5, 40), (9, 9)])
def test_features_and_moments_agree_on_both_sides_of_the_dimension(n, m):
    """The nuclear norm takes over at d samples; the one of many rows is folded to d."""
    x, y = REAL[:n], FAKE[:m]
    by_moments = frechet.distance(moments.of(x), moments.of(y))
    assert frechet.of_features(x, y) == pytest.approx(by_moments, rel=1e-6)
    if n <= 8:
        assert frechet.of_features(x, y) == pytest.approx(frechet.of_features(y, x), rel=1e-12)


def test_a_known_root_changes_nothing():
    known = frechet.root(R.covariance)
    np.testing.assert_allclose(known @ known, R.covariance, atol=1e-14)
    assert frechet.distance(R, F, known) == frechet.distance(R, F)


def test_the_golden_line_of_prefixes():
    value, slope = frechet.extrapolated(R, AS_MANY, SIZES)
    assert value == pytest.approx(1.9204809025862604, rel=1e-9)
    assert slope == pytest.approx(12.943694065743896, rel=1e-9)


def test_the_limit_is_the_mean_over_permutations():
    found = frechet.infinity(REAL, AS_MANY, seed=3, sizes=SIZES, permutations=4)
    draw = np.random.default_rng(3)
    lines = [frechet.extrapolated(R, AS_MANY[draw.permutation(64)], SIZES) for _ in range(4)]
    values, slopes = np.array(lines).T
    assert found.value == pytest.approx(values.mean(), rel=1e-12)
    assert found.slope == pytest.approx(slopes.mean(), rel=1e-12)
    assert found.error == pytest.approx(values.std(ddof=1) / 2, rel=1e-12)
    assert found == frechet.infinity(REAL, AS_MANY, seed=3, sizes=SIZES, permutations=4)


def test_the_limit_takes_fifteen_sizes_from_a_tenth_or_the_dimension_on(monkeypatch):
    seen = []
    line = frechet.extrapolated
    monkeypatch.setattr(
        frechet, "extrapolated", lambda *args: (seen.append(args[2]), line(*args))[1]
    )
    frechet.infinity(REAL, normal(0, 300, 8), seed=0, permutations=2)
    frechet.infinity(REAL, normal(0, 50, 8), seed=0, permutations=2)
    assert seen[0] == seen[1]
    assert (len(seen[0]), seen[0][0], seen[0][-1]) == (15, 30, 300)
    assert (len(seen[2]), seen[2][0], seen[2][-1]) == (15, 9, 50)


def test_the_limit_has_no_bias_of_the_fakes():
    """So many real samples have nearly the moments of the law: the distance is the fakes' bias."""
    law = normal(0, 20_000, 8)
    found = [frechet.infinity(law, normal(1 + i, 400, 8), seed=0) for i in range(10)]
    biased = [frechet.of_features(law, normal(1 + i, 400, 8)) for i in range(10)]
    one_sided = frechet.bias(np.eye(8), 400) / 2
    assert np.mean(biased) == pytest.approx(one_sided, rel=0.1)
    assert abs(np.mean([limit.value for limit in found])) < 0.15 * one_sided


@pytest.mark.parametrize(
    ("sizes", "said"),
    [
        ([64], "two numbers or more"),
        ([16, 16, 64], "that increase"),
        ([1, 64], "from 2 on"),
        ([16, 65], "largest size is 65, but there are 64 fakes"),
    ],
)
def test_sizes_that_make_no_line_are_refused(sizes, said):
    with pytest.raises(UserError, match=said):
        frechet.infinity(REAL, AS_MANY, seed=0, sizes=sizes)


def test_one_permutation_has_no_error():
    with pytest.raises(UserError, match="2 or more permutations, not 1"):
        frechet.infinity(REAL, AS_MANY, seed=0, permutations=1)


def test_golden_values_of_the_bias():
    assert frechet.bias(np.eye(16), 1) == pytest.approx(168, rel=1e-12)
    assert frechet.bias(R.covariance, 64) == pytest.approx(0.45509348591794285, rel=1e-9)
    singular = frechet.bias(np.diag([1.0, 1, 0, 0]), 1)
    assert singular == pytest.approx(frechet.bias(np.eye(2), 1), rel=1e-12)


def test_samples_of_one_law_lie_as_far_as_the_bias_says():
    """The mean of 40 draws at n = 1,000 has a standard error of 2 %."""
    covariance = np.diag([4.0, 2, 1, 0.5, 0.25, 0.1])
    spread = np.sqrt(covariance)
    draws = [(normal(i, 1000, 6) @ spread, normal(99 + i, 1000, 6) @ spread) for i in range(40)]
    found = np.mean([frechet.of_features(*draw) for draw in draws])
    assert found == pytest.approx(frechet.bias(covariance, 1000), rel=0.08)
