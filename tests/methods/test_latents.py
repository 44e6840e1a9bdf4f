"""Ways between latents; their draws are tested in test_sampling.py."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax import keys
from gan_jax.networks import latents
from gan_jax.networks.latents import Normal, Uniform

NORMAL, UNIFORM = Normal(4), Uniform(4)


def test_slerp_keeps_the_norm_at_constant_speed():
    """On a quarter of the circle."""
    a, b = jnp.array([[3.0, 0, 0]]), jnp.array([[0, 3.0, 0]])
    way = np.asarray(latents.slerp(a, b, jnp.linspace(0, 1, 7)))[0]
    angles = np.arange(7) * np.pi / 12
    expected = 3 * np.stack([np.cos(angles), np.sin(angles), 0 * angles], axis=1)
    np.testing.assert_allclose(way, expected, atol=1e-6)


def test_slerp_between_norms_and_along_one_line():
    a = jnp.array([[2.0, 0], [1.0, 1.0], [1.0, 0.0]])
    b = jnp.array([[0, 8.0], [2.0, 2.0], [-1.0, 0.0]])
    way = np.asarray(latents.slerp(a, b, jnp.array([0.0, 0.5, 1.0])))
    np.testing.assert_allclose(way[:, 0], a, atol=1e-6)
    np.testing.assert_allclose(way[:, 2], b, atol=1e-6)
    half = np.sin(np.pi / 4)
    middle = [[2 * half, 8 * half], [1.5, 1.5], [0, 0]]
    np.testing.assert_allclose(way[:, 1], middle, atol=1e-6)


def test_lerp_passes_closer_to_zero_than_draws_are():
    """Half-way the norm is near sqrt(d / 2), by slerp near sqrt(d)."""
    z = latents.sampler(Normal(100))(keys.per_example(keys.root(0), jnp.arange(2000)))
    t = jnp.array([0.5])
    lerp, slerp = latents.lerp(z[::2], z[1::2], t), latents.slerp(z[::2], z[1::2], t)
    norms = [np.linalg.norm(np.asarray(way)[:, 0], axis=1).mean() / 10 for way in (lerp, slerp)]
    np.testing.assert_allclose(norms, [0.705, 0.997], atol=0.006)


def test_quantiles_are_the_inverse_of_the_distribution():
    probability = jnp.array([0.05, 0.5, 0.975])
    normal, uniform = (latents.quantile(c, probability) for c in (NORMAL, UNIFORM))
    np.testing.assert_allclose(normal, [-1.6448536, 0, 1.9599640], atol=1e-5)
    np.testing.assert_allclose(uniform, [-0.9, 0, 0.95], atol=1e-6)


def test_normal_scores_and_back():
    z = jnp.array([-0.9, -0.3, 0.0, 0.683])
    np.testing.assert_allclose(UNIFORM.to_normal(z)[3], 1.0, atol=2e-3)
    back = UNIFORM.from_normal(UNIFORM.to_normal(z))
    np.testing.assert_allclose(back, z, atol=1e-6)
    assert np.isfinite(UNIFORM.to_normal(jnp.array([-1.0, 1.0]))).all()
    np.testing.assert_array_equal(NORMAL.to_normal(3 * z), 3 * z)


@pytest.mark.parametrize(("config", "deviation"), [(NORMAL, 1), (UNIFORM, 1 / np.sqrt(3))])
def test_the_arc_through_normal_scores_stays_in_the_distribution(config, deviation):
    config = type(config)(50)
    z = latents.sampler(config)(keys.per_example(keys.root(1), jnp.arange(2000)))
    ends = config.to_normal(z)
    way = latents.slerp(ends[::2], ends[1::2], jnp.array([0.5]))
    middle = jax.device_get(config.from_normal(way))
    np.testing.assert_allclose(middle.std(), deviation, rtol=0.02)
    assert config.choice == "normal" or np.abs(middle).max() <= 1
