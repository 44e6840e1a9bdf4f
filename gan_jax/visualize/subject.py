"""What the pictures of a run have in common: its latents by number, their images, its words."""

import functools
import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax import keys
from gan_jax.data import Dataset, kinds
from gan_jax.devices import chunks
from gan_jax.errors import UserError
from gan_jax.keys import Purpose
from gan_jax.method import Example, Inputs
from gan_jax.methods import Config, Method, sampling
from gan_jax.methods.sampling import Requests
from gan_jax.networks import latents
from gan_jax.run import runs
from gan_jax.run.runs import Run
from gan_jax.visualize.options import NotForThisRun, Options


def numbered(run: Run, options: Options, numbers: Sequence[int]) -> Inputs:
    """The inputs of samples by their numbers [n], those of --mode=sample."""
    key = keys.stream(keys.root(options.seed), Purpose.USER_SAMPLE)
    requests = runs.requests(run, runs.class_numbers(run, options.classes))
    return sampling.inputs(run.config, run.method, key, np.asarray(numbers), requests(numbers))


def labels(run: Run, options: Options, numbers: Sequence[int]) -> np.ndarray:
    """The classes [n] of samples by their numbers: those that were asked for in turn, or all."""
    return Requests(run.config, runs.class_numbers(run, options.classes)).labels(numbers)


def conditioned(run: Run, z: Any, examples: Example) -> Inputs:
    """Inputs of latents [n, d] of one's own, with the condition that the method makes of examples
    [n], whose x it does not look at."""
    unused = keys.per_example(keys.root(0), jnp.arange(len(z)))
    return run.method.inputs(unused, examples)._replace(latents=z)


def spread(inputs: Inputs, z: jax.Array) -> Inputs:
    """Inputs [n, ..., d] that differ from inputs [n, d] in their latents z alone; where n is 1, as
    many as there are."""

    def repeated(leaf: jax.Array) -> jax.Array:
        more = z.ndim - 2  # axes after the first
        leaf = leaf.reshape(len(leaf), *[1] * more, *leaf.shape[1:])
        return jnp.broadcast_to(leaf, (*z.shape[:-1], *leaf.shape[1 + more :]))

    return Inputs(z, jax.tree.map(repeated, inputs.condition))


def images(run: Run, inputs: Inputs) -> np.ndarray:
    """The images of inputs [..., d], by the averaged weights, as examples are stored: uint8
    [..., h, w, c], or float32 [..., 2] where the data are points."""
    shape = inputs.latents.shape[:-1]
    count = math.prod(shape)  # not -1, as there may be no latents
    flat = jax.tree.map(lambda leaf: leaf.reshape(count, *leaf.shape[len(shape) :]), inputs)
    made = _all(_compiled(run.config, run.method).sample, run, flat)
    return made.reshape(*shape, *made.shape[1:])


def scores(run: Run, inputs: Inputs) -> np.ndarray:
    """How real the method takes the images of inputs [n, d] to be, float32 [n]."""
    return _all(_compiled(run.config, run.method).score, run, inputs)


def codes(run: Run, images: np.ndarray) -> np.ndarray:
    """What the run's encoder takes the latents of stored images [n, ...] to be: [n, d]."""
    return _all(_compiled(run.config, run.method).encode, run, images)


class _Compiled(NamedTuple):
    sample: chunks.Stream  # inputs to images
    score: chunks.Stream  # inputs to scores
    encode: chunks.Stream  # images to latents


@functools.lru_cache(maxsize=2)
def _compiled(config: Config, method: Method) -> _Compiled:
    """Compiled once for all pictures of a run."""
    kind = config.data.kind

    def sample(state, inputs):
        return kind.from_model(method.sample(state, inputs, True)["image"])

    def score(state, inputs):
        assert method.score is not None
        made = method.sample(state, inputs, True)["image"]
        return method.score(state, made, inputs.condition)

    def encode(state, images):
        assert method.encode is not None
        return method.encode(state, kind.to_model(images))

    return _Compiled(*map(chunks.streamer, (sample, score, encode)))


def _all(stream: chunks.Stream, run: Run, given: Any) -> np.ndarray:
    """What a stream makes of a tree of arrays [n, ...], at once."""
    arrays = jax.tree.map(np.asarray, given)
    return np.concatenate(list(stream(run.state, *chunks.of_arrays(arrays))))


def are_pictures(run: Run) -> bool:
    """Whether the run's examples are pictures, which can stand in the panels of a table."""
    return isinstance(run.config.data.kind, kinds.Picture)


def pictures_only(run: Run, what: str) -> None:
    """Raises `NotForThisRun` where the data are no pictures."""
    if not are_pictures(run):
        raise NotForThisRun(
            f"{what} is of pictures, and this run's data are points of the plane; choose others."
        )


def latents_needed(run: Run, what: str) -> None:
    """Raises `NotForThisRun` where the generator takes no latents."""
    if not latents.size(run.config.latents):
        raise NotForThisRun(f"{what} moves latents, and this run's G takes none; choose translate.")


def latents_alone(run: Run, what: str) -> None:
    """Raises `NotForThisRun` where the generator makes pictures from pictures."""
    if sampling.takes_pictures(run.config):
        raise NotForThisRun(
            f"{what} looks for latents, and this run's G makes pictures from pictures; "
            "--mode=sample --inputs=FOLDER makes some from your own."
        )


def encoder_needed(run: Run, what: str) -> None:
    """Raises `NotForThisRun` where the method does not encode images."""
    if run.method.encode is None:
        raise NotForThisRun(
            f"{what} needs a model that encodes images, such as a VAE, and this run's method is "
            f"{run.config.choice}."
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
    name = run.config.experiment or run.config.choice
    return ". ".join([f"{name} at step {run.step:,}", *more]) + "."
