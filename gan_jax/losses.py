"""Adversarial losses on logits, one value per example; the caller reduces.

A loss is a row of `LOSSES`. One that is a sum of a term on real and a term on fake logits
(`separable`) also serves methods that update D on real and on fake examples in turn.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

Term = Callable[[jax.Array], jax.Array]
PairTerm = Callable[[jax.Array, jax.Array], jax.Array]


class Loss(NamedTuple):
    """What D minimises, given logits [n] of real and of fake examples, and G, given those of fakes.

    `disc_terms` are the terms of `disc` on real and on fake logits where it is their sum.
    """

    disc: PairTerm
    gen: Term
    disc_terms: tuple[Term, Term] | None = None


def binary_cross_entropy(logits: jax.Array, target: float) -> jax.Array:
    """-target log D - (1 - target) log(1 - D) with D = sigmoid(logits); finite for any logit."""
    return jax.nn.softplus(logits) - target * logits


def separable(disc_real: Term, disc_fake: Term, gen: Term) -> Loss:
    """The loss whose D part is a sum over real and fake, and whose G part sees fakes alone."""
    return Loss(
        disc=lambda real, fake: disc_real(real) + disc_fake(fake),
        gen=gen,
        disc_terms=(disc_real, disc_fake),
    )


def non_saturating(real_target: float, fake_target: float) -> Loss:
    """G minimises -log D(fake) (Goodfellow et al. 2014, arXiv 1406.2661, section 3).

    `real_target` below 1 is one-sided label smoothing (Salimans et al. 2016, arXiv 1606.03498).
    """
    return separable(
        disc_real=lambda logits: binary_cross_entropy(logits, real_target),
        disc_fake=lambda logits: binary_cross_entropy(logits, fake_target),
        gen=lambda logits: jax.nn.softplus(-logits),
    )


def minimax(real_target: float, fake_target: float) -> Loss:
    """G minimises log(1 - D(fake)), the value function itself (arXiv 1406.2661, equation 1)."""
    disc = non_saturating(real_target, fake_target)
    return disc._replace(gen=lambda logits: -jax.nn.softplus(logits))


LOSSES: dict[str, Callable[[float, float], Loss]] = {
    "minimax": minimax,
    "non_saturating": non_saturating,
}


def probability(logits: jax.Array) -> jax.Array:
    """D's probability that an example is real, sigmoid(logits), in float32."""
    return jax.nn.sigmoid(logits.astype(jnp.float32))
