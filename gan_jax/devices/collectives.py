"""What one device must know of the others inside a training step."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import jax
import jax.numpy as jnp

AXIS = "devices"
"""The mapped axis over all devices of all processes; training steps run under it."""


_part: ContextVar[tuple[jax.Array, int] | None] = ContextVar("part", default=None)


@contextmanager
def part(number: jax.Array, count: int) -> Iterator[None]:
    """While this lasts, what is traced is of part `number`, int32 [], of `count` equal ones of a
    device's examples, which come in turn: they have their places in the global batch, and no
    means."""
    with _while_traced(_part, (number, count)):
        yield


_only: ContextVar[bool] = ContextVar("only", default=False)


@contextmanager
def only_device() -> Iterator[None]:
    """While this lasts, what is traced is of the only device, whose mean is the global one as it
    is: XLA's CPU compiler makes a copy of a mean over one device."""
    with _while_traced(_only, True):
        yield


def mean(tree):
    """The mean over devices of every leaf. Shards are of equal size, so it is the global mean."""
    _of_whole_shards()
    return tree if _only.get() else jax.lax.pmean(tree, AXIS)


def example_numbers(local_batch_size: int) -> jax.Array:
    """The positions of this device's examples, or of a part's, in the global batch, int32
    [local_batch_size]."""
    place = jax.lax.axis_index(AXIS)
    if (of_part := _part.get()) is not None:
        number, count = of_part
        place = place * count + number
    return place * local_batch_size + jnp.arange(local_batch_size, dtype=jnp.int32)


def total(local_batch_size: int) -> int:
    """The size of the global batch."""
    _of_whole_shards()
    return local_batch_size * jax.lax.psum(1, AXIS)


@contextmanager
def _while_traced(variable: ContextVar[Any], value: Any) -> Iterator[None]:
    token = variable.set(value)
    try:
        yield
    finally:
        variable.reset(token)


def _of_whole_shards() -> None:
    if _part.get() is not None:
        raise RuntimeError("a part of a device's examples knows nothing of the others")


def gather(examples: Any) -> Any:
    """The examples of all devices, a tree of arrays [n, ...] of this one's, in the order of the
    global batch: [N, ...]."""
    _of_whole_shards()
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
