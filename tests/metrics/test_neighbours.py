"""Neighbours and their scores against golden values and distances written out."""

import numpy as np
import pytest
from formula_features import FAKE, REAL, normal, rotation
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_jax.metrics import distances, neighbours

SEEN, HELD_OUT = REAL[:32], REAL[32:]


def written_out(x, y):
    return np.sqrt(((x[:, None] - y) ** 2).sum(axis=2))


def test_golden_values_of_the_two_sample_test():
    found = neighbours.two_sample(REAL, FAKE)
    assert found == pytest.approx((0.8839285714285714, 0.921875, 0.8333333333333334), rel=1e-9)
    assert neighbours.two_sample(REAL, REAL + 1e-9) == (0, 0, 0)


def test_golden_values_of_authenticity():
    assert neighbours.authenticity(REAL, FAKE) == pytest.approx(0.8125, rel=1e-9)
    assert neighbours.authenticity(REAL, REAL + 1e-9) == 0
    assert neighbours.authenticity(REAL, REAL) == 0


def test_golden_values_of_copying():
    found = neighbours.copying(SEEN, HELD_OUT, FAKE)
    assert found == pytest.approx(6.467080769601966, rel=1e-9)
    copies = neighbours.copying(SEEN, HELD_OUT, SEEN)
    assert copies == pytest.approx(-6.867989213834436, rel=1e-9)


def test_the_golden_value_of_giqa():
    assert neighbours.giqa(REAL, FAKE).mean() == pytest.approx(0.46099758370768695, rel=1e-9)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 64 * 64), st.integers(1, 40))
def test_neighbours_are_those_of_all_distances_for_any_size_of_blocks(most, k):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(distances, "MOST_NUMBERS", most)
        found, others = neighbours.nearest(FAKE, REAL, k), neighbours.nearest_others(REAL, k)
    expected = written_out(FAKE, REAL)
    np.testing.assert_array_equal(found.numbers, expected.argsort(axis=1, kind="stable")[:, :k])
    np.testing.assert_array_equal(found.distances, np.sort(expected, axis=1)[:, :k])
    expected = written_out(REAL, REAL)
    np.fill_diagonal(expected, np.inf)
    np.testing.assert_array_equal(others.numbers, expected.argsort(axis=1, kind="stable")[:, :k])
    np.testing.assert_array_equal(others.distances, np.sort(expected, axis=1)[:, :k])


def test_of_equal_rows_each_is_the_others_neighbour_and_the_first_is_taken():
    x = normal(0, 30, 200)
    thrice = np.concatenate([x, x, x])
    found = neighbours.nearest_others(thrice, 3)
    assert (found.distances[:, :2] == 0).all()
    assert (found.distances[:, 2] > 1).all()
    assert found.numbers[0, :2].tolist() == [30, 60]
    assert found.numbers[31, :2].tolist() == [1, 61]
    assert neighbours.nearest(x, thrice).numbers[:, 0].tolist() == list(range(30))
    assert (neighbours.nearest(thrice, x, 1).distances == 0).all()


def test_equally_near_rows_come_in_their_order():
    """Points of a grid, whose distances are whole numbers and mostly ties."""
    x, y = np.random.default_rng(0).integers(0, 3, (2, 200, 6))
    squared = ((x[:, None] - y) ** 2).sum(axis=2)
    found = neighbours.nearest(x, y, 7)
    np.testing.assert_array_equal(found.numbers, squared.argsort(axis=1, kind="stable")[:, :7])
    np.testing.assert_array_equal(found.squared, np.sort(squared, axis=1)[:, :7])


def test_rows_that_are_all_equal_have_radius_zero():
    assert neighbours.radii(np.full((9, 4), 0.1), 5).tolist() == [0] * 9


def test_radii_are_distances_of_the_kth_other_row():
    line = np.array([[0.0], [1], [3], [7]])
    assert neighbours.radii(line, 1).tolist() == [1, 1, 2, 4]
    assert neighbours.radii(line, 2).tolist() == [3, 2, 3, 6]


def test_copies_have_infinite_quality():
    quality = neighbours.giqa(REAL, REAL[:2], k=1)
    assert np.isinf(quality).all()
    line = np.array([[0.0], [1], [3], [7]])
    assert neighbours.giqa(line, np.array([[5.0]]), k=2) == pytest.approx([1 / 4], rel=1e-12)
    assert neighbours.giqa(line, np.array([[2.0]]), k=3) == pytest.approx([2.25 / 3], rel=1e-12)


def test_a_set_that_is_far_is_told_apart_and_is_authentic():
    assert neighbours.two_sample(REAL, FAKE + 100) == (1, 1, 1)
    assert neighbours.authenticity(REAL, FAKE + 100) == 1


def test_a_fake_as_far_as_the_next_training_row_is_not_authentic():
    line = np.array([[0.0], [1], [3]])
    assert neighbours.authenticity(line, np.array([[2.0]])) == 0
    assert neighbours.authenticity(line, np.array([[2.0], [-1.5], [5.5], [6]])) == 3 / 4


def test_the_two_sample_test_takes_the_sides_in_either_order():
    total, real, fake = neighbours.two_sample(REAL, FAKE)
    assert neighbours.two_sample(FAKE, REAL) == pytest.approx((total, fake, real), rel=1e-12)


def test_equal_laws_are_neither_told_apart_nor_copied():
    """Means of 30 draws; their standard errors are .007, .006 and .18."""
    draws = [np.split(normal(i, 300, 5), 3) for i in range(30)]
    totals = [neighbours.two_sample(a, b).total for a, b, _ in draws]
    shares = [neighbours.authenticity(a, b) for a, b, _ in draws]
    z = [neighbours.copying(*parts) for parts in draws]
    assert np.mean(totals) == pytest.approx(0.5, abs=0.03)
    assert np.mean(shares) == pytest.approx(0.5, abs=0.06)
    assert np.mean(z) == pytest.approx(0, abs=0.8)
    assert 0.6 < np.std(z) < 2  # both sides share the training set


def test_copying_is_a_rank_test_with_ties_at_half():
    """Distances to the training row 0: fakes 1, 2, 2; held out 2, 3. U = 1/2 + 1/2 of 6 pairs."""
    train, held_out = np.zeros((2, 1)), np.array([[2.0], [3.0]])
    found = neighbours.copying(train, held_out, np.array([[1.0], [-2.0], [2.0]]))
    assert found == pytest.approx((1 - (3 - 0.5)) / np.sqrt(6 * 6 / 12), rel=1e-12)


def test_rotations_and_scales_change_no_share():
    turn = 3 * rotation(8)
    real, fake = REAL @ turn + 1, FAKE @ turn + 1
    assert neighbours.two_sample(real, fake) == neighbours.two_sample(REAL, FAKE)
    assert neighbours.authenticity(real, fake) == neighbours.authenticity(REAL, FAKE)
    np.testing.assert_allclose(neighbours.radii(real, 3), 3 * neighbours.radii(REAL, 3), rtol=1e-9)
