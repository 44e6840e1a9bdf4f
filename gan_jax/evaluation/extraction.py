"""Features of stored examples and of samples, made by all local devices."""

import contextlib
import functools
import hashlib
import json
from typing import Any, NamedTuple

import jax
import numpy as np
from tqdm import tqdm

from gan_jax import keys
from gan_jax.devices import chunks
from gan_jax.errors import UserError
from gan_jax.method import Method, State
from gan_jax.methods import sampling
from gan_jax.methods.sampling import Numbered, Requests
from gan_jax.metrics.features import Extractor
from gan_jax.ops import flop
from gan_jax.system import array_files, disk, user_cache

MOST_CACHED_BYTES = 2 << 30
"""Of features in the user's cache; the oldest go first."""
IMAGES = 1_000
"""Samples that are kept as images, for metrics of pictures."""


class Fakes(NamedTuple):
    """Samples, as metrics take them."""

    features: np.ndarray  # float32 [n, d]
    images: np.ndarray  # the first ones as they are stored, [at most 1000, ...]


def of_examples(extractor: Extractor, examples: np.ndarray, said: str = "") -> np.ndarray:
    """The features, float32 [n, d], of stored examples [n, ...], cached.

    `said` names what is worked on in a progress bar. Raises `UserError` for features that are not
    finite.
    """
    content = hashlib.sha256(np.ascontiguousarray(examples).data)
    content.update(json.dumps([extractor.name, examples.shape]).encode())
    with contextlib.suppress(OSError, ValueError):
        path = user_cache.folder("features") / f"{content.hexdigest()[:24]}.npy"
        found = array_files.mapped(path)
        if found.shape == (len(examples), extractor.dims):
            path.touch()
            return found
    stream, parts = chunks.streamer(functools.partial(features, extractor)), []
    with _bar(len(examples), said) as bar:
        for part in stream(extractor.params, *chunks.of_arrays(examples)):
            parts.append(part)
            bar.update(len(part))
    made = _checked(np.concatenate(parts))
    with contextlib.suppress(OSError):
        _store(made, content.hexdigest()[:24])
    return made


def features(extractor: Extractor, params: Any, stored: jax.Array) -> jax.Array:
    """The features [n, d] of stored examples [n, ...], in all digits of float32, of which a GPU
    and a TPU keep some by default: scores do not depend on where they were made."""
    with jax.default_matmul_precision("highest"):
        return extractor.apply(params, stored)


class Sampler:
    """Samples of a method as `Fakes`; compiled once.

    From latents to features is one program, with the rounding to stored examples inside.
    """

    def __init__(self, method: Method, extractor: Extractor, requests: Requests):
        config, self._requests = requests.config, requests
        self._extractor, kind = extractor, config.data.kind

        def chunk(given: Any, part: Numbered) -> tuple[jax.Array, jax.Array]:
            state, key, params, averaged = given
            inputs = sampling.inputs(config, method, key, *part)
            stored = kind.from_model(method.sample(state, inputs, averaged)["image"])
            return features(extractor, params, stored), stored

        self._chunk, self._stream = chunk, chunks.streamer(chunk)

    def __call__(
        self, state: State, key: jax.Array, numbers: range, averaged: bool = True, said: str = ""
    ) -> Fakes:
        """Samples by consecutive numbers in the stream `key`; `state` lies on one device."""
        parts, images, kept = [], [], 0
        given = state, key, self._extractor.params, averaged
        with _bar(len(numbers), said) as bar:
            for found, stored in self._stream(given, self._requests.numbered, numbers):
                parts.append(found)
                if kept < IMAGES:
                    images.append(stored)
                    kept += len(stored)
                bar.update(len(found))
        return Fakes(_checked(np.concatenate(parts)), np.concatenate(images)[:IMAGES])

    def flop(self, state: State) -> float:
        """Operations of one sample; of `state` the shapes alone count."""
        given = state, keys.root(0), self._extractor.params, True
        part = self._requests.numbered(np.arange(chunks.CHUNK, dtype=np.int32))
        return flop.of_call(self._chunk, given, part) / chunks.CHUNK


def _bar(count: int, said: str) -> Any:
    return tqdm(total=count, desc=said, disable=None if said else True, leave=False)


def _checked(features: np.ndarray) -> np.ndarray:
    if not np.isfinite(features).all():
        bad = int((~np.isfinite(features).all(axis=1)).sum())
        raise UserError(
            f"The features of {bad} of {len(features)} images are not finite, so that nothing can "
            "be said of them; look at the images, and at the weights of the feature network."
        )
    return features


def _store(features: np.ndarray, name: str) -> None:
    folder = user_cache.folder("features")
    with disk.whole(folder / f"{name}.npy") as file:
        np.save(file, features)
    size = 0
    for path in sorted(folder.glob("*.npy"), key=lambda path: -path.stat().st_mtime):
        size += path.stat().st_size
        if size > MOST_CACHED_BYTES:
            path.unlink(missing_ok=True)
