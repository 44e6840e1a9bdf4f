"""Penalties on D's gradient by its images, one value per example; the caller reduces.

A penalty is a row of `PENALTIES`, a function of a `View`. D's update adds their mean, times
`penalty.weight`, to its loss.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp


class View(NamedTuple):
    """What a penalty may look at, as D is in its update."""

    critic: Callable[[jax.Array], jax.Array]  # images [n, h, w, c] to logits [n]
    real: jax.Array
    fake: jax.Array
    real_gradient: Callable[[], jax.Array]  # of each real example's logit by its image, no new pass
    fake_gradient: Callable[[], jax.Array]
    keys: jax.Array  # [n], one for each example


Penalty = Callable[[View], jax.Array]


def r1(view: View) -> jax.Array:
    """Half the squared norm of D's gradient on real images (Mescheder et al. 2018, arXiv
    1801.04406, equation 9)."""
    return _squared_norm(view.real_gradient()) / 2


def wgan_gp(view: View) -> jax.Array:
    """(norm of D's gradient - 1)^2 at random points between real and fake (Gulrajani et al. 2017,
    arXiv 1704.00028, equation 3)."""
    mix = jax.vmap(jax.random.uniform)(view.keys)[:, None, None, None]
    between = view.fake + mix * (view.real - view.fake)
    gradient = jax.grad(lambda images: view.critic(images).sum())(between)
    return (jnp.sqrt(_squared_norm(gradient) + TINY) - 1) ** 2


TINY = 1e-12
"""Keeps the derivative of a norm finite where the gradient is zero."""

PENALTIES: dict[str, Penalty] = {
    "none": lambda view: jnp.zeros(len(view.real)),
    "r1": r1,
    "wgan_gp": wgan_gp,
}

BETWEEN_EXAMPLES = frozenset({"wgan_gp"})
"""Penalties of each example apart, which D must judge without looking at its neighbours."""


def _squared_norm(gradient: jax.Array) -> jax.Array:
    return (gradient**2).sum(axis=tuple(range(1, gradient.ndim)))
