"""What one device must know of the others inside a training step."""

from collections.abc import Callable
from typing import Any

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


def total(local_batch_size: int) -> int:
    """The size of the global batch."""
    return local_batch_size * jax.lax.psum(1, AXIS)


def gather(examples: Any) -> Any:
    """The examples of all devices, a tree of arrays [n, ...] of this one's, in the order of the
    global batch: [N, ...]."""
    everyone = jax.lax.all_gather(examples, AXIS)
    return jax.tree.map(lambda leaf: leaf.reshape(-1, *leaf.shape[2:]), everyone)


def ranks(values: jax.Array) -> jax.Array:
    """The places of this device's values [n] among those of all devices, the largest one's 0.

    Of equal ones that of the first example comes first.
    """
    order = jnp.argsort(-gather(values), stable=True)
    return jnp.argsort(order)[example_numbers(len(values))]


def alone(function: Callable[..., Any]) -> Callable[..., Any]:
    """`function` of arrays with the device that it runs on as its whole world.

    Its results must be whole, [n] or such, as those of one device are.
    """

    def call(*arguments: Any) -> Any:
        mapped = jax.vmap(lambda _: function(*arguments), axis_name=AXIS)
        return jax.tree.map(lambda leaf: leaf[0], mapped(jnp.zeros(1)))

    return call
