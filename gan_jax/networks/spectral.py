"""Spectral normalisation (Miyato et al. 2018, arXiv 1802.05957) of any layer."""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import lax

NORMALISED = ("kernel", "embedding")
"""The parameters that are matrices; biases stay."""


class SpectralNorm(nn.Module):
    """A layer whose kernel is divided by an estimate of its largest singular value.

    The kernel of a dense layer, a convolution, a transposed convolution or an embedding is taken
    as a matrix with one column for each output channel. The estimate is by one power iteration
    from the vector `u`, which lies in `batch_stats` and is replaced in training only. No gradient
    goes through the iteration (equation 12).
    """

    layer: nn.Module

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        normalise = partial(self._normalise, train=train)
        return nn.map_variables(
            lambda layer: layer(x),
            "params",
            trans_in_fn=partial(jax.tree_util.tree_map_with_path, normalise),
            init=self.is_initializing(),
            mutable=True,
        )(self.layer)

    def _normalise(self, path: tuple, value: jax.Array, train: bool) -> jax.Array:
        if path[-1].key not in NORMALISED:
            return value
        matrix = value.reshape(-1, value.shape[-1])
        u = self.variable("batch_stats", "u", self._start, matrix.shape[-1])
        sigma, new = power_iteration(matrix, u.value)
        if train and not self.is_initializing():
            u.value = new
        return value / jnp.where(sigma > 0, sigma, 1)  # a kernel of zeros stays one

    def _start(self, size: int) -> jax.Array:
        return jax.random.normal(self.make_rng("params"), (size,))


def power_iteration(matrix: jax.Array, u: jax.Array) -> tuple[jax.Array, jax.Array]:
    """(the singular value that one iteration finds, the next u) of a matrix [m, n] from u [n].

    `u` may have any length but 0, so that an average of several serves as well.
    """
    fixed = lax.stop_gradient(matrix)
    v = _unit(_times(fixed, u))
    longer = _times(fixed.T, v)
    new = jnp.where(jnp.any(longer != 0), _unit(longer), u)
    return _times(matrix, new) @ v, new


def _times(matrix: jax.Array, vector: jax.Array) -> jax.Array:
    return jnp.matmul(matrix, vector, precision=lax.Precision.HIGHEST)


def _unit(vector: jax.Array) -> jax.Array:
    norm = jnp.linalg.norm(vector)
    return vector / jnp.where(norm > 0, norm, 1)
