"""Arrays to convolve, and how near to each other results in float32 are."""

import jax.numpy as jnp
import numpy as np


def normal(seed, *shape):
    return jnp.asarray(np.random.default_rng(seed).normal(size=shape), jnp.float32)


def assert_close(found, expected, tolerance):
    """Largest difference within `tolerance` of the largest expected magnitude."""
    assert found.shape == expected.shape
    found, expected = (np.asarray(part, np.float64) for part in (found, expected))
    assert np.abs(found - expected).max() <= tolerance * np.abs(expected).max()
