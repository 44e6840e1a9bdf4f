"""What one device must know of the others inside a training step."""

import jax
import jax.numpy as jnp

AXIS = "devices"
"""The mapped axis over all devices of all processes; training steps run under it."""


def mean(tree):
    """The mean over devices of every leaf. Shards are of equal size, so it is the global mean."""
    return jax.lax.pmean(tree, AXIS)


def example_numbers(local_batch_size: int) -> jax.Array:
    """The positions of this device's examples in the global batch, int32 [local_batch_size]."""
    first = jax.lax.axis_index(AXIS) * local_batch_size
    return first + jnp.arange(local_batch_size, dtype=jnp.int32)
