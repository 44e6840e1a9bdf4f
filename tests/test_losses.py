"""Golden values on TF-GAN's test logits, and the calculus of Goodfellow et al. (2014)."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax import losses

REAL = jnp.array([-5.0, 1.4, 12.5, 2.7])
FAKE = jnp.array([10.0, 4.4, -5.5, 3.6])


def mean(values):
    assert values.shape == (4,)
    return float(values.mean())


@pytest.mark.parametrize(
    ("real_target", "value"),
    [(1.0, 5.83386589), (0.9, 6.12386589), (0.875, 6.19636589), (0.75, 6.55886589)],
)
def test_disc_loss_with_one_sided_smoothing(real_target, value):
    loss = losses.non_saturating(real_target, 0.0)
    assert mean(loss.disc(REAL, FAKE)) == pytest.approx(value, abs=2e-6)


def test_disc_terms_sum_to_the_loss():
    loss = losses.non_saturating(0.9, 0.1)
    on_real, on_fake = loss.disc_terms
    np.testing.assert_allclose(on_real(REAL) + on_fake(FAKE), loss.disc(REAL, FAKE), rtol=1e-6)


def test_gen_losses():
    assert mean(losses.non_saturating(1.0, 0.0).gen(FAKE)) == pytest.approx(1.38582088, abs=1e-6)
    assert mean(losses.minimax(1.0, 0.0).gen(FAKE)) == pytest.approx(-4.51082088, abs=1e-6)


def test_an_undecided_disc():
    zero, loss = jnp.zeros(4), losses.non_saturating(1.0, 0.0)
    assert mean(loss.disc(zero, zero)) == pytest.approx(2 * math.log(2), abs=1e-6)
    assert mean(loss.gen(zero)) == pytest.approx(math.log(2), abs=1e-6)


def test_the_optimal_disc_of_smoothed_targets():
    """p_data = p_gen, targets 0.9 and 0: D = 0.45, so its logit is log(0.45 / 0.55)."""
    loss = losses.non_saturating(0.9, 0.0)
    slope = jax.grad(lambda logit: loss.disc(logit, logit))
    assert float(slope(-0.20067070)) == pytest.approx(0.0, abs=1e-6)
    assert float(slope(-0.19)) > 1e-3
    assert float(slope(-0.21)) < -1e-3


def test_the_value_at_the_optimal_disc_is_the_jensen_shannon_divergence():
    """N(0, 1) against N(1, 1): D's logit is 1/2 - x, and V = -log 4 + 2 * JSD = -1.16345140."""
    x = np.linspace(-12, 13, 200_001)
    real, fake = (np.exp(-((x - m) ** 2) / 2) / math.sqrt(2 * math.pi) for m in (0.0, 1.0))
    loss = losses.non_saturating(1.0, 0.0)
    on_real, on_fake = (np.asarray(t(jnp.asarray(0.5 - x))) for t in loss.disc_terms)
    value = -np.trapezoid(real * on_real + fake * on_fake, x)
    assert value == pytest.approx(-1.16345140, abs=2e-6)


@pytest.mark.parametrize("logit", [-3.0, 0.5, 4.0])
def test_gradients_of_gen_losses(logit):
    sigmoid = 1 / (1 + math.exp(-logit))
    slopes = {
        name: float(jax.grad(lambda f, make=make: make(1.0, 0.0).gen(f))(logit))
        for name, make in losses.LOSSES.items()
    }
    assert slopes["non_saturating"] == pytest.approx(-(1 - sigmoid), rel=1e-5)
    assert slopes["minimax"] == pytest.approx(-sigmoid, rel=1e-5)


@pytest.mark.parametrize("name", losses.LOSSES)
@pytest.mark.parametrize("logit", [-1e4, 1e4])
def test_losses_and_gradients_are_finite_at_extreme_logits(name, logit):
    loss = losses.LOSSES[name](0.9, 0.0)
    for part in (*loss.disc_terms, loss.gen):
        assert np.isfinite(jax.value_and_grad(part)(logit)).all()


def test_softplus_does_not_overflow():
    assert float(losses.binary_cross_entropy(jnp.float32(1000.0), 0.0)) == 1000.0


def test_probability_is_the_sigmoid_in_float32():
    value = losses.probability(jnp.array([0.0, math.log(3.0)], jnp.bfloat16))
    assert value.dtype == jnp.float32
    np.testing.assert_allclose(value, [0.5, 0.75], atol=2e-3)
