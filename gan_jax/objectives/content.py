"""Content: how far a made picture is from the one that it is to be, beside D's judgement."""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp

from gan_jax.config import Natural, NonNegative
from gan_jax.data import Source
from gan_jax.method import Metrics
from gan_jax.metrics.features import Classifier, Maps, Space

Term = Callable[[jax.Array, jax.Array], jax.Array]


@dataclass(frozen=True)
class Content:
    """Terms of G's loss by weight, of pairs in the model's range, [-1, 1] of pictures; 0 is none.

    l1, l2: mean absolute and mean squared difference.
    gradient_difference: mean difference between the sizes of neighbouring pixels' differences
        (Mathieu et al. 2015, arXiv 1511.05440, equation 6 with alpha = 1).
    features: mean squared difference of the maps of a network, the one of `space` (Ledig et al.
        2016, arXiv 1609.04802, equation 5). SRGAN's VGG-19 is none of them, as no package index
        has its weights.
    steps_alone: so many first steps G learns by these terms alone, and D waits, as SRGAN begins
        with SRResNet (Ledig et al. 2016, arXiv 1609.04802, section 3.2).
    """

    l1: NonNegative = 0.0
    l2: NonNegative = 0.0
    gradient_difference: NonNegative = 0.0
    features: NonNegative = 0.0
    space: Space = Classifier()
    steps_alone: Natural = 0

    @property
    def is_there(self) -> bool:
        """Whether any term has a weight."""
        return any((self.l1, self.l2, self.gradient_difference, self.features))

    def __call__(
        self, made: jax.Array, target: jax.Array, source: Source | None = None
    ) -> tuple[jax.Array, Metrics]:
        """The weighted sum for pictures [n, h, w, c], a scalar, and each term as it is; `source` is
        where they are from, which decides about the network of `features`."""
        terms: dict[str, Term] = {
            "l1": l1,
            "l2": l2,
            "gradient_difference": gradient_difference,
            "features": lambda made, target: l2(*(self._maps(source, x) for x in (made, target))),
        }
        weights = {name: getattr(self, name) for name in terms}
        found = {name: term(made, target) for name, term in terms.items() if weights[name]}
        value = sum((weights[name] * term for name, term in found.items()), jnp.zeros(()))
        return value, {f"g/{name}": term for name, term in found.items()}

    def _maps(self, source: Source | None, x: jax.Array) -> jax.Array:
        assert source is not None
        network = _network(self.space, source)
        return network.apply(network.params, x)


@functools.cache
def _network(space: Space, source: Source) -> Maps:
    """Read when a step is traced, so that sampling does without."""
    return space.maps(source)


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
