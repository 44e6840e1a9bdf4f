"""The two spaces that images are compared in, and the neighbours of an image there."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import chex
import jax
import jax.numpy as jnp
import numpy as np

_SIDE = 16
_FILTERS = 16
_CHUNK = 64  # queries per compiled call


class Neighbours(NamedTuple):
    """The training images nearest to some images, nearest first."""

    numbers: np.ndarray  # int [n, k]
    distances: np.ndarray  # float32 [n, k]


@jax.jit
def pixels(images: jax.Array) -> jax.Array:
    """uint8 [n, h, w, c] to the image itself, [n, d] of mean 0 and length 1."""
    return _unit(_small(images))


@jax.jit
def features(images: jax.Array) -> jax.Array:
    """uint8 [n, h, w, c] to the strength of edges, [n, d] of mean 0 and length 1."""
    x = _small(images)
    kernel = jax.random.normal(jax.random.key(0), (5, 5, x.shape[3], _FILTERS))
    kernel -= kernel.mean(axis=(0, 1), keepdims=True)  # blind to flat colour
    x = jnp.pad(x, ((0, 0), (2, 2), (2, 2), (0, 0)), mode="edge")
    layout = ("NHWC", "HWIO", "NHWC")
    edges = jnp.abs(jax.lax.conv_general_dilated(x, kernel, (1, 1), "VALID", None, None, layout))
    window = (1, 2, 2, 1)
    return _unit(jax.lax.reduce_window(edges, 0.0, jax.lax.add, window, window, "SAME"))


SPACES: dict[str, Callable[[jax.Array], jax.Array]] = {"features": features, "pixels": pixels}


def _small(images: jax.Array) -> jax.Array:
    count, height, width, channels = images.shape
    shape = (count, min(height, _SIDE), min(width, _SIDE), channels)
    return jax.image.resize(images / 127.5 - 1, shape, "linear")


def _unit(x: jax.Array) -> jax.Array:
    x = x.reshape(len(x), -1)
    x -= x.mean(axis=1, keepdims=True)
    return x / jnp.maximum(jnp.linalg.norm(x, axis=1, keepdims=True), 1e-6)


def embed_all(embed: Callable, images: chex.Array, numbers: np.ndarray) -> jax.Array:
    """[n, d], by calls of one shape, so that equal images have equal vectors to the bit."""
    chunks = [numbers[first : first + _CHUNK] for first in range(0, len(numbers), _CHUNK)]
    vectors = [embed(images[np.resize(chunk, _CHUNK)]) for chunk in chunks]
    return jnp.concatenate(vectors)[: len(numbers)]


def views_of(embed: Callable, images: chex.Array, mirrored: bool) -> jax.Array:
    """[n, views, d]: to mirror a sample is to mirror every training image."""
    views = [images, images[:, :, ::-1]] if mirrored else [images]
    return jnp.stack([embed_all(embed, view, np.arange(len(view))) for view in views], axis=1)


def nearest(views: jax.Array, training: jax.Array, count: int) -> Neighbours:
    """The `count` training images [n, d] nearest to any view of each query, of [m, views, d]; all
    when they are fewer."""
    chunks = np.resize(np.arange(len(views)), (-(-len(views) // _CHUNK), _CHUNK))
    found = [_nearest_chunk(views[chunk], training, min(count, len(training))) for chunk in chunks]
    numbers, distances = (np.concatenate(part)[: len(views)] for part in zip(*found, strict=True))
    return Neighbours(numbers, distances)


@partial(jax.jit, static_argnums=2)
def _nearest_chunk(
    views: jax.Array, training: jax.Array, count: int
) -> tuple[jax.Array, jax.Array]:
    products = jnp.einsum("qvd,md->qvm", views, training).max(axis=1)
    _, numbers = jax.lax.top_k(products, count)
    # The product of close vectors says little of their distance, so that is taken anew.
    apart = training[numbers][:, :, None] - views[:, None]
    distances = jnp.linalg.norm(apart, axis=3).min(axis=2)
    order = jnp.argsort(distances, axis=1)
    in_order = partial(jnp.take_along_axis, indices=order, axis=1)
    return in_order(numbers), in_order(distances)
