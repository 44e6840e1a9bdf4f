"""From keys to samples: each sample is a function of its own number in a stream of keys alone."""

import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax import keys
from gan_jax.data import kinds
from gan_jax.data.conditions import NOTHING, Given, Nothing
from gan_jax.devices import chunks
from gan_jax.errors import UserError
from gan_jax.method import Example, Inputs, num_examples, take
from gan_jax.methods import GAN, Config, Method, State
from gan_jax.ops.platform import for_platform

GPU_SAMPLES = 256  # that a GPU draws together, at the most: maps of more can take gigabytes
GPU_VALUES = 3 << 18  # of all these

Numbered = tuple[Any, Example]
"""The numbers of samples, int [n], and what they are to show."""


@dataclass(frozen=True)
class Requests:
    """What samples by their numbers are to show: `classes` in turn, or all; and, where networks are
    given pictures, those of `pictures`, stored examples [m, ...], mixed, as data may be sorted.

    Where a picture of another class is given, that of `pictures` or, where these have sources, the
    source of one that has the wanted class.
    """

    config: Config
    classes: tuple[int, ...] = ()
    pictures: Example | None = None

    def __call__(self, numbers: Sequence[int] | np.ndarray) -> Example:
        """What the samples of these numbers, int [n], are to show: a host's stored examples.

        Without pictures there is no x. Raises `UserError` where pictures are needed and none were
        given.
        """
        label = self.labels(numbers)
        if not takes_pictures(self.config):
            return Example(None, label)
        if self.pictures is None:
            raise UserError("The generator of this run makes pictures from pictures; give some.")
        if given(self.config).of_other_class:
            return self._across(np.asarray(numbers), label)
        places = self._order[np.asarray(numbers) % len(self._order)]
        return take(self.pictures, places)._replace(label=label)

    def numbered(self, numbers: np.ndarray) -> Numbered:
        """These numbers, int [n], too."""
        return numbers, self(numbers)

    def labels(self, numbers: Sequence[int] | np.ndarray) -> np.ndarray:
        """The classes of the samples of these numbers, int32 [n]; zeros without classes, which
        networks without classes never see."""
        return self._wanted[np.asarray(numbers) % len(self._wanted)]

    @property
    def _wanted(self) -> np.ndarray:
        return np.array(self.classes or range(max(1, self.config.data.num_classes)), np.int32)

    @property
    def has_targets(self) -> bool:
        """Whether it is known which pictures the samples are to be."""
        if not takes_pictures(self.config) or self.pictures is None:
            return False
        return not given(self.config).of_other_class or self.pictures.source is not None

    @property
    def has_counterfactuals(self) -> bool:
        """Whether these are the source pictures, of the same shape, but for what another class
        changes."""
        return self.has_targets and given(self.config).of_other_class

    def _across(self, numbers: np.ndarray, label: np.ndarray) -> Example:
        assert self.pictures is not None
        turns, places = numbers // len(self._wanted), np.empty(len(label), int)
        for wanted in np.unique(label):
            own = self.pictures.label[self._order] == wanted
            fitting = self._order[own == self.has_targets]
            if not len(fitting):
                raise UserError(
                    "There are no test pictures to make some of another class from; give data "
                    "that have them, such as by data.held_out."
                )
            places[label == wanted] = fitting[turns[label == wanted] % len(fitting)]
        found = take(self.pictures, places)
        return found if self.has_targets else Example(None, label, source=found.x)

    @functools.cached_property
    def _order(self) -> np.ndarray:
        assert self.pictures is not None
        return np.random.default_rng(0).permutation(num_examples(self.pictures))


def takes_pictures(config: Config) -> bool:
    """Whether samples of a run are made from pictures."""
    return not isinstance(given(config), Nothing)


def given(config: Config) -> Given:
    """What the networks of a run are given of an example, in addition to its class."""
    return config.condition if isinstance(config, GAN) else NOTHING


def described(config: Config) -> str:
    """The classes of samples by their numbers, in words."""
    count = config.data.num_classes
    return f"{count} classes in turn" if count else "no classes"


def inputs(
    config: Config, method: Method, key: jax.Array, numbers: jax.Array | np.ndarray, shown: Example
) -> Inputs:
    """The inputs of samples by their numbers, int [n], in the stream `key`; `shown` are the stored
    examples that `Requests` has for them."""
    each = keys.per_example(key, jnp.asarray(numbers, jnp.int32))
    return method.inputs(each, kinds.to_model(config.data.kind, shown))


def streamer(
    config: Config, method: Method, requests: Requests
) -> Callable[..., Iterator[np.ndarray]]:
    """A function (state, key, count, averaged=True) that yields samples [n, ...], `count` in all,
    a part at a time, made by all local devices.

    They are as examples are stored: uint8 pictures or float32 points. `state` lies on one device.
    Sample i is the same for any count.
    """
    kind = config.data.kind

    def chunk(given: tuple[State, jax.Array, bool], part: Numbered) -> jax.Array:
        state, key, averaged = given
        made_of = inputs(config, method, key, *part)
        return kind.from_model(method.sample(state, made_of, averaged)["image"])

    program = chunks.streamer(chunk, drawn_together(kind.shape))

    def stream(
        state: State, key: jax.Array, count: int, averaged: bool = True
    ) -> Iterator[np.ndarray]:
        return program((state, key, averaged), requests.numbered, range(count))

    return stream


def drawn_together(shape: tuple[int, ...]) -> int:
    """How many samples of this shape the stream computes together: on a GPU, which small batches
    leave waiting, as many as have GPU_VALUES values, on a CPU as many as of anything."""
    fitting = min(GPU_VALUES // prod(shape), GPU_SAMPLES)
    return for_platform(chunks.CHUNK, gpu=max(fitting, chunks.CHUNK))


def latents_streamer(
    config: Config, method: Method, requests: Requests
) -> Callable[..., Iterator[np.ndarray]]:
    """A function (key, count) that yields the latents [n, d] of the samples of `streamer`."""

    def chunk(key: jax.Array, part: Numbered) -> jax.Array:
        return inputs(config, method, key, *part).latents

    program = chunks.streamer(chunk)

    def stream(key: jax.Array, count: int) -> Iterator[np.ndarray]:
        return program(key, requests.numbered, range(count))

    return stream


def sampler(config: Config, method: Method, requests: Requests) -> Callable[..., np.ndarray]:
    """`streamer`, but all samples at once: [count, ...]."""
    stream = streamer(config, method, requests)

    def sample(state: State, key: jax.Array, count: int, averaged: bool = True) -> np.ndarray:
        return np.concatenate(list(stream(state, key, count, averaged)))

    return sample
