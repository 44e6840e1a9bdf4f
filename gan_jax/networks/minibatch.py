"""Features of an example among its batch, by which D sees that G repeats itself.

In training they are those of the global batch, on any number of devices. In inference there are
no other devices: the examples that are judged together are then the batch.
"""

import math

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.devices import collectives
from gan_jax.errors import UserError

GROUP = 4
"""Examples whose deviation is one feature, as in arXiv 1710.10196."""
EPSILON = 1e-8
"""Keeps the derivative of a deviation finite where all examples are equal."""


class MinibatchStddev(nn.Module):
    """Features [n, f] with one more: the mean deviation of a feature in the example's group
    (Karras et al. 2017, arXiv 1710.10196, section 3).

    Groups are `GROUP` neighbours of the batch. A device has whole groups, so those of all devices
    together are those that one device would make.
    """

    @nn.compact
    def __call__(self, features: jax.Array, train: bool) -> jax.Array:
        n = len(features)
        size = math.gcd(GROUP, n)
        if train and not self.is_initializing() and size != GROUP:
            raise UserError(
                f"disc.minibatch=stddev takes {GROUP} examples together, and a device has {n} of "
                f"train.batch_size; set it to a multiple of {GROUP} times the devices."
            )
        groups = features.astype(jnp.float32).reshape(n // size, size, -1)
        deviation = jnp.sqrt(groups.var(axis=1) + EPSILON).mean(axis=1)  # [groups]
        column = jnp.repeat(deviation, size)[:, None]
        return jnp.concatenate([features, column.astype(features.dtype)], axis=1)


class MinibatchDiscrimination(nn.Module):
    """Features [n, f] with `rows` more, each a sum of how close all examples are
    (Salimans et al. 2016, arXiv 1606.03498, section 3.2).

    The features times a tensor give an example `rows` rows of `columns` numbers; two examples are
    exp(-L1 distance) close in each row. All examples of the global batch count.
    """

    rows: int = 100
    columns: int = 5

    @nn.compact
    def __call__(self, features: jax.Array, train: bool) -> jax.Array:
        init = nn.initializers.glorot_uniform()
        width = self.rows * self.columns
        dense = nn.Dense(width, use_bias=False, kernel_init=init, dtype=jnp.float32)
        mine = dense(features).reshape(-1, self.rows, self.columns)
        everyones = mine
        if train and not self.is_initializing():
            everyones = jax.lax.all_gather(mine, collectives.AXIS, tiled=True)
        distance = jnp.abs(mine[:, None] - everyones[None]).sum(axis=3)  # [n, all, rows]
        close = jnp.exp(-distance).sum(axis=1)  # [n, rows]; 1 of it to itself
        return jnp.concatenate([features, close.astype(features.dtype)], axis=1)
