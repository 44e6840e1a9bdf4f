"""From latents to pictures: each sample is a function of its own key alone."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax import keys, latents
from gan_jax.config import Config
from gan_jax.methods import Method, State

CHUNK = 64
"""Samples per compiled call. It never varies, so neither does a sample with its neighbours."""


def draw_latents(config: Config, key: jax.Array, first: jax.Array | int, count: int) -> jax.Array:
    """Latents number `first` to `first + count` of the stream `key`, [count, dimension]."""
    numbers = first + jnp.arange(count, dtype=jnp.int32)
    return latents.sampler(config.latents)(keys.per_example(key, numbers))


def sample_labels(config: Config, first: jax.Array | int, count: int) -> jax.Array:
    """The classes of samples number `first` to `first + count`, in turn; zeros without classes."""
    return (first + jnp.arange(count, dtype=jnp.int32)) % max(1, config.data.num_classes)


def sampler(config: Config, method: Method) -> Callable[..., np.ndarray]:
    """A function (state, key, count, averaged=True) -> images [count, H, W, C].

    They are uint8, or float32 where the data are points. `state` lies on one device. Image i is
    the same for any count.
    """

    @jax.jit
    def chunk(state: State, key: jax.Array, first: int, averaged: bool) -> jax.Array:
        z = draw_latents(config, key, first, CHUNK)
        images = method.sample(state, z, sample_labels(config, first, CHUNK), averaged)
        return images if config.data.is_points else eight_bit(images)

    def sample(state: State, key: jax.Array, count: int, averaged: bool = True) -> np.ndarray:
        chunks = [chunk(state, key, first, averaged) for first in range(0, count, CHUNK)]
        return np.concatenate([np.asarray(images) for images in chunks])[:count]

    return sample


def eight_bit(images: jax.Array) -> jax.Array:
    """[-1, 1] to uint8, rounded; the inverse of `parallel.unit_range`."""
    return jnp.clip(jnp.round((images + 1) * 127.5), 0, 255).astype(jnp.uint8)
