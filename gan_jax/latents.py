"""Draws of z, one per example, each a function of its own key."""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from gan_jax.config import Latents


def sampler(config: Latents) -> Callable[[jax.Array], jax.Array]:
    """A function from keys [n] to float32 latents [n, dimension]."""

    def draw(key: jax.Array) -> jax.Array:
        if config.distribution == "uniform":
            return jax.random.uniform(key, (config.dimension,), jnp.float32, -1.0, 1.0)
        return jax.random.normal(key, (config.dimension,), jnp.float32)

    return jax.vmap(draw)
