"""A small classifier of the data's own labels: its features, its classes.

For MNIST and CIFAR-10 the trained weights are in the repository, so that all machines score alike;
`train_classifier` made them. For other labelled data a classifier is trained at first use and kept
in the user's cache. Another machine would get another one, and so scores under another name.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax.traverse_util import flatten_dict, unflatten_dict
from tqdm import tqdm

from gan_jax import ops
from gan_jax.data import TFDS, Dataset, Source, StackedMNIST
from gan_jax.data.kinds import Picture
from gan_jax.errors import UserError
from gan_jax.metrics.features.space import Extractor, Head, Maps, Space, captured
from gan_jax.system import array_files, user_cache

SHIPPED = {"mnist": (28, 28, 1), "cifar10": (32, 32, 3)}
"""Data sets of TFDS whose classifiers are in the repository, and the shape of their images."""
OTHERS = (32, 64, 128, 128)
"""Channels of the layers, but for MNIST."""
BATCH, EPOCHS, LEARNING_RATE = 128, 6, 2e-3


def is_shipped(source: Source) -> bool:
    """Whether the repository has the classifier of a source's images, or of each of their
    channels."""
    if not isinstance(source, TFDS):
        return False
    height, width, channels = source.kind.shape
    channels = 1 if isinstance(source, StackedMNIST) else channels
    return SHIPPED.get(source.name) == (height, width, channels)


class Network(nn.Module):
    """Images [n, h, w, c] in [-1, 1] to features [n, d], the means of the last map's channels."""

    features: tuple[int, ...] = OTHERS

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        for number, features in enumerate(self.features):
            x = nn.relu(ops.Conv(features, 3, stride=1 if number == 0 else 2)(x))
        return x.mean(axis=(1, 2))


class Trained(NamedTuple):
    """A classifier with what must be known of it."""

    features: tuple[int, ...]
    params: Any
    head: Head
    accuracy: float  # on test images
    digest: str


@dataclass(frozen=True)
class Classifier(Space, name="classifier"):
    """The features of a classifier of the data's labels, before its last layer."""

    def extractor(self, data: Dataset, source: Source) -> Extractor:
        if not isinstance(source.kind, Picture):
            raise UserError("The space classifier is of pictures; these data are points.")
        if isinstance(source, TFDS) and is_shipped(source):
            trained, said = _shipped(source.name), ""
            if isinstance(source, StackedMNIST):
                return _of_each_channel(trained)
        elif len(data.class_names) < 2:
            raise UserError(
                "These data have no classes to train a classifier on; take another of "
                "evaluate.features.name."
            )
        else:
            trained, said = _at_first_use(data, source), "-trained-here"
        return Extractor(
            f"classifier{said}-{trained.digest}",
            trained.features[-1],
            trained.params,
            _Apply(trained.features),
            head=trained.head,
            about=f"test accuracy {trained.accuracy:.4f}",
        )

    def maps(self, source: Source) -> Maps:
        """The last layer's, as SRGAN has VGG-19's; of a trained network that is in the repository,
        since the others are of examples, which a network in training cannot ask for."""
        if (
            not isinstance(source, TFDS)
            or isinstance(source, StackedMNIST)
            or not is_shipped(source)
        ):
            raise UserError(
                "content.space.name=classifier has networks for MNIST and CIFAR-10 in their own "
                "sizes; set it to lite0, or to inception with content.space.path=FILE."
            )
        trained = _shipped(source.name)
        network, last = Network(trained.features), f"Conv_{len(trained.features) - 1}"
        return Maps(trained.params, lambda params, x: nn.relu(captured(network, params, x, last)))


@dataclass(frozen=True)
class _Apply:
    features: tuple[int, ...]

    def __call__(self, params: Any, images: jax.Array) -> jax.Array:
        x = images.astype(jnp.float32) / 127.5 - 1
        return jnp.asarray(Network(self.features).apply(params, x))


def _of_each_channel(trained: Trained) -> Extractor:
    """The classifier of gray images, of each of three channels.

    The logit of a triple of classes is the sum of theirs, so that its probability is their product.
    """
    kernel, bias, names = trained.head
    dims, classes = kernel.shape
    triples = np.stack(np.unravel_index(np.arange(classes**3), (classes,) * 3))  # [3, classes^3]
    head = Head(
        kernel[:, triples].transpose(1, 0, 2).reshape(3 * dims, -1),
        bias[triples].sum(axis=0),
        tuple("".join(names[number] for number in triple) for triple in triples.T),
    )
    return Extractor(
        f"classifier-channels-{trained.digest}",
        3 * dims,
        trained.params,
        _ApplyToEachChannel(trained.features),
        head=head,
        about=f"test accuracy {trained.accuracy:.4f} for each of three channels",
    )


@dataclass(frozen=True)
class _ApplyToEachChannel(_Apply):
    def __call__(self, params: Any, images: jax.Array) -> jax.Array:
        apply = super().__call__
        channels = jnp.split(images, images.shape[-1], axis=-1)
        return jnp.concatenate([apply(params, channel) for channel in channels], axis=1)


def train(
    data: Dataset, features: tuple[int, ...], mirrored: bool, epochs: int = EPOCHS, seed: int = 0
) -> Trained:
    """A classifier of stored examples; Adam, its rate falling to 0 along a cosine, in batches of
    128. `mirrored` data are mirrored at random. Weights are rounded to float16."""
    classes, images = len(data.class_names), data.train.x
    network, last = Network(features), nn.Dense(classes)
    keys = jax.random.split(jax.random.key(seed))
    blank = jnp.zeros((1, *images.shape[1:]))
    params = {
        "network": network.init(keys[0], blank),
        "head": last.init(keys[1], jnp.zeros((1, features[-1]))),
    }
    steps = epochs * (len(images) // BATCH)
    optimizer = optax.adam(optax.cosine_decay_schedule(LEARNING_RATE, max(1, steps)))

    def loss(params: Any, x: jax.Array, labels: jax.Array) -> jax.Array:
        logits = last.apply(params["head"], network.apply(params["network"], x))
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

    @jax.jit
    def step(params: Any, state: Any, x: jax.Array, labels: jax.Array) -> tuple[Any, Any]:
        gradient = jax.grad(loss)(params, x.astype(jnp.float32) / 127.5 - 1, labels)
        updates, state = optimizer.update(gradient, state)
        return optax.apply_updates(params, updates), state

    state, draw = optimizer.init(params), np.random.default_rng(seed)
    with tqdm(total=steps, desc="training a classifier", disable=None, leave=False) as bar:
        for _ in range(epochs):
            order = draw.permutation(len(images))
            for first in range(0, len(order) - BATCH + 1, BATCH):
                chosen = np.sort(order[first : first + BATCH])
                x = images[chosen]
                if mirrored:
                    x = np.where(draw.random(BATCH)[:, None, None, None] < 0.5, x[:, :, ::-1], x)
                params, state = step(params, state, x, data.train.label[chosen])
                bar.update()
    return _trained(_arrays(params), data.class_names, 0.0)


def accuracy(trained: Trained, images: np.ndarray, labels: np.ndarray) -> float:
    """The share of uint8 images [n, h, w, c] whose label, int [n], is predicted."""
    apply = jax.jit(_Apply(trained.features))
    parts = range(0, len(images), 500)
    found = [np.asarray(apply(trained.params, images[first : first + 500])) for first in parts]
    return float((trained.head.logits(np.concatenate(found)).argmax(axis=1) == labels).mean())


def _trained(arrays: dict[str, np.ndarray], names: tuple[str, ...], accuracy: float) -> Trained:
    """The classifier of float16 arrays by name, and of the names of its classes."""
    content = hashlib.sha256()
    for name in sorted(arrays):
        content.update(name.encode() + arrays[name].tobytes())
    wide = {name: array.astype(np.float32) for name, array in arrays.items()}
    params = unflatten_dict(wide, sep="/")
    kernels = [array for name, array in arrays.items() if name.endswith("kernel")]
    features = tuple(kernel.shape[-1] for kernel in kernels if kernel.ndim == 4)
    last = params["head"]["params"]
    head = Head(last["kernel"], last["bias"], names)
    return Trained(features, params["network"], head, accuracy, content.hexdigest()[:8])


def _arrays(params: Any) -> dict[str, Any]:
    """Parameters as float16 arrays by their paths."""
    flat = flatten_dict(params, sep="/")
    return {name: np.asarray(leaf, np.float16) for name, leaf in flat.items()}


def write(trained: Trained) -> bytes:
    """The file of a classifier: NumPy's archive of float16 arrays, names and the accuracy."""
    head = {"kernel": trained.head.kernel, "bias": trained.head.bias}
    arrays = _arrays({"network": trained.params, "head": {"params": head}})
    arrays["class_names"] = np.array(trained.head.class_names)
    arrays["accuracy"] = np.float64(trained.accuracy)
    return array_files.content(arrays, compressed=True)


def read(content: bytes) -> Trained:
    """The classifier in a file. Raises `ValueError` or `KeyError` for a damaged one."""
    arrays = array_files.read(content)
    names = tuple(map(str, arrays.pop("class_names")))
    return _trained(arrays, names, float(arrays.pop("accuracy")))


def _shipped(name: str) -> Trained:
    return read((Path(__file__).parent / f"{name}.npz").read_bytes())


def _at_first_use(data: Dataset, source: Source) -> Trained:
    """The classifier of these training examples, from the user's cache when it is there."""
    if len(data.train.x) < BATCH:
        raise UserError(
            f"A classifier takes {BATCH} labelled images to train on, and there are "
            f"{len(data.train.x)}; take another of evaluate.features.name."
        )

    def make() -> Trained:
        return tested(train(data, OTHERS, source.is_mirrored), data)

    return user_cache.kept("classifiers", f"{data.fingerprint}.npz", read, make, write)


def tested(trained: Trained, data: Dataset) -> Trained:
    """With its accuracy on the test images."""
    return trained._replace(accuracy=accuracy(trained, data.test.x, data.test.label))
