"""From keys to samples: each sample is a function of its own number in a stream of keys alone."""

from collections.abc import Callable, Iterator

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax import keys
from gan_jax.devices import chunks
from gan_jax.method import Example, Inputs
from gan_jax.methods import Config, Method, State


def requested(
    config: Config, numbers: jax.Array | np.ndarray, classes: tuple[int, ...] = ()
) -> Example:
    """What samples by their numbers, int [n], are to show: those of `classes` in turn, or all.

    It has no x. Labels are zeros without classes, which networks without classes never see.
    """
    wanted = jnp.array(classes or range(max(1, config.data.num_classes)), jnp.int32)
    return Example(None, wanted[jnp.asarray(numbers, jnp.int32) % len(wanted)])


def described(config: Config) -> str:
    """The classes of samples by their numbers, in words."""
    count = config.data.num_classes
    return f"{count} classes in turn" if count else "no classes"


def inputs(
    config: Config,
    method: Method,
    key: jax.Array,
    numbers: jax.Array | np.ndarray,
    classes: tuple[int, ...] = (),
) -> Inputs:
    """The inputs of samples by their numbers, int [n], in the stream `key`."""
    each = keys.per_example(key, jnp.asarray(numbers, jnp.int32))
    return method.inputs(each, requested(config, numbers, classes))


def streamer(
    config: Config, method: Method, classes: tuple[int, ...] = ()
) -> Callable[..., Iterator[np.ndarray]]:
    """A function (state, key, count, averaged=True) that yields samples [n, ...], `count` in all,
    a part at a time, made by all local devices.

    They are as examples are stored: uint8 pictures or float32 points. `state` lies on one device.
    Sample i is the same for any count.
    """
    kind = config.data.kind

    def chunk(given: tuple[State, jax.Array, bool], numbers: jax.Array) -> jax.Array:
        state, key, averaged = given
        made_of = inputs(config, method, key, numbers, classes)
        return kind.from_model(method.sample(state, made_of, averaged)["image"])

    program = chunks.streamer(chunk)

    def stream(
        state: State, key: jax.Array, count: int, averaged: bool = True
    ) -> Iterator[np.ndarray]:
        return program((state, key, averaged), chunks.numbers(0, count), count)

    return stream


def latents_streamer(config: Config, method: Method) -> Callable[..., Iterator[np.ndarray]]:
    """A function (key, count) that yields the latents [n, d] of the samples of `streamer`."""

    def chunk(key: jax.Array, numbers: jax.Array) -> jax.Array:
        return inputs(config, method, key, numbers).latents

    program = chunks.streamer(chunk)

    def stream(key: jax.Array, count: int) -> Iterator[np.ndarray]:
        return program(key, chunks.numbers(0, count), count)

    return stream


def sampler(config: Config, method: Method) -> Callable[..., np.ndarray]:
    """`streamer`, but all samples at once: [count, ...]."""
    stream = streamer(config, method)

    def sample(state: State, key: jax.Array, count: int, averaged: bool = True) -> np.ndarray:
        return np.concatenate(list(stream(state, key, count, averaged)))

    return sample
