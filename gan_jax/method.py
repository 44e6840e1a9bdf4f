"""What all rooms speak of: examples, what samples are made of, and what a method is."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax

State = Any
"""A pytree of arrays with a field `step`, int32: how many training steps made it."""

Metrics = dict[str, jax.Array]
"""Scalars, equal on every device, by paths such as `d/loss`: the first part is whose they are (a
network, a pyramid's level, the augmentation), the last one what they are."""

Condition = Any
"""What a network is conditioned on, a pytree of arrays [n, ...]: None, classes int32 [n], pictures,
tokens, or a tree of them such as `LabelledSource`."""


class Example(NamedTuple):
    """Examples at any stage, from the data set to a device's share of a batch: arrays [n, ...].

    A field that the data lack is None, and so no leaf. In a data set `x` is as it is stored, in a
    batch in the model's range; `gan_jax.data.kinds` has the way between.
    """

    x: Any  # what is to be generated
    label: Any = None  # int32 [n], the class
    source: Any = None  # a picture that x is to be made from
    caption: Any = None  # tokens


class LabelledSource(NamedTuple):
    """A condition: a picture, and the class of what is to be made of it (StarGAN, arXiv
    1711.09020)."""

    source: Any  # float32 [n, h, w, c] in [-1, 1]
    label: Any  # int32 [n], the class that is wanted


class Inputs(NamedTuple):
    """What a generator makes samples of."""

    latents: Any  # float32 [n, d]
    condition: Condition = None


class Method(NamedTuple):
    """As an optimizer is two pure functions, a generative method is a few.

    init: (key) -> State.
    inputs: (keys [n], examples [n] or None) -> Inputs. What samples are made of: latents, each by
        its own key alone, and the condition of the examples, in the model's range, whose `x` is not
        looked at but where a source picture is made of it; None will do for networks that are not
        conditional.
    step: (State, examples, key) -> (State, Metrics). One device's share of one training step, with
        x in the model's range; it runs under the mapped axis `collectives.AXIS`. `key` is the run's
        root key.
    sample: (State, Inputs, averaged) -> {"image": [n, ...]} in the model's range, from the averaged
        weights and statistics, or from the raw ones.
    evaluate: (State, examples, Inputs) -> one value per example, [n] each, in inference mode,
        under the names that `step` has for them; the inputs are of samples to compare with the
        examples.
    score: (State, x, Condition) -> [n], D's logits for x [n, ...], larger for more real; None
        where there is no discriminator.
    encode: (State, x) -> latents [n, d], the mean code of x [n, ...]; None without an encoder.
    """

    init: Callable[[jax.Array], State]
    inputs: Callable[[jax.Array, Example | None], Inputs]
    step: Callable[[State, Example, jax.Array], tuple[State, Metrics]]
    sample: Callable[[State, Inputs, jax.Array | bool], dict[str, jax.Array]]
    evaluate: Callable[[State, Example, Inputs], dict[str, jax.Array]]
    score: Callable[[State, jax.Array, Condition], jax.Array] | None = None
    encode: Callable[[State, jax.Array], jax.Array] | None = None


def num_examples(examples: Any) -> int:
    """How many examples a tree of arrays [n, ...] has; `len` would count its fields."""
    return len(jax.tree.leaves(examples)[0])


def take(examples: Any, numbers: Any) -> Any:
    """The examples of a tree of arrays [n, ...] that `numbers`, an index or a slice, choose."""
    return jax.tree.map(lambda leaf: leaf[numbers], examples)
