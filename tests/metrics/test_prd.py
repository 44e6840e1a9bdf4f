"""Precision-recall curves of histograms by hand, and of clusters that are known."""

import numpy as np
import pytest
from formula_features import FAKE, REAL, normal

from gan_jax.metrics import prd


def test_golden_values():
    found = prd.curve(np.array([0.1, 0.4, 0.5]), np.array([0.3, 0.3, 0.4]))
    f8, f1_8 = prd.summary(found)
    assert f8 == pytest.approx(0.969959133332459, rel=1e-9)
    assert f1_8 == pytest.approx(0.9948536783061033, rel=1e-9)
    assert np.minimum(found.precision, found.recall).max() == pytest.approx(0.8, rel=1e-9)


def test_equal_disjoint_and_half_covering_histograms():
    half, first, last = np.array([0.5, 0.5]), np.array([1.0, 0]), np.array([0.0, 1])
    assert prd.summary(prd.curve(half, half)) == pytest.approx((1, 1), abs=1e-9)
    apart = prd.curve(first, last)
    assert apart.precision.max() == apart.recall.max() == 0
    assert prd.summary(apart) == (0, 0)
    invented = prd.curve(half, first)  # half of the fakes are of no real mode
    assert invented.precision.max() == pytest.approx(0.5, rel=1e-9)
    assert invented.recall.max() == pytest.approx(1, rel=1e-9)
    dropped = prd.curve(first, half)  # half of the real ones are of no fake mode
    assert dropped.precision.max() == pytest.approx(1, rel=1e-9)
    assert dropped.recall.max() == pytest.approx(0.5, rel=1e-9)


def test_recall_is_the_precision_of_the_other_way():
    a, b = np.array([0.1, 0.4, 0.5]), np.array([0.3, 0.3, 0.4])
    there, back = prd.curve(a, b), prd.curve(b, a)
    np.testing.assert_allclose(there.recall, back.precision[::-1], atol=1e-8)


def test_f8_weighs_recall_and_its_inverse_precision():
    one = prd.Curve(np.array([0.5]), np.array([0.9]))
    assert prd.f_beta(one, 8) == pytest.approx(65 * 0.45 / (64 * 0.5 + 0.9), rel=1e-9)
    assert prd.f_beta(one, 1 / 8) == pytest.approx(65 / 64 * 0.45 / (0.5 / 64 + 0.9), rel=1e-9)


def modes(seed, counts):
    """Points about far centres, so many of each."""
    centres = 100 * np.eye(4)[np.repeat(np.arange(4), counts)]
    return centres + normal(seed, len(centres), 4)


def test_clusters_that_are_plain_are_found_and_counted():
    real, fake = modes(0, [20, 20, 20, 20]), modes(1, [40, 40, 0, 0])
    found = prd.mean_curve(real, fake, clusters=4)
    assert found.recall.max() == pytest.approx(0.5, abs=1e-6)
    assert found.precision.max() == pytest.approx(1, abs=1e-6)
    expected = prd.curve(np.array([0.5, 0.5, 0, 0]), np.full(4, 0.25))
    np.testing.assert_allclose(found.precision, expected.precision, atol=1e-12)
    assert prd.of_features(real, fake, clusters=4) == prd.summary(found)


def test_the_same_arguments_give_the_same_value_and_another_seed_another():
    assert prd.of_features(REAL, FAKE) == prd.of_features(REAL, FAKE)
    assert prd.of_features(REAL, FAKE) != prd.of_features(REAL, FAKE, seed=1)


def test_of_the_larger_set_as_many_samples_are_taken_from_all_over():
    """Sorted by mode, its first samples would all be of one."""
    real, fake = modes(0, [50, 50, 50, 50]), modes(1, [10, 10, 10, 10])
    f8, f1_8 = prd.of_features(real, fake, clusters=4)
    assert min(f8, f1_8) > 0.95


def test_equal_laws_are_near_to_one_and_far_ones_at_zero():
    real, fake = normal(0, 400, 5), normal(1, 400, 5)
    assert min(prd.of_features(real, fake)) > 0.95
    assert prd.of_features(real, fake + 100) == (0, 0)


def test_fewer_distinct_points_than_clusters_are_no_trouble():
    twice = np.repeat(np.eye(3), 10, axis=0)
    assert prd.of_features(twice, twice) == pytest.approx((1, 1), abs=1e-9)
