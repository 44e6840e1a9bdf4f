"""Penalties on D's gradient by its images, one value per example; the caller reduces.

A penalty is a row of `PENALTIES`, a function of a `View`. D's update adds their mean, times
`penalty.weight`, to its loss.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from gan_jax.devices import collectives


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


def r2(view: View) -> jax.Array:
    """Half the squared norm of D's gradient on fakes (arXiv 1801.04406, equation 10)."""
    return _squared_norm(view.fake_gradient()) / 2


def r1_r2(view: View) -> jax.Array:
    """Both, as R3GAN has them (Huang et al. 2024, arXiv 2501.05441, section 2.2)."""
    return r1(view) + r2(view)


def wgan_gp(view: View) -> jax.Array:
    """(norm of D's gradient - 1)^2 at random points between real and fake (Gulrajani et al. 2017,
    arXiv 1704.00028, equation 3)."""
    return (_slope_between(view, view.fake, view.real) - 1) ** 2


def wgan_gp_one_sided(view: View) -> jax.Array:
    """The same where the norm is above 1 alone (Petzka et al. 2017, arXiv 1709.08894, equation
    8)."""
    return jax.nn.relu(_slope_between(view, view.fake, view.real) - 1) ** 2


def dragan(view: View) -> jax.Array:
    """(norm of D's gradient - 1)^2 around real images (Kodali et al. 2017, arXiv 1705.07215,
    section 2.3).

    As its authors' program has it, a point lies between an image and the image plus noise, which is
    U(0, 1) for each pixel times half the deviation of all pixels of the global batch.
    """
    means = collectives.mean((view.real.mean(), (view.real**2).mean()))
    deviation = jnp.sqrt(jnp.maximum(means[1] - means[0] ** 2, 0))
    noise_keys = jax.vmap(lambda key: jax.random.fold_in(key, 0))(view.keys)
    noise = jax.vmap(lambda key: jax.random.uniform(key, view.real.shape[1:]))(noise_keys)
    return (_slope_between(view, view.real, view.real + deviation / 2 * noise) - 1) ** 2


TINY = 1e-12
"""Keeps the derivative of a norm finite where the gradient is zero."""

PENALTIES: dict[str, Penalty] = {
    "none": lambda view: jnp.zeros(len(view.real)),
    "r1": r1,
    "r2": r2,
    "r1_r2": r1_r2,
    "wgan_gp": wgan_gp,
    "wgan_gp_one_sided": wgan_gp_one_sided,
    "dragan": dragan,
}

OF_GRADIENTS = frozenset(PENALTIES) - {"none"}
"""Penalties on gradients by an image, which BatchNorm turns into those of all its neighbours."""
OF_SLOPES = OF_GRADIENTS - {"r1", "r2", "r1_r2"}
"""Those that need the size of each example's own gradient, for a D that judges it alone."""


def _slope_between(view: View, start: jax.Array, end: jax.Array) -> jax.Array:
    """The norm of D's gradient at one random point between each two images, [n]."""
    mix = jax.vmap(jax.random.uniform)(view.keys)[:, None, None, None]
    between = start + mix * (end - start)
    gradient = jax.grad(lambda images: view.critic(images).sum())(between)
    return jnp.sqrt(_squared_norm(gradient) + TINY)


def _squared_norm(gradient: jax.Array) -> jax.Array:
    return (gradient**2).sum(axis=tuple(range(1, gradient.ndim)))
