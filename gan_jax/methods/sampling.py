"""From latents to pictures: each sample is a function of its own key alone."""

from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax import keys
from gan_jax.config import Config
from gan_jax.methods import Method, State
from gan_jax.networks import latents

CHUNK = 64
"""Samples per compiled call. It never varies, so neither does a sample with its neighbours."""


def draw_latents(config: Config, key: jax.Array, first: jax.Array | int, count: int) -> jax.Array:
    """Latents number `first` to `first + count` of the stream `key`, [count, dimension]."""
    numbers = first + jnp.arange(count, dtype=jnp.int32)
    return latents.sampler(config.latents)(keys.per_example(key, numbers))


def sample_labels(
    config: Config, first: jax.Array | int, count: int, classes: tuple[int, ...] = ()
) -> jax.Array:
    """The classes of samples number `first` to `first + count`: those of `classes` in turn, or all;
    zeros without classes."""
    wanted = jnp.array(classes or range(max(1, config.data.num_classes)), jnp.int32)
    return wanted[(first + jnp.arange(count, dtype=jnp.int32)) % len(wanted)]


def streamer(
    config: Config, method: Method, classes: tuple[int, ...] = ()
) -> Callable[..., Iterator[np.ndarray]]:
    """A function (state, key, count, averaged=True) that yields images [n, H, W, C], `count` in
    all, a part at a time.

    They are uint8, or float32 where the data are points. `state` lies on one device. Image i is
    the same for any count.
    """

    @jax.jit
    def chunk(state: State, key: jax.Array, first: int, averaged: bool) -> jax.Array:
        z = draw_latents(config, key, first, CHUNK)
        labels = sample_labels(config, first, CHUNK, classes)
        images = method.sample(state, z, labels, averaged)
        return images if config.data.is_points else eight_bit(images)

    def stream(
        state: State, key: jax.Array, count: int, averaged: bool = True
    ) -> Iterator[np.ndarray]:
        for first in range(0, count, CHUNK):
            yield np.asarray(chunk(state, key, first, averaged))[: count - first]

    return stream


def sampler(config: Config, method: Method) -> Callable[..., np.ndarray]:
    """`streamer`, but all images at once."""
    stream = streamer(config, method)

    def sample(state: State, key: jax.Array, count: int, averaged: bool = True) -> np.ndarray:
        return np.concatenate(list(stream(state, key, count, averaged)))

    return sample


def eight_bit(images: jax.Array) -> jax.Array:
    """[-1, 1] to uint8, rounded; the inverse of `parallel.unit_range`."""
    return jnp.clip(jnp.round((images + 1) * 127.5), 0, 255).astype(jnp.uint8)
