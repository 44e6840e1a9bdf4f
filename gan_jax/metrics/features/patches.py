"""Whitened patches of the training images as filters: a space that needs no network.

Coates, Lee and Ng 2011, An analysis of single-layer networks in unsupervised feature learning
(AISTATS), with its k-means left out: patches are taken in a low-discrepancy order, so that the
filters are a function of the images alone and no random number is in a score.
"""

from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.data import Dataset, Source
from gan_jax.data.kinds import Picture
from gan_jax.metrics.features.pixels import Pixels
from gan_jax.metrics.features.space import Extractor, Space, digest
from gan_jax.system import linalg

SIDE = 6
PATCHES, FILTERS = 20_000, 256
CONTRAST, WHITENING, THRESHOLD = 0.01, 0.1, 0.5
LONGEST = 64
"""Pixels of a side; larger images are reduced first."""
STEPS = (0.8191725133961645, 0.6710436067037893, 0.5497004779019703)
"""Of the R3 sequence: the powers -1, -2, -3 of the root of x^4 = x + 1."""


class Filters(NamedTuple):
    kernel: Any  # [6, 6, c, 256]
    offset: Any  # [256], the filters applied to the mean patch


@dataclass(frozen=True)
class Patches(Space, name="patches"):
    """512 features: how strongly 256 whitened patches of the training images match, and how their
    negatives do, above a threshold and averaged over the image.

    What has no patches, points and pictures that are flat or smaller than one, is compared as
    `pixels`."""

    def extractor(self, data: Dataset, source: Source) -> Extractor:
        filters = fit(data.train.x) if isinstance(source.kind, Picture) else None
        if filters is None:
            return Pixels().extractor(data, source)
        constants = (SIDE, PATCHES, FILTERS, CONTRAST, WHITENING, THRESHOLD, LONGEST)
        name = f"patches-{digest(data.fingerprint, constants)}"
        return Extractor(name, 2 * FILTERS, filters, features)


def fit(images: np.ndarray) -> Filters | None:
    """The filters of uint8 images [n, h, w, c], in float64; None where they have no patches."""
    if min(_reduced(*images.shape[1:3])) < SIDE:
        return None
    patches = _normalised(_windows(images))
    mean = patches.values.mean(axis=0)
    eigenvalues, vectors = linalg.eigh(np.cov(patches.values, rowvar=False))
    whiten = (vectors / np.sqrt(np.maximum(eigenvalues, 0) + WHITENING)) @ vectors.T
    clear = np.flatnonzero(patches.variance > CONTRAST)
    if not len(clear):
        return None
    chosen = clear[np.linspace(0, len(clear) - 1, FILTERS).astype(int)]
    filters = (patches.values[chosen] - mean) @ whiten
    filters /= np.maximum(np.linalg.norm(filters, axis=1, keepdims=True), 1e-12)
    kernel = whiten @ filters.T  # [d, 256]
    shape = (SIDE, SIDE, images.shape[3], FILTERS)
    return Filters(kernel.reshape(shape), mean @ kernel)


class _Patches(NamedTuple):
    values: np.ndarray  # float64 [n, d], each of mean 0 and about length 1 in each dimension
    variance: np.ndarray  # [n], before that


def _windows(images: np.ndarray) -> np.ndarray:
    """float64 [20000, 6, 6, c] in [-1, 1], taken from the images as they are reduced."""
    count, height, width, _ = images.shape
    height, width = _reduced(height, width)
    number = np.arange(1, PATCHES + 1)
    image, row, column = (
        (number * step % 1 * size).astype(int)
        for step, size in zip(STEPS, (count, height - SIDE + 1, width - SIDE + 1), strict=True)
    )
    if (height, width) != images.shape[1:3]:
        taken, image = np.unique(image, return_inverse=True)
        parts = np.array_split(taken, -(-len(taken) // 256))
        images = np.concatenate([_reduce(images[part], height, width) for part in parts])
    inside = np.arange(SIDE)
    rows, columns = row[:, None, None] + inside[:, None], column[:, None, None] + inside
    return np.asarray(images[image[:, None, None], rows, columns], np.float64) / 127.5 - 1


def _normalised(windows: np.ndarray) -> _Patches:
    patches = windows.reshape(len(windows), -1)
    variance = patches.var(axis=1, ddof=1)
    centred = patches - patches.mean(axis=1, keepdims=True)
    return _Patches(centred / np.sqrt(variance + CONTRAST)[:, None], variance)


def _reduced(height: int, width: int) -> tuple[int, int]:
    shrink = min(1.0, LONGEST / max(height, width))
    return max(1, round(height * shrink)), max(1, round(width * shrink))


def _reduce(images: Any, height: int, width: int) -> jax.Array:
    """uint8 [n, h, w, c] to float32 [n, height, width, c] in 0 to 255, antialiased."""
    x = jnp.asarray(images, jnp.float32)
    return jax.image.resize(x, (len(x), height, width, x.shape[3]), "linear")


def features(filters: Filters, images: jax.Array) -> jax.Array:
    """float32 [n, 512] of uint8 images [n, h, w, c].

    A patch is normalised as those that the filters come from: it is convolved as it is, and mean
    and variance of each window, two box filters, are put in afterwards.
    """
    x = _reduce(images, *_reduced(*images.shape[1:3])) / 127.5 - 1
    count = SIDE * SIDE * x.shape[3]
    window = (1, SIDE, SIDE, 1)

    def box(y: jax.Array) -> jax.Array:
        return jax.lax.reduce_window(
            y.sum(axis=3, keepdims=True), 0.0, jax.lax.add, window, (1, 1, 1, 1), "VALID"
        )

    convolve = partial(
        jax.lax.conv_general_dilated,
        window_strides=(1, 1),
        padding="VALID",
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        precision=jax.lax.Precision.HIGHEST,
    )
    mean = box(x) / count
    variance = jnp.maximum(box(x * x) - count * mean**2, 0) / (count - 1)
    flat = filters.kernel.sum(axis=(0, 1, 2)).reshape(1, 1, 1, -1)
    z = (convolve(x, filters.kernel) - mean * flat) / jnp.sqrt(variance + CONTRAST)
    z -= filters.offset.reshape(1, 1, 1, -1)
    strong = [jnp.maximum(sign * z - THRESHOLD, 0).mean(axis=(1, 2)) for sign in (1, -1)]
    return jnp.concatenate(strong, axis=1)
