"""Latents z: draws, one per example and each a function of its own key, and ways between them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp
from jax.scipy.special import ndtr, ndtri

from gan_jax.config import Count, Natural, Part


@dataclass(frozen=True)
class Latents(Part):
    """The distribution of z, one draw per example.

    After the noise come InfoGAN's structured codes (arXiv 1606.03657, section 7): the number of
    classes of each of the `categories`, and how many are `continuous`, in U(-1, 1).
    """

    dimension: Natural = 100
    categories: tuple[Count, ...] = ()
    continuous: Natural = 0

    def noise(self, key: jax.Array) -> jax.Array:
        """One draw, float32 [dimension]."""
        raise NotImplementedError

    deviation: ClassVar[float]
    """The standard deviation of a coordinate of the noise."""

    def from_normal(self, x: jax.Array) -> jax.Array:
        """Coordinates [...] of N(0, 1) as those of z that have the same probability below them."""
        raise NotImplementedError

    def to_normal(self, z: jax.Array) -> jax.Array:
        """The inverse of `from_normal`, [...] to [...]; what is infinite there is finite here."""
        raise NotImplementedError

    @property
    def has_codes(self) -> bool:
        """Whether anything but noise is in z."""
        return bool(self.categories or self.continuous)


class Normal(Latents, name="normal"):
    """Noise of N(0, 1)."""

    deviation: ClassVar[float] = 1.0

    def noise(self, key: jax.Array) -> jax.Array:
        return jax.random.normal(key, (self.dimension,), jnp.float32)

    def from_normal(self, x: jax.Array) -> jax.Array:
        return x

    def to_normal(self, z: jax.Array) -> jax.Array:
        return z


class Uniform(Latents, name="uniform"):
    """Noise of U(-1, 1)."""

    deviation: ClassVar[float] = 3**-0.5

    def noise(self, key: jax.Array) -> jax.Array:
        return jax.random.uniform(key, (self.dimension,), jnp.float32, -1.0, 1.0)

    def from_normal(self, x: jax.Array) -> jax.Array:
        return 2 * ndtr(x) - 1

    def to_normal(self, z: jax.Array) -> jax.Array:
        return ndtri(jnp.clip((z + 1) / 2, 1e-7, 1 - 1e-7))  # the ends become finite


def size(config: Latents) -> int:
    """How many coordinates z has: the noise, then each categorical code's, then the continuous."""
    return config.dimension + sum(config.categories) + config.continuous


def sampler(config: Latents) -> Callable[[jax.Array], jax.Array]:
    """A function from keys [n] to float32 latents [n, size].

    The structured codes of InfoGAN (arXiv 1606.03657, section 7) follow the noise: a one-hot vector
    of a uniform draw for each categorical code, and draws of U(-1, 1) for the continuous ones.
    """

    def draw(key: jax.Array) -> jax.Array:
        noise = config.noise(key)
        hot = [
            jax.nn.one_hot(jax.random.randint(jax.random.fold_in(key, number), (), 0, k), k)
            for number, k in enumerate(config.categories)
        ]
        own = jax.random.fold_in(key, len(hot))
        values = jax.random.uniform(own, (config.continuous,), jnp.float32, -1.0, 1.0)
        return jnp.concatenate([noise, *hot, values])

    return jax.vmap(draw)


def codes(config: Latents, z: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The structured codes in latents [n, size]: classes, int [n, m], and values [n, c]."""
    at, classes = config.dimension, []
    for width in config.categories:
        classes.append(z[:, at : at + width].argmax(axis=1))
        at += width
    found = jnp.stack(classes, axis=1) if classes else jnp.zeros((len(z), 0), jnp.int32)
    return found, z[:, at:]


def quantile(config: Latents, probability: jax.Array) -> jax.Array:
    """The values that a coordinate of z stays below with these probabilities [...] in (0, 1)."""
    return config.from_normal(ndtri(jnp.asarray(probability, jnp.float32)))


def lerp(a: jax.Array, b: jax.Array, t: jax.Array) -> jax.Array:
    """The straight way from a [n, d] to b [n, d] at the times t [k] of [0, 1]: [n, k, d].

    Half-way between two draws of N(0, 1) the norm is near sqrt(d / 2), where draws hardly are.
    """
    return _weigh(a, b, 1 - t[None, :], t[None, :])


def slerp(a: jax.Array, b: jax.Array, t: jax.Array) -> jax.Array:
    """The way along the arc from a [n, d] to b [n, d] at the times t [k] of [0, 1]: [n, k, d].

    Between equal norms it keeps the norm, at constant speed (arXiv 1609.04468, section 2.1). Where
    a and b have one direction, or opposite ones, which no single arc joins, it is `lerp`.
    """
    u, v = _unit(a), _unit(b)
    # of all formulas for an angle this one is exact for small and for straight ones too
    angle = 2 * jnp.arctan2(_norm(u - v), _norm(u + v))
    sine = jnp.sin(angle)
    straight = sine < 1e-6
    sine = jnp.where(straight, 1, sine)
    t = t[None, :]
    from_a = jnp.where(straight, 1 - t, jnp.sin((1 - t) * angle) / sine)
    from_b = jnp.where(straight, t, jnp.sin(t * angle) / sine)
    return _weigh(a, b, from_a, from_b)


def _weigh(a: jax.Array, b: jax.Array, from_a: jax.Array, from_b: jax.Array) -> jax.Array:
    return from_a[:, :, None] * a[:, None, :] + from_b[:, :, None] * b[:, None, :]


def _norm(x: jax.Array) -> jax.Array:
    return jnp.linalg.norm(x, axis=-1, keepdims=True)


def _unit(x: jax.Array) -> jax.Array:
    return x / jnp.maximum(_norm(x), 1e-30)
