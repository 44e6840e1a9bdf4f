"""How near samples come to training images, compared with how near real images do."""

import hashlib
from collections.abc import Callable
from typing import NamedTuple

import chex
import jax
import numpy as np

from gan_jax.metrics.memorisation.spaces import SPACES, Neighbours, embed_all, nearest, views_of

FEWEST_IMAGES = 10
"""Distinct ones; below this there is nothing to take bounds from."""
SHARE_OF_COPIES = 0.1
"""Training images nearer to each other than this share of a large distance, the 0.9 quantile of
all, are copies; a new image of the same thing is several times as far."""
SHARE_OF_REAL = 0.05
"""Of real images that pass each bound."""
MOST_TRAINING_IMAGES = 100_000
MOST_REAL_IMAGES = 1_000
"""Of larger data sets this many are taken, evenly spread."""

_NEIGHBOURS = 9  # kept of each query, enough to look past itself and what is much like it
_MOST_COMPARED = 4_000  # training images that are compared with each other to find copies


class Nearness(NamedTuple):
    """How near images are to the training images."""

    distance: np.ndarray  # [n], to the nearest
    ratio: np.ndarray  # [n], of that distance to the one to the second nearest picture


class Space(NamedTuple):
    """The training images in one space, and how near to them real images are."""

    numbers: np.ndarray  # int [m], of the distinct training images
    training: jax.Array  # [m, d]
    same: float  # training images nearer than this to each other are one picture
    real: Nearness
    bounds: Nearness  # that 5 % of real images pass

    @property
    def has_bounds(self) -> bool:
        """Whether there are enough distinct pictures to say anything by."""
        few = min(len(self.training), len(self.real.distance)) < FEWEST_IMAGES
        return not few and bool(self.bounds.distance > 0)

    def nearer(self, nearness: Nearness) -> np.ndarray:
        """bool [n]: which images pass both bounds."""
        return np.all([a <= b for a, b in zip(nearness, self.bounds, strict=True)], axis=0)


class Survey(NamedTuple):
    """What samples are compared with, made once for a data set."""

    numbers: np.ndarray  # int [m], of the training images that were taken
    mirrored: bool  # whether the mirrored training images were trained on too
    held_out: bool  # whether the real images are test images
    spaces: dict[str, Space]

    @property
    def has_bounds(self) -> bool:
        return all(space.has_bounds for space in self.spaces.values())

    @property
    def distinct(self) -> int:
        """How many training images are distinct in both spaces."""
        return min(len(space.training) for space in self.spaces.values())


class Comparison(NamedTuple):
    """Samples in one space."""

    neighbours: Neighbours  # by their numbers in the data set
    nearness: Nearness
    nearer: np.ndarray  # bool [n]


def survey(training: chex.Array, test: chex.Array | None, mirrored: bool) -> Survey:
    """The survey of uint8 images [m, h, w, c]; `test` is None where all were trained on."""
    numbers = _distinct(training, _spread(len(training), MOST_TRAINING_IMAGES))
    reals = training if test is None else test
    chosen = numbers if test is None else _distinct(test, np.arange(len(test)))
    real = reals[chosen[_spread(len(chosen), MOST_REAL_IMAGES)]]
    spaces = {
        name: _space(embed, training, numbers, real, mirrored, held_out=test is not None)
        for name, embed in SPACES.items()
    }
    return Survey(numbers, mirrored, test is not None, spaces)


def _space(
    embed: Callable,
    training: chex.Array,
    numbers: np.ndarray,
    real: chex.Array,
    mirrored: bool,
    held_out: bool,
) -> Space:
    vectors = embed_all(embed, training, numbers)
    kept = _without_copies(vectors)
    numbers, vectors = numbers[kept], vectors[kept]
    views = views_of(embed, real, mirrored)
    near = nearest(views, vectors, _NEIGHBOURS)
    if not held_out:  # a copy is not asked again
        alone = _without_copies(views[:, 0])
        near = Neighbours(*(part[alone] for part in near))
    same = float(np.median(near.distances[:, :5][:, -1])) / 3
    nearness = _nearness(near, vectors, same, skip_same=True)
    bounds = Nearness(*(np.quantile([*values] or 0.0, SHARE_OF_REAL) for values in nearness))
    return Space(numbers, vectors, same, nearness, bounds)


def compare(survey: Survey, samples: chex.Array) -> dict[str, Comparison]:
    """The samples, uint8 [n, h, w, c], in each space of the survey."""
    compared = {}
    for name, space in survey.spaces.items():
        views = views_of(SPACES[name], samples, survey.mirrored)
        near = nearest(views, space.training, _NEIGHBOURS)
        nearness = _nearness(near, space.training, space.same)
        named = Neighbours(space.numbers[near.numbers], near.distances)
        compared[name] = Comparison(named, nearness, space.nearer(nearness))
    return compared


def figures(survey: Survey, compared: dict[str, Comparison]) -> dict[str, float]:
    """What to log during training.

    `share` is the finding, by features, and `share_pixels` the same by pixels. `distance` and
    `distance_pixels` are the median distance of samples to their nearest training image, as a
    multiple of that of real images: 1 for new images, 0 for copies. Where nothing can be said, the
    number of `distinct` training images is all there is.
    """
    if not survey.has_bounds:
        return {"distinct": float(survey.distinct)}
    values = {}
    for name, ending in (("features", ""), ("pixels", "_pixels")):
        samples, real = compared[name].nearness.distance, survey.spaces[name].real.distance
        values[f"share{ending}"] = float(compared[name].nearer.mean())
        values[f"distance{ending}"] = float(np.median(samples) / np.median(real))
    return values


def _nearness(
    near: Neighbours, training: jax.Array, same: float, skip_same: bool = False
) -> Nearness:
    """Of images with these neighbours. With `skip_same`, the neighbours that are the image itself
    or much like it, nearer than `same`, are passed over, and so is an image that has no others."""
    vectors = np.asarray(training)
    nearness = []
    for numbers, distances in zip(*near, strict=True):
        first = int((distances < same).sum()) if skip_same else 0
        if first == len(distances):
            continue
        apart = np.linalg.norm(vectors[numbers] - vectors[numbers[first]], axis=1)
        others = distances[(apart >= same) & (np.arange(len(distances)) > first)]
        second = others[0] if len(others) else distances[-1]
        nearness.append((distances[first], distances[first] / max(second, 1e-6)))
    return Nearness(*np.array(nearness, np.float32).reshape(-1, 2).T)


def _distinct(images: chex.Array, numbers: np.ndarray) -> np.ndarray:
    """Those of the numbers whose images are not the same as an earlier one's, byte for byte."""
    first = {hashlib.sha256(images[n].tobytes()).digest(): n for n in numbers[::-1]}
    return np.array(sorted(first.values()), int)


def _without_copies(vectors: jax.Array) -> np.ndarray:
    """The places of vectors [m, d] that are no copies of an earlier one; all of many."""
    if len(vectors) > _MOST_COMPARED:
        return np.arange(len(vectors))
    v = np.asarray(vectors)
    squares = (v**2).sum(axis=1)
    apart = np.sqrt(np.maximum(squares[:, None] + squares - 2 * v @ v.T, 0))
    near = apart <= SHARE_OF_COPIES * np.quantile(apart, 0.9)
    kept = np.zeros(len(v), bool)
    for number in range(len(v)):
        kept[number] = not near[number, kept].any()
    return np.flatnonzero(kept)


def _spread(count: int, most: int) -> np.ndarray:
    """Numbers of at most `most` out of `count`, evenly spread."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(int)
