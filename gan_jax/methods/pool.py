"""A pool of earlier fakes, of which D is shown some in place of new ones (Shrivastava et al. 2016,
arXiv 1612.07828, section 2.3; CycleGAN's holds 50, arXiv 1703.10593, section 4).

Every device holds the whole pool and makes the swaps of the global batch, in the order of its
examples, so that it is the same on any number of devices.
"""

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from gan_jax import keys
from gan_jax.devices import collectives
from gan_jax.method import num_examples, take


class Pool(NamedTuple):
    """Fakes and what they were made of, a tree of arrays [size, ...], of which the first `filled`
    are there."""

    held: Any
    filled: jax.Array  # int32


def start(size: int, fake: Any) -> Pool:
    """The empty pool for fakes like the one in the tree `fake`, arrays [...]."""
    held = jax.tree.map(lambda leaf: jnp.zeros((size, *leaf.shape), leaf.dtype), fake)
    return Pool(held, jnp.zeros((), jnp.int32))


def exchange(pool: Pool, key: jax.Array, fakes: Any) -> tuple[Pool, Any]:
    """The pool after this device's fakes, a tree of arrays [n, ...], and those to show in their
    place, [n, ...].

    While there is room, a fake is stored and shown itself. Then with probability one half one of
    the pool is shown, and the new one stored in its place; else the new one is shown.
    """
    everyone, size = collectives.gather(fakes), num_examples(pool.held)
    numbers = jnp.arange(num_examples(everyone), dtype=jnp.int32)

    def swap(pool: Pool, new: tuple[jax.Array, Any]) -> tuple[Pool, Any]:
        key, fake = new
        is_full = pool.filled == size
        draws = jax.random.bernoulli(jax.random.fold_in(key, 0))
        drawn = jax.random.randint(jax.random.fold_in(key, 1), (), 0, size)
        place = jnp.where(is_full, drawn, pool.filled)
        older = take(pool.held, place)
        shown = _where(is_full & draws, older, fake)
        kept = _where(is_full & ~draws, older, fake)
        held = jax.tree.map(lambda leaf, value: leaf.at[place].set(value), pool.held, kept)
        return Pool(held, jnp.minimum(pool.filled + 1, size)), shown

    pool, shown = jax.lax.scan(swap, pool, (keys.per_example(key, numbers), everyone))
    return pool, take(shown, collectives.example_numbers(num_examples(fakes)))


def _where(condition: jax.Array, yes: Any, no: Any) -> Any:
    return jax.tree.map(lambda a, b: jnp.where(condition, a, b), yes, no)
