"""Moments against NumPy's own, merged in any order."""

from functools import reduce

import numpy as np
import pytest
from formula_features import REAL
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_jax.metrics import moments

WHOLE = moments.of(REAL)


def assert_equal(found, expected):
    assert found.count == expected.count
    np.testing.assert_allclose(found.mean, expected.mean, rtol=0, atol=1e-15)
    np.testing.assert_allclose(found.m2, expected.m2, rtol=0, atol=1e-13)


def test_golden_values():
    assert WHOLE.count == 64
    assert WHOLE.mean[0] == pytest.approx(0.01840241922788513, rel=1e-9)
    assert WHOLE.covariance[0, 0] == pytest.approx(0.6095194001058165, rel=1e-9)
    assert WHOLE.covariance[0, 1] == pytest.approx(0.09360094521963919, rel=1e-9)


def test_the_covariance_is_that_of_numpy():
    np.testing.assert_allclose(WHOLE.covariance, np.cov(REAL, rowvar=False), rtol=1e-12)
    assert moments.of(REAL[:1]).m2.tolist() == np.zeros((8, 8)).tolist()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 63), unique=True, max_size=6), st.randoms(use_true_random=False))
def test_parts_merge_in_any_order_to_the_whole(cuts, random):
    parts = np.split(REAL, sorted(cuts))
    random.shuffle(parts)
    assert_equal(moments.streamed(parts), WHOLE)
    assert_equal(reduce(moments.merge, map(moments.of, reversed(parts))), WHOLE)


def test_merging_is_associative():
    a, b, c = (moments.of(part) for part in (REAL[:20], REAL[20:21], REAL[21:]))
    assert_equal(moments.merge(a, moments.merge(b, c)), WHOLE)
    assert_equal(moments.merge(moments.merge(a, b), c), WHOLE)


def test_a_far_mean_costs_no_digits():
    """Sums of squares would lose all of them."""
    far = moments.streamed([REAL[:20] + 1e7, REAL[20:] + 1e7])
    np.testing.assert_allclose(far.covariance, WHOLE.covariance, rtol=0, atol=1e-8)


def test_parts_may_come_one_at_a_time():
    assert_equal(moments.streamed(REAL[i : i + 1] for i in range(64)), WHOLE)
