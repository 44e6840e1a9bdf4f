"""Precision, recall, density and coverage against golden values, ties among them."""

import numpy as np
import pytest
from formula_features import FAKE, REAL, normal, rotation
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_jax.errors import UserError
from gan_jax.metrics import distances, neighbours, support

GOLDEN = {
    3: (0.5208333333333334, 0.1875, 0.2777777777777778, 0.28125),
    5: (1.0, 0.546875, 1.6666666666666667, 0.9375),
}


@pytest.mark.parametrize("k", GOLDEN)
def test_golden_values(k):
    assert support.overlap(REAL, FAKE, k, k) == pytest.approx(GOLDEN[k], rel=1e-9)


def test_closed_and_open_balls_have_neighbours_of_their_own():
    expected = (*GOLDEN[3][:2], *GOLDEN[5][2:])
    assert support.overlap(REAL, FAKE) == pytest.approx(expected, rel=1e-9)
    expected = (*GOLDEN[5][:2], *GOLDEN[3][2:])
    assert support.overlap(REAL, FAKE, 5, 3) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("order", [np.arange(64), np.random.default_rng(0).permutation(64)])
def test_real_samples_against_themselves_lie_on_spheres_and_open_balls_leave_them_out(order):
    """A ball holds its centre and the two nearest; the third nearest is on its sphere."""
    assert support.overlap(REAL, REAL[order], 3, 3) == (1, 1, 1, 1)
    squared = neighbours.nearest_others(REAL, 3).squared[:, 2:]
    for rows, block in distances.squared(REAL, REAL[order]):
        distances.settle(block, rows, REAL, REAL[order], squared[rows])
        assert (block <= squared[rows]).sum(axis=0).mean() / 3 == pytest.approx(4 / 3, rel=1e-12)


def test_ties_are_ties_in_many_dimensions_too():
    x = normal(0, 70, 300)
    assert support.overlap(x, x[::-1], 3, 3) == (1, 1, 1, 1)
    # Of copies of four images, twelve others lie at distance 0: open balls hold nothing.
    images = np.repeat(normal(1, 4, 300), 13, axis=0)
    assert support.overlap(images, images[::5]) == (1, 1, 0, 0)


def counted(real, fake, k_closed, k_open):
    """The overlap of whole numbers, which have no rounding."""

    def squared(x, y):
        return ((x[:, None] - y) ** 2).sum(axis=2)

    apart = squared(real, fake)
    of_real, of_fake = (np.sort(squared(x, x), axis=1) for x in (real, fake))
    opened = apart < of_real[:, k_open, None]
    return (
        (apart <= of_real[:, k_closed, None]).any(axis=0).mean(),
        (apart <= of_fake[:, k_closed]).any(axis=1).mean(),
        opened.sum(axis=0).mean() / k_open,
        opened.any(axis=1).mean(),
    )


@pytest.mark.parametrize("most", [50, 10**6])
@pytest.mark.parametrize(("n", "m"), [(90, 60), (6, 60), (90, 4)])
def test_on_a_grid_ties_are_those_of_whole_numbers(n, m, most, monkeypatch):
    """Few balls, so that a single tie tells."""
    monkeypatch.setattr(distances, "MOST_NUMBERS", most)
    for seed in range(5):
        draw = np.random.default_rng(seed)
        real, fake = draw.integers(0, 5, (n, 9)), draw.integers(1, 6, (m, 9))
        expected = counted(real, fake, 3, 5)
        assert support.overlap(real, fake) == pytest.approx(expected, rel=1e-12)


def test_a_far_set_has_no_overlap():
    assert support.overlap(REAL, REAL[::-1] + 100, 3, 3) == (0, 0, 0, 0)


def test_rotations_and_scales_change_nothing():
    turn = 0.1 * rotation(8)
    found = support.overlap(REAL @ turn - 2, FAKE @ turn - 2)
    assert found == pytest.approx(support.overlap(REAL, FAKE), rel=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 64 * 64))
def test_any_size_of_blocks_gives_the_same(most):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(distances, "MOST_NUMBERS", most)
        found, values = support.overlap(REAL, FAKE), support.realism(REAL, FAKE)
    assert found == support.overlap(REAL, FAKE)
    np.testing.assert_allclose(values, support.realism(REAL, FAKE), rtol=1e-12)


def test_precision_and_recall_change_places_with_the_sets():
    there, back = support.overlap(REAL, FAKE), support.overlap(FAKE, REAL)
    assert (there.precision, there.recall) == (back.recall, back.precision)


def test_golden_values_of_the_expected_coverage():
    assert support.expected_coverage(200, 200) == pytest.approx(0.9699159418490109, rel=1e-9)
    found = support.expected_coverage(10_000, 10_000)
    assert found == pytest.approx(0.9687734351556639, rel=1e-9)
    assert support.expected_coverage(10**6, 10**6, 3) == pytest.approx(1 - 2**-3, abs=1e-5)


@pytest.mark.parametrize(("n", "m", "k"), [(60, 60, 3), (40, 120, 2), (120, 30, 5)])
def test_equal_laws_are_covered_as_expected(n, m, k):
    """The standard error of the mean of 60 draws is below .01."""
    draws = [np.split(normal(i, n + m, 4), [n]) for i in range(60)]
    found = np.mean([support.overlap(real, fake, 3, k).coverage for real, fake in draws])
    assert found == pytest.approx(support.expected_coverage(n, m, k), abs=0.03)


def test_golden_values_of_realism():
    found = support.realism(REAL, FAKE)
    assert found.shape == (48,)
    assert found.mean() == pytest.approx(0.5895253076068238, rel=1e-9)
    assert found.max() == pytest.approx(1.1621820963395864, rel=1e-9)


def test_a_copy_is_as_real_as_can_be():
    small = neighbours.radii(REAL, 3) < np.median(neighbours.radii(REAL, 3))
    found = support.realism(REAL, REAL)
    assert np.isinf(found[small]).all()
    assert np.isfinite(found[~small]).all()
    line = np.array([[0.0], [1], [3], [7]])  # radii 1, 1, 2, 4: the first two are small
    assert support.realism(line, np.array([[5.0], [0.5]]), k=1) == pytest.approx([1 / 4, 2])
    copies = np.array([[0.0], [0], [1], [3], [7]])  # radii 0, 0, 1, 2, 4
    assert support.realism(copies, np.array([[0.0]]), k=1) == [np.inf]


def test_balls_of_one_size_have_no_small_ones():
    with pytest.raises(UserError, match="balls of several sizes, but none is below the median"):
        support.realism(np.eye(6), FAKE[:, :6])
