"""What the pictures of a run have in common: its latents by number, their images, its words."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax import keys
from gan_jax.config import Config
from gan_jax.data import Dataset
from gan_jax.devices import parallel
from gan_jax.errors import UserError
from gan_jax.keys import Purpose
from gan_jax.methods import Method, sampling
from gan_jax.networks import latents
from gan_jax.run import runs
from gan_jax.run.runs import Run
from gan_jax.visualize.options import NotForThisRun, Options


def numbered(run: Run, options: Options, numbers: Sequence[int]) -> tuple[jax.Array, jax.Array]:
    """The latents [n, d] and labels [n] of samples by their numbers, those of --mode=sample."""
    chosen = jnp.asarray(numbers, jnp.int32)
    key = keys.stream(keys.root(options.seed), Purpose.USER_SAMPLE)
    z = latents.sampler(run.config.latents)(keys.per_example(key, chosen))
    return z, labels(run, options, numbers)


def labels(run: Run, options: Options, numbers: Sequence[int]) -> jax.Array:
    """The classes [n] of samples by their numbers: those that were asked for in turn, or all."""
    every = sampling.sample_labels(
        run.config, 0, max(numbers) + 1, runs.class_numbers(run, options.classes)
    )
    return every[jnp.asarray(numbers, jnp.int32)]


def images(run: Run, z: jax.Array, labels: jax.Array) -> np.ndarray:
    """The images [..., h, w, c] of latents [..., d] and labels [...], by the averaged weights.

    They are uint8, or float32 where the data are points.
    """
    sample, _, _ = _compiled(run.config, run.method)
    made = _in_chunks(sample, run.state, z.reshape(-1, z.shape[-1]), labels.reshape(-1))
    return made.reshape(*z.shape[:-1], *made.shape[1:])


def scores(run: Run, z: jax.Array, labels: jax.Array) -> np.ndarray:
    """How real the method takes the images of latents [n, d] and labels [n] to be, float32 [n]."""
    _, score, _ = _compiled(run.config, run.method)
    return _in_chunks(score, run.state, z, labels)


def codes(run: Run, images: np.ndarray) -> np.ndarray:
    """What the run's encoder takes the latents of uint8 images [n, h, w, c] to be: [n, d]."""
    _, _, encode = _compiled(run.config, run.method)
    return _in_chunks(encode, run.state, images)


@functools.lru_cache(maxsize=2)
def _compiled(config: Config, method: Method) -> tuple[Callable[..., jax.Array], ...]:
    """Compiled once for all pictures of a run: latents to images, to scores, images to latents."""

    def sample(state, z, labels):
        made = method.sample(state, z, labels, True)
        return made if config.data.is_points else sampling.eight_bit(made)

    def score(state, z, labels):
        assert method.score is not None
        return method.score(state, method.sample(state, z, labels, True), labels)

    def encode(state, images):
        assert method.encode is not None
        return method.encode(state, parallel.unit_range(images))

    return jax.jit(sample), jax.jit(score), jax.jit(encode)


def _in_chunks(function: Callable[..., jax.Array], state: Any, *arrays: Any) -> np.ndarray:
    """function(state, *arrays) for arrays [n, ...], so many at a time that one program serves."""
    done = []
    for first in range(0, len(arrays[0]), sampling.CHUNK):
        part = [np.asarray(array[first : first + sampling.CHUNK]) for array in arrays]
        count = len(part[0])
        padded = [np.resize(array, (sampling.CHUNK, *array.shape[1:])) for array in part]
        done.append(np.asarray(function(state, *padded))[:count])
    return np.concatenate(done)


def pictures_only(run: Run, what: str) -> None:
    """Raises `NotForThisRun` where the data are points of the plane."""
    if run.config.data.is_points:
        raise NotForThisRun(
            f"{what} is of pictures, and this run's data are points of the plane; choose others."
        )


def encoder_needed(run: Run, what: str) -> None:
    """Raises `NotForThisRun` where the method does not encode images."""
    if run.method.encode is None:
        raise NotForThisRun(
            f"{what} needs a model that encodes images, such as a VAE, and this run's method is "
            f"{run.config.method}."
        )


def dataset(run: Run, what: str) -> Dataset:
    """The run's data. Raises `NotForThisRun` where they cannot be had any more or are others."""
    try:
        return runs.dataset(run)
    except UserError as error:
        raise NotForThisRun(f"{what} needs the images that the run learns. {error}") from error


def held_out(known: Dataset) -> str:
    """What the test images of some data are: those of training where there are no others."""
    return "training images" if known.test is known.train else "test images"


def note(run: Run, *more: str) -> str:
    """The line under a title: which run, at which step, and what else there is to say."""
    name = run.config.experiment or run.config.method
    return ". ".join([f"{name} at step {run.step:,}", *more]) + "."
