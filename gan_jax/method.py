"""What a method is: pure functions that the training loop runs without knowing which."""

from collections.abc import Callable
from typing import Any, NamedTuple

import chex
import jax

State = Any
"""A pytree of arrays with a field `step`, int32: how many training steps made it."""

Metrics = dict[str, jax.Array]
"""Scalars, equal on every device, by paths such as `d/loss`: the first part is whose they are (a
network, a pyramid's level, the augmentation), the last one what they are."""


class Batch(NamedTuple):
    """One device's share of a training batch."""

    images: chex.Array  # float32 [n, height, width, channels] in [-1, 1]
    labels: chex.Array  # int32 [n]; zeros for data without classes


class Method(NamedTuple):
    """As an optimizer is two pure functions, a generative method is a few.

    init: (key) -> State.
    step: (State, Batch, key) -> (State, Metrics). One device's share of one training step; it runs
        under the mapped axis `collectives.AXIS`. `key` is the run's root key.
    sample: (State, latents [n, d], labels [n], averaged) -> images [n, height, width, channels] in
        [-1, 1], from the averaged weights and statistics, or from the raw ones.
    evaluate: (State, Batch, latents [n, d], labels [n]) -> one value per example, [n] each, in
        inference mode, under the names that `step` has for them; the latents and labels are of
        samples to judge beside the batch.
    score: (State, images, labels) -> [n], how real the method takes images to be; None where it
        does not judge.
    encode: (State, images) -> latents [n, d], the middle of what it takes an image's latents to
        be; None where it does not.
    """

    init: Callable[[jax.Array], State]
    step: Callable[[State, Batch, jax.Array], tuple[State, Metrics]]
    sample: Callable[[State, jax.Array, jax.Array, jax.Array | bool], jax.Array]
    evaluate: Callable[[State, Batch, jax.Array, jax.Array], dict[str, jax.Array]]
    score: Callable[[State, jax.Array, jax.Array], jax.Array] | None = None
    encode: Callable[[State, jax.Array], jax.Array] | None = None
