"""FLD against golden values, its own gradient, and what it is for."""

import numpy as np
import pytest
from formula_features import FAKE, REAL, normal

from gan_jax.errors import UserError
from gan_jax.metrics import distances, likelihood

TRAIN, HELD_OUT = REAL[:32], REAL[32:]


def test_golden_values():
    found = likelihood.mixture_nll(TRAIN, FAKE, np.linspace(-1, 1, 48))
    assert found == pytest.approx(1.3191883162096105, rel=1e-9)
    assert likelihood.nll(TRAIN, HELD_OUT, FAKE) == pytest.approx(1.495447265956529, rel=1e-9)
    copies = likelihood.nll(TRAIN, HELD_OUT, TRAIN + 1e-3)
    assert copies == pytest.approx(36348.159904269285, rel=1e-9)


def test_one_gaussian_has_its_hand_computed_likelihood():
    x, centre = np.array([[1.0, 2.0], [3.0, 0.0]]), np.array([[1.0, 0.0]])
    found = likelihood.mixture_nll(x, centre, np.array([np.log(2)]))
    assert found == pytest.approx((4 / (2 * 2)) / 2 + np.log(2 * 2 * np.pi) / 2, rel=1e-12)


def test_a_mixture_of_one_point_twice_is_that_point():
    twice = likelihood.mixture_nll(TRAIN, np.repeat(FAKE[:1], 2, axis=0), np.zeros(2))
    assert twice == pytest.approx(likelihood.mixture_nll(TRAIN, FAKE[:1], np.zeros(1)), rel=1e-12)


def test_the_gradient_is_that_of_the_loss():
    logs, at_mean = np.linspace(-1, 1, 49), ((TRAIN - TRAIN.mean(axis=0)) ** 2).sum(axis=1)
    _, gradient = likelihood._loss(logs, FAKE, TRAIN, at_mean)
    for i in (0, 20, 48):
        step = 1e-5 * np.eye(49)[i]
        above, below = (
            likelihood._loss(logs + way * step, FAKE, TRAIN, at_mean)[0] for way in (1, -1)
        )
        assert gradient[i] == pytest.approx((above - below) / 2e-5, rel=1e-6, abs=1e-9)


def test_the_fit_makes_the_data_likelier():
    start = np.log(np.full(48, ((TRAIN[:, None] - FAKE) ** 2).sum(axis=2).min() / 8))
    fitted = likelihood.fit(FAKE, TRAIN)
    before, after = (likelihood.mixture_nll(TRAIN, FAKE, logs) for logs in (start, fitted))
    assert after < before


def test_any_size_of_blocks_gives_the_same(monkeypatch):
    expected = likelihood.nll(TRAIN, HELD_OUT, FAKE)
    monkeypatch.setattr(distances, "MOST_NUMBERS", 5 * 48)
    assert likelihood.nll(TRAIN, HELD_OUT, FAKE) == pytest.approx(expected, rel=1e-9)


def test_scales_and_shifts_of_a_dimension_change_nothing():
    weights, shift = np.geomspace(0.1, 100, 8), np.arange(8)
    moved = (weights * x + shift for x in (TRAIN, HELD_OUT, FAKE))
    expected = likelihood.nll(TRAIN, HELD_OUT, FAKE)
    assert likelihood.nll(*moved) == pytest.approx(expected, rel=1e-8)


def test_dimensions_that_do_not_vary_are_left_out():
    wider = (np.insert(x, 3, 0.1, axis=1) for x in (TRAIN, HELD_OUT, FAKE))
    expected = likelihood.nll(TRAIN, HELD_OUT, FAKE)
    assert likelihood.nll(*wider) == pytest.approx(expected, rel=1e-12)
    with pytest.raises(UserError, match="held-out features that vary"):
        likelihood.nll(TRAIN, np.ones((5, 8)), FAKE)


def test_new_samples_score_about_zero_and_others_more():
    train, held_out, new = np.split(normal(0, 600, 6), 3)
    scores = {
        "new": likelihood.score(train, held_out, new),
        "wide": likelihood.score(train, held_out, 3 * new),
        "one mode": likelihood.score(train, held_out, np.abs(new)),
        "shifted": likelihood.score(train, held_out, new + 2),
        "copies": likelihood.score(train, held_out, train[:100] + 1e-4),
    }
    assert abs(scores["new"]) < 5
    assert all(score > 5 for name, score in scores.items() if name != "new")
    assert scores["copies"] > 1000


def test_the_halves_follow_from_the_seed():
    one, again, other = (likelihood.score(TRAIN, HELD_OUT, FAKE, seed) for seed in (0, 0, 1))
    assert one == again != other


def test_exact_copies_have_a_finite_score():
    assert np.isfinite(likelihood.score(TRAIN, HELD_OUT, TRAIN))
