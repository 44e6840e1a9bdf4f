"""Sliced Wasserstein distances against golden values and laws with known ones."""

import numpy as np
import pytest
from formula_features import AS_MANY, FAKE, REAL, normal, rotation
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_jax.metrics import distances, sliced

ONE = np.ones((1, 1))


def formula_directions(count, d):
    i = np.arange(count)[:, None]
    v = np.cos(1 + 1.7 * i + np.arange(d) * (i + 1))
    return v / np.linalg.norm(v, axis=1, keepdims=True)


ALONG = formula_directions(16, 8)


def test_golden_values():
    assert sliced.squared(REAL, AS_MANY, ALONG) == pytest.approx(0.1656488131308276, rel=1e-9)
    assert sliced.squared(REAL, FAKE, ALONG) == pytest.approx(0.16530275701016642, rel=1e-9)
    assert sliced.mind(REAL, AS_MANY, ALONG) == pytest.approx(3.9755715151398627, rel=1e-9)
    shifted = sliced.squared(REAL[:, :1], REAL[:, :1] + 0.5, ONE)
    assert shifted == pytest.approx(0.25, rel=1e-9)


def test_unequal_counts_compare_quantiles():
    """Quantiles of {0, 3} and of {0, 1, 5}: widths 1/3, 1/6, 1/6 and 1/3 of 0, 1, 4 and 4."""
    x, y = np.array([[3.0], [0.0]]), np.array([[1.0], [5.0], [0.0]])
    assert sliced.squared(x, y, ONE) == pytest.approx(1 / 6 + 4 / 6 + 4 / 3, rel=1e-12)
    assert sliced.squared(y, x, ONE) == pytest.approx(1 / 6 + 4 / 6 + 4 / 3, rel=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 5), st.integers(1, 5))
def test_each_row_as_often_changes_nothing(a, b):
    x, y = np.repeat(REAL, a, axis=0), np.tile(FAKE, (b, 1))
    expected = sliced.squared(REAL, FAKE, ALONG)
    assert sliced.squared(x, y, ALONG) == pytest.approx(expected, rel=1e-10)


def test_a_distance_to_itself_is_zero_and_symmetric_and_scales_by_the_square():
    assert sliced.squared(REAL, REAL[::-1], ALONG) == pytest.approx(0, abs=1e-28)
    expected = sliced.squared(REAL, FAKE, ALONG)
    assert sliced.squared(FAKE, REAL, ALONG) == pytest.approx(expected, rel=1e-12)
    assert sliced.squared(3 * REAL, 3 * FAKE, ALONG) == pytest.approx(9 * expected, rel=1e-12)
    turn = rotation(8)
    turned = sliced.squared(REAL @ turn, FAKE @ turn, ALONG @ turn)
    assert turned == pytest.approx(expected, rel=1e-10)


def test_a_shifted_law_lies_at_the_mean_of_its_projections():
    """|mu|^2 / d over all directions; by 4,000 of them within 5 %."""
    shift = np.array([1.0, -2, 0, 0.5, 0, 0, 3, 0])
    along = sliced.directions(4000, 8, seed=0)
    found = sliced.squared(REAL, REAL + shift, along)
    assert found == pytest.approx((along @ shift).var() + (along @ shift).mean() ** 2, rel=1e-9)
    assert found == pytest.approx((shift**2).sum() / 8, rel=0.05)


def test_directions_are_unit_vectors_of_no_preference():
    found = sliced.directions(5000, 3, seed=1)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-14)
    np.testing.assert_allclose(found.T @ found / 5000, np.eye(3) / 3, atol=0.02)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=0.04)
    np.testing.assert_array_equal(found, sliced.directions(5000, 3, seed=1))


@pytest.mark.parametrize("most", [1, 113, 500, 5000])
def test_any_size_of_blocks_gives_the_same(monkeypatch, most):
    expected = sliced.squared(REAL, FAKE, ALONG)
    monkeypatch.setattr(distances, "MOST_NUMBERS", most)
    assert sliced.squared(REAL, FAKE, ALONG) == pytest.approx(expected, rel=1e-12)


def test_equal_laws_come_near_with_more_samples():
    far, near = (
        np.mean([sliced.squared(normal(i, n, 8), normal(50 + i, n, 8), ALONG) for i in range(10)])
        for n in (50, 500)
    )
    assert near < far / 5
