"""Whether a generator repeats its training images: how near samples come to them.

An image is compared in two spaces, at 16x16 or its own size where that is smaller. `pixels` is the
image itself; `features` is the strength of its edges, as 16 fixed random 5x5 filters see it, pooled
over 2x2, which forgives small shifts and other colours (random filters tell images apart almost as
learnt ones do: Saxe et al. 2011, ICML, On random weights and unsupervised feature learning). No
network is downloaded, none is trained, so that values compare between steps and runs. In both
spaces a vector is centred and scaled to length 1: the distance is sqrt(2 - 2 correlation), 0 for
the same picture, whatever its brightness and contrast, 1.41 for unrelated ones.

Distance alone would accuse a blurred image, which is near to many others and copies none. So a
sample counts as `nearer` when it passes two bounds that real images set, each passed by 5 % of
them: the distance to the nearest training image, and the ratio of it to the distance to the second
nearest. The share of samples that are nearer, by features, is the finding: a generator of new
images, however good, comes to 5 % at most but for chance, one that repeats its training images to
100 %.

Real images are the test images where there are some, else each training image as the others see
it (leave one out): a new image of the same law lies as far from the training images as they do from
each other, while augmented ones would lie as far as the augmentation moves them. A picture that the
data hold several times would be near to itself, so copies of a real image are passed over.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, NamedTuple

import chex
import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import betainc

SMALL_DATA = 2_000
"""Training sets of fewer images are watched while a run trains."""
NUM_SAMPLES = 64
"""That are drawn for it then."""
NAME = "memorisation_share"
"""Of the share among the metrics of a run."""
FEWEST_IMAGES = 10
"""Below this there is nothing to take bounds from."""
SHARE_OF_REAL = 0.05
"""Of real images that pass each bound."""
ALARM = 0.25
"""The share of samples from which on the generator is said to learn by heart, unless the samples
are so few that it may be chance."""
CHANCE = 1e-3
"""The probability below which a count is not taken for chance: a run is looked at many times."""
MOST_TRAINING_IMAGES = 100_000
MOST_REAL_IMAGES = 1_000
"""Of larger data sets this many are taken, evenly spread."""

_SIDE = 16
_FILTERS = 16
_CHUNK = 64  # queries per compiled call
_NEIGHBOURS = 9  # kept of each query, enough to look past itself and copies


class Neighbours(NamedTuple):
    """The training images nearest to some images, nearest first."""

    numbers: np.ndarray  # int [n, k]
    distances: np.ndarray  # float32 [n, k]


class Nearness(NamedTuple):
    """How near images are to the training images."""

    distance: np.ndarray  # [n], to the nearest
    ratio: np.ndarray  # [n], of that distance to the one to the second nearest picture


class Space(NamedTuple):
    """The training images in one space, and how near to them real images are."""

    training: jax.Array  # [m, d]
    same: float  # training images nearer than this to each other are one picture
    real: Nearness
    bounds: Nearness  # that 5 % of real images pass

    def nearer(self, nearness: Nearness) -> np.ndarray:
        """bool [n]: which images pass both bounds."""
        return np.all([a <= b for a, b in zip(nearness, self.bounds, strict=True)], axis=0)


class Survey(NamedTuple):
    """What samples are compared with, made once for a data set."""

    numbers: np.ndarray  # int [m], of the training images that were taken
    mirrored: bool  # whether the mirrored training images were trained on too
    held_out: bool  # whether the real images are test images
    spaces: dict[str, Space]


class Comparison(NamedTuple):
    """Samples in one space."""

    neighbours: Neighbours  # by their numbers in the data set
    nearness: Nearness
    nearer: np.ndarray  # bool [n]


def survey(training: chex.Array, test: chex.Array | None, mirrored: bool) -> Survey:
    """The survey of uint8 images [m, h, w, c]; `test` is None where all were trained on.

    Needs `FEWEST_IMAGES` training images; 1x1 images have no layout to compare.
    """
    numbers = _spread(len(training), MOST_TRAINING_IMAGES)
    reals = training if test is None else test
    real = reals[_spread(len(reals), MOST_REAL_IMAGES)]
    spaces = {}
    for name, embed in SPACES.items():
        vectors = _embed_all(embed, training, numbers)
        views = _views(embed, real, mirrored)
        near = _nearest(views, vectors, _NEIGHBOURS)
        same = float(np.median(near.distances[:, :5][:, -1])) / 3
        real_nearness = _nearness(near, vectors, same, skip_same=True)
        bounds = Nearness(*(np.quantile(values, SHARE_OF_REAL) for values in real_nearness))
        spaces[name] = Space(vectors, same, real_nearness, bounds)
    return Survey(numbers, mirrored, test is not None, spaces)


def compare(survey: Survey, samples: chex.Array) -> dict[str, Comparison]:
    """The samples, uint8 [n, h, w, c], in each space of the survey."""
    compared = {}
    for name, space in survey.spaces.items():
        views = _views(SPACES[name], samples, survey.mirrored)
        near = _nearest(views, space.training, _NEIGHBOURS)
        nearness = _nearness(near, space.training, space.same)
        named = Neighbours(survey.numbers[near.numbers], near.distances)
        compared[name] = Comparison(named, nearness, space.nearer(nearness))
    return compared


def figures(survey: Survey, compared: dict[str, Comparison]) -> dict[str, float]:
    """What to follow over training.

    `share` is the finding, by features, and `share_pixels` the same by pixels. `distance` and
    `distance_pixels` are the median distance of samples to their nearest training image, as a
    multiple of that of real images: 1 for new images, 0 for copies.
    """
    values = {}
    for name, ending in (("features", ""), ("pixels", "_pixels")):
        samples, real = compared[name].nearness.distance, survey.spaces[name].real.distance
        values[f"share{ending}"] = float(compared[name].nearer.mean())
        values[f"distance{ending}"] = float(np.median(samples) / np.median(real))
    return values


def exceeds(share: float, num_samples: int) -> bool:
    """Whether more samples are nearer than of as many new images would be but by chance: the tail
    of the binomial distribution."""
    count = round(share * num_samples)
    return float(betainc(float(count), num_samples - count + 1.0, SHARE_OF_REAL)) < CHANCE


def by_heart(share: float, num_samples: int) -> bool:
    """Whether the generator is said to learn by heart."""
    return share >= ALARM and exceeds(share, num_samples)


def sentence(figures: dict[str, float], num_samples: int) -> str:
    """The finding in plain words."""
    share = figures["share"]
    finding = _counted(share, num_samples, "are")
    if by_heart(share, num_samples):
        return f"The generator learns by heart: {finding}; of new images at most 5 % are."
    if exceeds(share, num_samples):
        return f"More than new images would show: {finding}; of new images at most 5 % are."
    return f"No sign of memorisation: {finding}."


def report(step: int, figures: dict[str, float], num_samples: int) -> dict[str, Any]:
    """The finding at a step as plain values; `warning` is empty where there is none."""
    said, alarm = sentence(figures, num_samples), by_heart(figures["share"], num_samples)
    words = {"finding": "" if alarm else said, "warning": said if alarm else ""}
    return {**words, "step": step, "num_samples": num_samples, **figures}


def with_highest(report: dict[str, Any], rows: Iterable[Mapping[str, float]]) -> dict[str, Any]:
    """A report with the highest share in the rows of its run's metrics.jsonl, and its step; where
    that is by heart and the report has no warning of its own, it warns of that."""
    shares = {int(row["step"]): row[NAME] for row in rows if NAME in row}
    if not shares:
        return report
    step, share = max(shares.items(), key=lambda item: item[1])
    warning = report.get("warning", "")
    if not warning and by_heart(share, NUM_SAMPLES):
        said = _counted(share, NUM_SAMPLES, "were")
        warning = f"At step {step:,} {said}; of new images at most 5 % are."
    return {**report, "warning": warning, "highest_share": share, "highest_step": step}


def _counted(share: float, num_samples: int, are: str) -> str:
    return (
        f"{100 * share:.0f} % of {num_samples} samples {are} nearer to a training image than real "
        "images are to each other"
    )


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


def _embed_all(embed: Callable, images: chex.Array, numbers: np.ndarray) -> jax.Array:
    """[n, d], by calls of one shape, so that equal images have equal vectors to the bit."""
    chunks = [numbers[first : first + _CHUNK] for first in range(0, len(numbers), _CHUNK)]
    vectors = [embed(images[np.resize(chunk, _CHUNK)]) for chunk in chunks]
    return jnp.concatenate(vectors)[: len(numbers)]


def _views(embed: Callable, images: chex.Array, mirrored: bool) -> jax.Array:
    """[n, views, d]: to mirror a sample is to mirror every training image."""
    views = [images, images[:, :, ::-1]] if mirrored else [images]
    return jnp.stack([_embed_all(embed, view, np.arange(len(view))) for view in views], axis=1)


def _nearest(views: jax.Array, training: jax.Array, count: int) -> Neighbours:
    """The `count` training images nearest to any view of each query, or all when they are fewer."""
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


def _nearness(
    near: Neighbours, training: jax.Array, same: float, skip_same: bool = False
) -> Nearness:
    """Of images with these neighbours. With `skip_same`, the neighbours that are the image itself
    or copies of it, nearer than `same`, are passed over, and so is an image that has no others."""
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
    return Nearness(*np.array(nearness, np.float32).T)


def _spread(count: int, most: int) -> np.ndarray:
    """Numbers of at most `most` out of `count`, evenly spread."""
    return np.linspace(0, count - 1, min(count, most)).round().astype(int)
