"""Content: how far a made picture is from the one that it is to be, beside D's judgement."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp

from gan_jax.config import Natural, NonNegative
from gan_jax.method import Metrics


@dataclass(frozen=True)
class Content:
    """Terms of G's loss by weight, of pairs in the model's range, [-1, 1] of pictures; 0 is none.

    l1, l2: mean absolute and mean squared difference.
    gradient_difference: mean difference between the sizes of neighbouring pixels' differences
        (Mathieu et al. 2015, arXiv 1511.05440, equation 6 with alpha = 1).
    steps_alone: so many first steps G learns by these terms alone, and D waits, as SRGAN begins
        with SRResNet (Ledig et al. 2016, arXiv 1609.04802, section 3.2).
    """

    l1: NonNegative = 0.0
    l2: NonNegative = 0.0
    gradient_difference: NonNegative = 0.0
    steps_alone: Natural = 0

    @property
    def is_there(self) -> bool:
        """Whether any term has a weight."""
        return any((self.l1, self.l2, self.gradient_difference))

    def __call__(self, made: jax.Array, target: jax.Array) -> tuple[jax.Array, Metrics]:
        """The weighted sum for pictures [n, h, w, c], a scalar, and each term as it is."""
        terms = {"l1": l1, "l2": l2, "gradient_difference": gradient_difference}
        weights = {name: getattr(self, name) for name in terms}
        found = {name: term(made, target) for name, term in terms.items() if weights[name]}
        value = sum((weights[name] * term for name, term in found.items()), jnp.zeros(()))
        return value, {f"g/{name}": term for name, term in found.items()}


def l1(made: jax.Array, target: jax.Array) -> jax.Array:
    """The mean absolute difference of [n, ...], a scalar."""
    return jnp.abs(made - target).mean()


def l2(made: jax.Array, target: jax.Array) -> jax.Array:
    """The mean squared difference of [n, ...], a scalar."""
    return ((made - target) ** 2).mean()


def gradient_difference(made: jax.Array, target: jax.Array) -> jax.Array:
    """The mean of ||y_i - y_(i-1)| - |x_i - x_(i-1)|| over rows, and over columns, of pictures
    [n, h, w, c]: their sum, a scalar."""

    def along(axis: int) -> jax.Array:
        sizes = (jnp.abs(jnp.diff(x, axis=axis)) for x in (made, target))
        return l1(*sizes)

    return along(1) + along(2)
