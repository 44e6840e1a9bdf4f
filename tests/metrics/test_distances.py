"""Blocks of squared distances against the differences of all pairs."""

import numpy as np
import pytest
from formula_features import FAKE, REAL, normal

from gan_jax.metrics import distances


def written_out(x, y):
    return ((x[:, None] - y) ** 2).sum(axis=2)


def whole(x, y):
    return np.concatenate([block for _, block in distances.squared(x, y)])


@pytest.mark.parametrize("most", [1, 47, 48, 100, 48 * 64, 10**6])
def test_blocks_make_up_all_pairs(monkeypatch, most):
    monkeypatch.setattr(distances, "MOST_NUMBERS", most)
    rows = [rows for rows, _ in distances.squared(REAL, FAKE)]
    assert np.concatenate([np.arange(64)[some] for some in rows]).tolist() == list(range(64))
    assert max(len(range(64)[some]) for some in rows) == min(64, max(1, most // 48))
    np.testing.assert_allclose(whole(REAL, FAKE), written_out(REAL, FAKE), rtol=1e-12)


@pytest.mark.parametrize("shift", [0, 1e6])
@pytest.mark.parametrize("near", [1e-4, 1e-7, 1e-10])
def test_near_copies_have_the_relative_accuracy_that_is_said(near, shift, monkeypatch):
    monkeypatch.setattr(distances, "MOST_NUMBERS", 700)
    x = normal(0, 50, 300) + shift
    y = np.concatenate([x + near * normal(1, 50, 300), 1e3 * normal(2, 5, 300) + shift])
    np.testing.assert_allclose(whole(x, y), written_out(x, y), rtol=distances.ACCURACY)


def test_features_far_from_zero_take_no_differences(monkeypatch):
    """They are centred first."""
    taken = []
    exact = distances.exact
    monkeypatch.setattr(
        distances, "exact", lambda *args: (taken.append(len(args[2])), exact(*args))[1]
    )
    found = whole(REAL + 1e6, FAKE + 1e6)
    np.testing.assert_allclose(found, written_out(REAL, FAKE), rtol=1e-7)
    assert sum(taken) == 0


def test_a_copy_is_at_distance_zero():
    x = normal(0, 40, 300) + 3
    found = whole(x, np.concatenate([x[::-1], FAKE[0, 0] + normal(1, 30, 300)]))
    assert (np.diag(found[:, 39::-1]) == 0).all()
    assert (found == 0).sum() == 40


@pytest.mark.parametrize("d", [1, 7, 8, 512, 1000])
def test_exact_distances_have_the_same_bits_in_any_call(d, monkeypatch):
    x, y = normal(0, 20, d), normal(1, 30, d)
    of_x, of_y = (index.ravel() for index in np.indices((20, 30)))
    together = distances.exact(x, y, of_x, of_y)
    np.testing.assert_allclose(together, written_out(x, y).ravel(), rtol=1e-13)
    alone = [distances.exact(x, y, of_x[i : i + 1], of_y[i : i + 1])[0] for i in range(600)]
    np.testing.assert_array_equal(alone, together)
    np.testing.assert_array_equal(distances.exact(y, x, of_y, of_x), together)
    monkeypatch.setattr(distances, "MOST_NUMBERS", 3 * d)
    np.testing.assert_array_equal(distances.exact(x, y, of_x, of_y), together)


@pytest.mark.parametrize("most", [700, 10**6])
def test_settling_makes_ties_of_distances_that_rounding_told_apart(most, monkeypatch):
    monkeypatch.setattr(distances, "MOST_NUMBERS", most)
    x = normal(0, 60, 100)
    expected = written_out(x, x)
    bounds = np.sort(expected, axis=1)[:, 3:4]  # each is the distance of one pair
    rounded = 0
    for rows, block in distances.squared(x, x):
        rounded += (block == bounds[rows]).sum()
        distances.settle(block, rows, x, x, bounds[rows])
        assert ((block == bounds[rows]).sum(axis=1) == 1).all()
        np.testing.assert_array_equal(block < bounds[rows], (expected < bounds)[rows])
    assert rounded < 60
