"""Classifier scores and counts of modes against golden and hand-computed values."""

import numpy as np
import pytest

from gan_jax.errors import UserError
from gan_jax.metrics import classes

LOGITS = 2 * np.sin(1 + 0.7 * np.arange(40)[:, None] * np.arange(1, 6))
LABELS = np.arange(90) ** 2 % 12


def test_golden_values_of_the_score():
    assert classes.score(LOGITS).mean == pytest.approx(1.6425387173250647, rel=1e-9)
    assert classes.score(LOGITS).deviation == 0
    found = classes.score(LOGITS, splits=4)
    assert found == pytest.approx((1.6359663279651564, 0.04048621496445502), rel=1e-9)


def test_sure_and_even_answers_score_the_number_of_classes_and_one():
    assert classes.score(1e3 * np.eye(10)).mean == pytest.approx(10, rel=1e-12)
    assert classes.score(np.zeros((6, 10))).mean == pytest.approx(1, rel=1e-12)
    assert classes.score(1e3 * np.eye(10)[[4] * 7]).mean == pytest.approx(1, rel=1e-12)
    twice = classes.score(1e4 * np.eye(10)[[2, 7]])  # eight classes have probability 0
    assert twice.mean == pytest.approx(2, rel=1e-12)


def test_a_constant_added_to_all_logits_of_a_sample_changes_nothing():
    shifted = LOGITS + 1e3 * np.cos(np.arange(40))[:, None]
    assert classes.score(shifted).mean == pytest.approx(classes.score(LOGITS).mean, rel=1e-10)


def test_the_score_is_that_of_probabilities_written_out():
    p = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=1, keepdims=True)
    divergence = (p * np.log(p / p.mean(axis=0))).sum(axis=1)
    assert classes.score(LOGITS).mean == pytest.approx(np.exp(divergence.mean()), rel=1e-12)


def test_splits_that_do_not_divide_the_samples_hold_all_of_them():
    parts = [classes.score(part).mean for part in (LOGITS[:13], LOGITS[13:26], LOGITS[26:])]
    assert classes.score(LOGITS, splits=3) == pytest.approx((np.mean(parts), np.std(parts)))


def test_golden_values_of_modes():
    found = classes.modes(LABELS, np.ones(12))
    assert found.hit == 4
    assert found.kl == pytest.approx(1.1552453009332422, rel=1e-9)
    assert found.corrected == pytest.approx(1.1385786342665756, rel=1e-9)
    assert found == classes.modes(LABELS, np.full(12, 1 / 12))


def test_the_divergence_is_from_the_histogram_of_the_data():
    labels = np.repeat([0, 1, 2], [1, 2, 1])
    assert classes.modes(labels, np.array([10, 20, 10])).kl == pytest.approx(0, abs=1e-15)
    found = classes.modes(labels, np.array([2, 1, 1]))
    assert found.kl == pytest.approx(0.25 * np.log(0.5) + 0.5 * np.log(2), rel=1e-12)
    assert found.corrected == pytest.approx(found.kl - 2 / 8, rel=1e-12)
    assert classes.modes(labels, np.array([1, 1, 0])).kl == np.inf


def test_the_correction_takes_the_bias_of_finite_samples_away():
    """The divergence of a perfect sampler is 0; its plain estimate is (K - 1) / 2n = .0225."""
    draw = np.random.default_rng(0)
    found = [classes.modes(draw.integers(0, 10, 200), np.ones(10)) for _ in range(200)]
    assert np.mean([modes.kl for modes in found]) == pytest.approx(0.0225, abs=0.003)
    assert np.mean([modes.corrected for modes in found]) == pytest.approx(0, abs=0.003)


def test_modes_count_from_so_many_samples_on():
    labels = np.repeat([0, 3, 4], [5, 4, 1])
    assert [classes.hit(labels, 6, least) for least in (1, 2, 4, 5, 6)] == [3, 2, 2, 1, 0]


@pytest.mark.parametrize("labels", [[0, 12], [-1, 3]])
def test_labels_of_no_mode_are_refused(labels):
    with pytest.raises(UserError, match="Labels of 12 modes are 0 to 11, but these go from"):
        classes.modes(np.array(labels), np.ones(12))
    with pytest.raises(UserError, match="1 or more labels, not 0"):
        classes.hit(np.array([], int), 12)
