"""A device's examples in equal parts, one after another, where no example sees another.

Gradients are sums over examples, so in parts they are the same to rounding, and of all that a pass
keeps for them there is one part's at a time: less memory, and on a CPU less to read and write.
"""

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from gan_jax.devices import collectives
from gan_jax.methods.gan_settings import GAN
from gan_jax.methods.network_state import Tree

PIXELS = 2**14
"""Of the images of a part, 16 of 32x32; docs/performance.md has what was measured."""
SMALLEST = 2**10
"""Pixels of an image below which whole batches are as fast."""
ALONE = ("none", "instance", "plain_instance")
"""Norms of each example by itself."""

Count = Callable[[int], int]
"""How many parts so many examples of a device come in."""


def of_disc(config: GAN) -> Count:
    """For D's passes, and what is minimised of them."""
    means = config.loss.on_means or config.penalty.of_batch or config.content.is_there
    top = (config.train.gen_top_share, config.train.final_gen_top_share) != (1, None)
    terms = config.auxiliary.choice == "none" and config.disc.minibatch == "none"
    return _count(config, _sees_alone(config.disc) and terms and not (means or top))


def of_gen(config: GAN) -> Count:
    """For G's passes."""
    return _count(config, _sees_alone(config.gen))


def _sees_alone(network: Any) -> bool:
    """Whether a network of convolutions computes each example by itself."""
    return network.choice != "mlp" and getattr(network, "norm", "none") in ALONE


def _count(config: GAN, apart: bool) -> Count:
    pixels = math.prod(config.data.kind.shape[:-1])
    apart = apart and not config.gen.takes_pictures  # of those it was not measured
    if not apart or pixels < SMALLEST or jax.default_backend() != "cpu":
        return lambda examples: 1
    most = max(1, PIXELS // pixels)

    def count(examples: int) -> int:
        size = max(n for n in range(1, most + 1) if examples % n == 0)
        return examples // size if 2 * size >= most else 1  # of a prime number there are no parts

    return count


def gradient(objective: Callable, params: Tree, parts: int, examples: Any) -> Any:
    """As `jax.value_and_grad(objective, has_aux=True)(params, examples)`, in parts.

    The objective is a mean over the examples, arrays [n, ...]; beside it come statistics, which are
    those of the last part, and what there is of each example, [n, ...].
    """
    of_part = jax.value_and_grad(objective, has_aux=True)
    if parts == 1:
        return of_part(params, examples)

    at = _placed(partial(of_part, params), parts)

    def one(total: Tree, numbered: Any) -> Any:
        (loss, (stats, each)), grads = at(numbered)
        return jax.tree.map(jnp.add, total, grads), (loss, stats, each)

    zeros = jax.tree.map(jnp.zeros_like, params)
    total, (losses, stats, each) = jax.lax.scan(one, zeros, _numbered(parts, examples))
    grads = jax.tree.map(lambda leaf: leaf / parts, total)
    return (losses.mean(), (_last(stats), _joined(each))), grads


def image_gradient(objective: Callable, parts: int, images: Any, *beside: Any) -> Any:
    """As `jax.value_and_grad(objective, has_aux=True)(images, *beside)`, in parts.

    The objective is a mean over the examples, all arrays [n, ...]; so are the reports beside it.
    """
    of_part = jax.value_and_grad(objective, has_aux=True)
    if parts == 1:
        return of_part(images, *beside)
    values, grads = _in_turn(lambda given: of_part(*given), parts, (images, *beside))
    grads = jax.tree.map(lambda leaf: leaf / parts, _joined(grads))
    return jax.tree.map(jnp.mean, values), grads


def passed(forward: Callable[[Any], tuple[Any, Tree]], parts: int, inputs: Any) -> tuple[Any, Tree]:
    """As `forward(inputs)`, in parts: of arrays [n, ...] others, and the last part's statistics."""
    if parts == 1:
        return forward(inputs)
    outputs, stats = _in_turn(forward, parts, inputs)
    return _joined(outputs), _last(stats)


def _in_turn(function: Callable[[Any], Any], parts: int, examples: Any) -> Any:
    return jax.lax.map(_placed(function, parts), _numbered(parts, examples))


def _placed(function: Callable[[Any], Any], parts: int) -> Callable[[Any], Any]:
    """`function` of one of the `_numbered` parts, whose examples keep their numbers."""

    def one(numbered: Any) -> Any:
        with collectives.part(numbered[0], parts):
            return function(numbered[1])

    return one


def _last(parts: Any) -> Any:
    return jax.tree.map(lambda leaf: leaf[-1], parts)


def _joined(parts: Any) -> Any:
    """Results [parts, n / parts, ...] of each example, [n, ...]."""
    return jax.tree.map(
        lambda leaf: leaf.reshape(leaf.shape[0] * leaf.shape[1], *leaf.shape[2:]), parts
    )


def _numbered(parts: int, examples: Any) -> Any:
    def split(leaf: jax.Array) -> jax.Array:
        return leaf.reshape(parts, len(leaf) // parts, *leaf.shape[1:])

    examples = jax.tree.map(split, examples)
    return jnp.arange(parts, dtype=jnp.int32), examples
