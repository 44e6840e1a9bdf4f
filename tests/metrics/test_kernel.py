"""Kernel distances against golden values and sums written out."""

import numpy as np
import pytest
from formula_features import AS_MANY, FAKE, REAL, normal, rotation
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_jax.errors import UserError
from gan_jax.metrics import distances, kernel


def unit(x):
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def test_golden_values():
    assert kernel.distance(REAL, FAKE) == pytest.approx(0.8771373746992932, rel=1e-9)
    assert kernel.distance(REAL, AS_MANY) == pytest.approx(0.8888730712342379, rel=1e-9)
    assert kernel.biased(REAL, FAKE) == pytest.approx(0.9775035840258153, rel=1e-9)
    assert kernel.cmmd(REAL, FAKE) == pytest.approx(18.660023706045912, rel=1e-9)
    assert kernel.cmmd(unit(REAL), unit(FAKE)) == pytest.approx(4.121564541985423, rel=1e-9)


def test_golden_values_of_blocks():
    assert kernel.of_blocks(REAL, AS_MANY, 4).mean() == pytest.approx(0.661140172579034, rel=1e-9)
    found = kernel.with_error(REAL, AS_MANY, blocks=4)
    assert found.error == pytest.approx(0.04006699240100953, rel=1e-9)
    assert found.value == kernel.distance(REAL, AS_MANY)


def test_blocks_are_disjoint_and_in_order():
    found = kernel.of_blocks(REAL, FAKE, 4)
    expected = [
        kernel.distance(REAL[16 * i : 16 * i + 16], FAKE[12 * i : 12 * i + 12]) for i in range(4)
    ]
    np.testing.assert_array_equal(found, expected)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 64 * 64))
def test_any_size_of_blocks_gives_the_same(most):
    expected = [f(REAL, FAKE) for f in (kernel.distance, kernel.biased, kernel.cmmd)]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(distances, "MOST_NUMBERS", most)
        found = [f(REAL, FAKE) for f in (kernel.distance, kernel.biased, kernel.cmmd)]
    assert found == pytest.approx(expected, rel=1e-12)


def test_pairs_of_two_points_are_summed_by_hand():
    """k(x, y) = (xy + 1)^3 in one dimension: k(0, 1) = 1, k(2, 3) = 343, and four between."""
    x, y = np.array([[0.0], [1.0]]), np.array([[2.0], [3.0]])
    between = (1 + 1 + 27 + 64) / 4
    assert kernel.distance(x, y) == pytest.approx(1 + 343 - 2 * between, rel=1e-12)
    of_x, of_y = (1 + 1 + 1 + 8) / 4, (125 + 343 + 343 + 1000) / 4
    assert kernel.biased(x, y) == pytest.approx(of_x + of_y - 2 * between, rel=1e-12)


def test_it_is_symmetric_and_ignores_rotations():
    turn = rotation(8)
    for f in (kernel.distance, kernel.biased, kernel.cmmd):
        assert f(FAKE, REAL) == pytest.approx(f(REAL, FAKE), rel=1e-12)
        assert f(REAL @ turn, FAKE @ turn) == pytest.approx(f(REAL, FAKE), rel=1e-9)


def test_a_biased_distance_to_itself_is_zero():
    assert kernel.biased(REAL, REAL) == pytest.approx(0, abs=1e-12)
    assert kernel.cmmd(REAL, REAL) == pytest.approx(0, abs=1e-9)


def test_the_distance_is_unbiased_and_the_biased_one_is_not():
    """400 draws of one law: within four standard errors of 0, on both sides of it."""
    draws = [(normal(i, 12, 4), normal(1000 + i, 20, 4)) for i in range(400)]
    found = np.array([kernel.distance(*draw) for draw in draws])
    error = found.std(ddof=1) / 20
    assert abs(found.mean()) < 4 * error
    assert 0.2 < (found < 0).mean() < 0.8
    assert np.mean([kernel.biased(*draw) for draw in draws]) > 20 * error


def test_the_error_is_that_of_the_value_or_a_little_more():
    draws = [(normal(i, 100, 4), 0.5 + normal(1000 + i, 100, 4)) for i in range(60)]
    found = [kernel.with_error(*draw, blocks=5) for draw in draws]
    spread = np.std([estimate.value for estimate in found], ddof=1)
    error = np.sqrt(np.mean([estimate.error**2 for estimate in found]))
    assert 0.8 * spread < error < 2 * spread
    with pytest.raises(UserError, match="2 or more blocks, not 1"):
        kernel.with_error(REAL, FAKE, blocks=1)


def test_scaled_features_have_the_size_of_the_real_ones():
    real, fake = kernel.scaled(7 * REAL + 1, 7 * FAKE)
    assert np.square(real).mean() == pytest.approx(1, rel=1e-12)
    np.testing.assert_allclose(fake / FAKE, real[0, 0] * 7 / (7 * REAL[0, 0] + 1), rtol=1e-12)
    np.testing.assert_allclose(kernel.scaled(3 * REAL, 3 * FAKE)[1], kernel.scaled(REAL, FAKE)[1])
    with pytest.raises(UserError, match="0 in all real samples"):
        kernel.scaled(np.zeros((3, 2)), np.ones((3, 2)))
