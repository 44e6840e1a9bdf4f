"""Penalties on D's gradient by its images [n, ...], one value per example; the caller reduces.

A penalty is a choice of `Penalty`, whose `measure` is a function of a `View`. D's update adds their
mean, times `weight`, to its loss.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import jax
import jax.numpy as jnp

from gan_jax.config import Count, NonNegative, Part
from gan_jax.devices import collectives


class View(NamedTuple):
    """What a penalty may look at, as D is in its update."""

    critic: Callable[[jax.Array], jax.Array]  # images [n, ...] to logits [n], a pass of its own
    real: jax.Array  # [n, ...]
    fake: jax.Array  # [n, ...]
    real_gradient: Callable[[], jax.Array]  # of each real example's logit by its image, no new pass
    fake_gradient: Callable[[], jax.Array]
    keys: jax.Array  # [n], one for each example


@dataclass(frozen=True)
class Penalty(Part):
    """What keeps D regular.

    clip_weights: the bound on D's weights after each of its updates; 0 is none.

    of_gradients: whether it is of gradients by an image, which BatchNorm turns into those of all
        its neighbours.
    of_slopes: whether it needs the size of each example's own gradient, for a D that judges each
        example alone.
    of_batch: whether an example's value takes means over all others.
    """

    clip_weights: NonNegative = 0.0

    of_gradients: ClassVar[bool] = False
    of_slopes: ClassVar[bool] = False
    of_batch: ClassVar[bool] = False


class NoPenalty(Penalty, name="none"):
    """D's loss alone."""


@dataclass(frozen=True)
class GradientPenalty(Penalty):
    """A penalty that D's loss has added, `weight` times its mean over the batch.

    weight: lambda of WGAN-GP, gamma of R1; `final_weight` is where `train.schedule` leads.
    every_steps: lazy regularisation, applied every k steps and scaled by k (Karras et al. 2020,
        arXiv 1912.04958, appendix B).
    """

    weight: NonNegative = 10.0
    final_weight: NonNegative | None = None
    every_steps: Count = 1

    of_gradients: ClassVar[bool] = True

    def measure(self, view: View) -> jax.Array:
        """One value per example, [n]."""
        raise NotImplementedError


class R1(GradientPenalty, name="r1"):
    """Half the squared norm of D's gradient on real images (Mescheder et al. 2018, arXiv
    1801.04406, equation 9)."""

    def measure(self, view: View) -> jax.Array:
        return _squared_norm(view.real_gradient()) / 2


class R2(GradientPenalty, name="r2"):
    """Half the squared norm of D's gradient on fakes (arXiv 1801.04406, equation 10)."""

    def measure(self, view: View) -> jax.Array:
        return _squared_norm(view.fake_gradient()) / 2


class R1R2(GradientPenalty, name="r1_r2"):
    """Both, as R3GAN has them (Huang et al. 2024, arXiv 2501.05441, section 2.2)."""

    def measure(self, view: View) -> jax.Array:
        return _squared_norm(view.real_gradient()) / 2 + _squared_norm(view.fake_gradient()) / 2


class WGANGP(GradientPenalty, name="wgan_gp"):
    """(norm of D's gradient - 1)^2 at random points between real and fake (Gulrajani et al. 2017,
    arXiv 1704.00028, equation 3)."""

    of_slopes: ClassVar[bool] = True

    def measure(self, view: View) -> jax.Array:
        return (_slope_between(view, view.fake, view.real) - 1) ** 2


class WGANGPOneSided(GradientPenalty, name="wgan_gp_one_sided"):
    """The same where the norm is above 1 alone (Petzka et al. 2017, arXiv 1709.08894, equation
    8)."""

    of_slopes: ClassVar[bool] = True

    def measure(self, view: View) -> jax.Array:
        return jax.nn.relu(_slope_between(view, view.fake, view.real) - 1) ** 2


class DRAGAN(GradientPenalty, name="dragan"):
    """(norm of D's gradient - 1)^2 around real images (Kodali et al. 2017, arXiv 1705.07215,
    section 2.3).

    As its authors' program has it, a point lies between an image and the image plus noise, which is
    U(0, 1) for each pixel times half the deviation of all pixels of the global batch.
    """

    of_slopes: ClassVar[bool] = True
    of_batch: ClassVar[bool] = True

    def measure(self, view: View) -> jax.Array:
        means = collectives.mean((view.real.mean(), (view.real**2).mean()))
        deviation = jnp.sqrt(jnp.maximum(means[1] - means[0] ** 2, 0))
        noise_keys = jax.vmap(lambda key: jax.random.fold_in(key, 0))(view.keys)
        noise = jax.vmap(lambda key: jax.random.uniform(key, view.real.shape[1:]))(noise_keys)
        return (_slope_between(view, view.real, view.real + deviation / 2 * noise) - 1) ** 2


TINY = 1e-12
"""Keeps the derivative of a norm finite where the gradient is zero."""


def _slope_between(view: View, start: jax.Array, end: jax.Array) -> jax.Array:
    """The norm of D's gradient at one random point between each two images, [n]."""
    mix = jax.vmap(jax.random.uniform)(view.keys).reshape(-1, *[1] * (start.ndim - 1))
    between = start + mix * (end - start)
    gradient = jax.grad(lambda images: view.critic(images).sum())(between)
    return jnp.sqrt(_squared_norm(gradient) + TINY)


def _squared_norm(gradient: jax.Array) -> jax.Array:
    return (gradient**2).sum(axis=tuple(range(1, gradient.ndim)))
