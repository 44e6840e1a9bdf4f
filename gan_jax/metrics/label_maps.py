"""Whether a picture that was made from a label map shows what the map asks for.

A network that learned on real pairs to tell the label of each pixel reads the maps of made
pictures, as in the FCN score of pix2pix (Isola et al. 2017, arXiv 1611.07004, section 4). It is
trained on the run's own data, at first use, and kept in the user's cache.

Pictures and maps are uint8 [n, h, w, c].
"""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax.traverse_util import flatten_dict, unflatten_dict
from tqdm import tqdm

from gan_jax import ops
from gan_jax.data import Dataset
from gan_jax.data.kinds import Picture
from gan_jax.system import array_files, user_cache

MOST_COLOURS = 32
"""Of pictures that are label maps; photographs have thousands."""
LOOKED_AT = 1_000
"""Source pictures, by which it is decided whether they are label maps."""
FEATURES, MIXED = (32, 64, 128), 32
"""Channels of the maps, each of half the sides of the one before, and of what they are mixed to."""
STEPS, BATCH, LEARNING_RATE = 400, 64, 2e-3

Reader = Callable[[np.ndarray, np.ndarray], dict[str, float]]
"""Made pictures and the maps that they were made from to the scores of `agreement`."""


def reader(data: Dataset) -> Reader | None:
    """What scores pictures by the maps [n, h, w, c] that they were made from; None where the source
    pictures of the data are not label maps."""
    colours = palette(data.train.source)
    if colours is None:
        return None
    params = _at_first_use(data, colours)
    apply = jax.jit(Segmenter(len(colours)).apply)
    to_model = Picture(*data.train.x.shape[1:]).to_model

    def read(made: np.ndarray, maps: np.ndarray) -> dict[str, float]:
        parts = range(0, len(made), 250)
        logits = (apply(params, to_model(made[first : first + 250])) for first in parts)
        found = np.concatenate([np.asarray(each).argmax(-1) for each in logits])
        return agreement(found, labels(maps, colours))

    return read


def palette(sources: np.ndarray | None) -> np.ndarray | None:
    """The colours [k, c] of source pictures that are label maps, in order; None of others."""
    if sources is None:
        return None
    looked_at = sources[np.linspace(0, len(sources) - 1, min(LOOKED_AT, len(sources)), dtype=int)]
    numbers = np.unique(_packed(looked_at))
    if not 2 <= len(numbers) <= MOST_COLOURS:
        return None
    return np.stack([numbers >> 8 * i & 255 for i in range(sources.shape[-1])], axis=-1)


def labels(maps: np.ndarray, colours: np.ndarray) -> np.ndarray:
    """The numbers of the colours [k, c] that the pixels of maps have, int [n, h, w]; -1 of any
    other colour."""
    known, asked = _packed(colours), _packed(maps)
    found = np.minimum(np.searchsorted(known, asked), len(known) - 1)
    return np.where(known[found] == asked, found, -1)


def agreement(found: np.ndarray, asked: np.ndarray) -> dict[str, float]:
    """Of labels int [n, h, w]: the share of pixels whose label is the one asked for, and the mean
    over the labels asked for of intersection over union, over all pixels of all pictures."""
    known = np.unique(asked[asked >= 0])
    both = [((found == label) & (asked == label)).sum() for label in known]
    either = [((found == label) | (asked == label)).sum() for label in known]
    return {
        "map_accuracy": float((found == asked).mean()),
        "map_iou": float(np.mean(np.divide(both, either))),
    }


class Segmenter(nn.Module):
    """Pictures [n, h, w, c] in [-1, 1] to logits [n, h, w, classes], by maps of several sizes that
    are enlarged and mixed at each pixel (Hariharan et al. 2015, arXiv 1411.5752)."""

    classes: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        maps, sides = [], x.shape[1:3]
        for number, features in enumerate(FEATURES):
            x = nn.relu(ops.Conv(features, 3, stride=1 if number == 0 else 2)(x))
            shape = len(x), *sides, MIXED
            maps.append(jax.image.resize(ops.Conv(MIXED, 1)(x), shape, "bilinear"))
        mixed = nn.relu(sum(maps, jnp.zeros(())))
        return ops.Conv(self.classes, 3)(mixed)


def train(data: Dataset, colours: np.ndarray, seed: int = 0) -> Any:
    """The parameters of a segmenter of the training pairs, of labels by colours [k, c]: Adam, its
    rate falling to 0 along a cosine, in batches of 64, each other one mirrored."""
    network, draw = Segmenter(len(colours)), np.random.default_rng(seed)
    x, maps = data.train.x, data.train.source
    to_model = Picture(*x.shape[1:]).to_model
    params = network.init(jax.random.key(seed), jnp.zeros((1, *x.shape[1:])))
    optimizer = optax.adam(optax.cosine_decay_schedule(LEARNING_RATE, STEPS))

    def loss(params: Any, x: jax.Array, asked: jax.Array) -> jax.Array:
        logits = network.apply(params, x)
        each = optax.softmax_cross_entropy_with_integer_labels(logits, jnp.maximum(asked, 0))
        return jnp.where(asked < 0, 0, each).mean()

    @jax.jit
    def step(params: Any, state: Any, x: jax.Array, asked: jax.Array) -> tuple[Any, Any]:
        updates, state = optimizer.update(jax.grad(loss)(params, to_model(x), asked), state)
        return optax.apply_updates(params, updates), state

    state = optimizer.init(params)
    for number in tqdm(range(STEPS), desc="training a segmenter", disable=None, leave=False):
        chosen = np.sort(draw.integers(len(x), size=BATCH))
        way = slice(None, None, -1 if number % 2 else 1)
        asked = labels(maps[chosen], colours)
        params, state = step(params, state, x[chosen][:, :, way], asked[:, :, way])
    return params


def _at_first_use(data: Dataset, colours: np.ndarray) -> Any:
    """The parameters for these training examples, from the user's cache when they are there."""

    def read(content: bytes) -> Any:
        return unflatten_dict(array_files.read(content), sep="/")

    def write(params: Any) -> bytes:
        return array_files.content(flatten_dict(jax.device_get(params), sep="/"))

    place = "segmenters", f"{data.fingerprint}.npz"
    return user_cache.kept(*place, read, lambda: train(data, colours), write)


def _packed(pictures: np.ndarray) -> np.ndarray:
    """The colours of pixels [..., c] as one number each, int64 [...]."""
    return pictures.astype(np.int64) @ 256 ** np.arange(pictures.shape[-1])
