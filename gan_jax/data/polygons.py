"""Triangles, drawn in code, so that the distance of any image from all of them is known.

As the authors of "Are GANs Created Equal?" (arXiv 1711.10337, section 5) draw them: three points on
a circle, turned by up to 6.28 degrees, their mean in the middle of the image; black on white.
"""

from dataclasses import dataclass
from typing import Literal, TypeVar

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.data.dataset import Dataset, dataset
from gan_jax.data.source import PictureSource
from gan_jax.method import Example

TRAIN_IMAGES, TEST_IMAGES, HELD_OUT = 60_000, 10_000, 10_000
SIDE, SUBPIXELS = 28, 8
SCALE, LEAST_ANGLE = 0.75, 20.0
"""The circle's diameter of the side, and degrees between two points as the middle sees them."""
BEFORE = 3
"""Subpixels by which a pixel begins before its place, as the authors' filter has it."""
CHUNK = 1_000
Array = TypeVar("Array", np.ndarray, jax.Array)


@dataclass(frozen=True)
class Polygons(PictureSource, name="polygons"):
    """60,000 training and 10,000 test images of a triangle, 28x28 and gray."""

    height: Literal[28] = 28
    width: Literal[28] = 28
    channels: Literal[1] = 1

    def load(self) -> Dataset:
        places = triangles()
        train, test = (
            Example(to_uint8(raster(corners(split))))
            for split in (places[:TRAIN_IMAGES], places[TRAIN_IMAGES:][:TEST_IMAGES])
        )
        report = f"Drew {len(train.x)} training and {len(test.x)} test triangles."
        return dataset(train, test, (), (report,))


def triangles(count: int = TRAIN_IMAGES + TEST_IMAGES + HELD_OUT, seed: int = 0) -> np.ndarray:
    """The places of the authors' triangles in their manifold, [count, 4] in [0, 1].

    The order of the triangles is a permutation of all, so that it depends on `count`.
    """
    random = np.random.RandomState(seed)  # the generator whose stream the authors' program has
    places = random.rand(count, 4)
    return places[random.permutation(count)]


def corners(places: Array) -> Array:
    """The corners [n, 3, 2], in pixels and in order of their angles, of triangles by their places
    [n, 4]: where each corner lies on its part of the circle, and the turn."""
    xp = jnp if isinstance(places, jax.Array) else np
    first = np.arange(3) * 120 + LEAST_ANGLE / 2
    angles = (first[None] + places[:, :3] * (120 - LEAST_ANGLE / 2)) * np.pi / 180.0
    x, y = ((f(angles) + 1) / 2 for f in (xp.cos, xp.sin))
    turn = places[:, 3:] * 2 * np.pi * np.pi / 180  # radians of radians, as they have it
    cos, sin = xp.cos(turn), xp.sin(turn)
    turned = xp.stack([x * cos + y * sin, y * cos - x * sin], axis=-1) * (SIDE * SCALE)
    return turned + SIDE / 2 - turned.mean(axis=1, keepdims=True)


def raster(corners: np.ndarray) -> np.ndarray:
    """The share of each pixel that lies outside of triangles with corners [n, 3, 2], in order of
    their angles: [n, 28, 28], in 64ths."""
    parts = [corners[first : first + CHUNK] for first in range(0, len(corners), CHUNK)]
    return np.concatenate([_raster(part) for part in parts])


def _raster(corners: np.ndarray) -> np.ndarray:
    a, b = corners * SUBPIXELS, np.roll(corners, -1, axis=1) * SUBPIXELS
    lines = np.arange(SIDE * SUBPIXELS - BEFORE)
    edge = (b - a)[:, :, None]
    # where each line of subpixels crosses an edge, inside of which it goes on up or down
    crossing = a[:, :, None, 1] + (lines - a[:, :, None, 0]) * (edge[..., 1] / edge[..., 0])
    rises = edge[..., 0] > 0
    first = np.ceil(np.where(rises, crossing, -np.inf).max(axis=1))[..., None]
    last = np.floor(np.where(rises, np.inf, crossing).min(axis=1))[..., None]
    starts = np.arange(SIDE) * SUBPIXELS - BEFORE
    ends = starts + SUBPIXELS - 1
    inside = np.minimum(last, ends) - np.maximum(first, np.maximum(starts, 0)) + 1
    inside = np.pad(np.clip(inside, 0, None), ((0, 0), (BEFORE, 0), (0, 0)))
    counts = inside.reshape(len(corners), SIDE, SUBPIXELS, SIDE).sum(axis=2)
    return 1 - counts / SUBPIXELS**2


def to_uint8(shares: np.ndarray) -> np.ndarray:
    """Shares [n, 28, 28] of white as images uint8 [n, 28, 28, 1]."""
    return np.round(255 * shares).astype(np.uint8)[..., None]
