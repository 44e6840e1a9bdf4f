"""Features of stored examples and of samples, a chunk at a time on each local device."""

import contextlib
import functools
import hashlib
import json
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from tqdm import tqdm

from gan_jax import keys
from gan_jax.errors import UserError
from gan_jax.method import Example, Method, State
from gan_jax.methods import sampling
from gan_jax.methods.sampling import Requests
from gan_jax.metrics.features import Extractor
from gan_jax.ops import flop
from gan_jax.system import disk, user_cache

CHUNK = 64
"""Examples per device and call. It never varies, so neither do the features of an example."""
MOST_CACHED_BYTES = 2 << 30
"""Of features in the user's cache; the oldest go first."""
IMAGES = 1_000
"""Samples that are kept as images, for metrics of pictures."""
_AXIS = "examples"


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
        found = np.load(path, mmap_mode="r", allow_pickle=False)
        if found.shape == (len(examples), extractor.dims):
            path.touch()
            return found
    run = _on_devices(functools.partial(features, extractor), extractor.params)
    size = CHUNK * jax.local_device_count()
    parts = []
    with _bar(len(examples), said) as bar:
        for first in range(0, len(examples), size):
            part = np.asarray(examples[first : first + size])
            found = run(np.resize(part, (size, *part.shape[1:])))[: len(part)]
            parts.append(np.asarray(found))
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

        def chunk(given: Any, part: tuple[jax.Array, Example]) -> tuple[jax.Array, jax.Array]:
            state, key, params, averaged = given
            inputs = sampling.inputs(config, method, key, *part)
            stored = kind.from_model(method.sample(state, inputs, averaged)["image"])
            return features(extractor, params, stored), stored

        self._program = _program(chunk)

    def __call__(
        self, state: State, key: jax.Array, numbers: range, averaged: bool = True, said: str = ""
    ) -> Fakes:
        """Samples by consecutive numbers in the stream `key`; `state` lies on one device."""
        parts, images, kept = [], [], 0
        given = _share((state, key, self._extractor.params, averaged))
        count = jax.local_device_count()
        with _bar(len(numbers), said) as bar:
            for first in range(numbers.start, numbers.stop, CHUNK * count):
                left = numbers.stop - first
                found, stored = self._program(given, _split(self._part(first)))
                parts.append(np.asarray(found)[:left])
                if kept < IMAGES:
                    images.append(np.asarray(stored)[:left])
                    kept += len(images[-1])
                bar.update(len(parts[-1]))
        return Fakes(_checked(np.concatenate(parts)), np.concatenate(images)[:IMAGES])

    def flop(self, state: State) -> float:
        """Operations of one sample; of `state` the shapes alone count."""
        given = (state, keys.root(0), self._extractor.params, True)
        traced = self._program.trace(given, self._part(0))
        return flop.of_jaxpr(traced.jaxpr.jaxpr) / CHUNK

    def _part(self, first: int) -> tuple[np.ndarray, Example]:
        """The numbers of the samples of one call, a chunk for each device, and what they show."""
        numbers = np.arange(first, first + CHUNK * jax.local_device_count(), dtype=np.int32)
        return numbers, self._requests(numbers)


def _mesh() -> Mesh:
    return Mesh(np.array(jax.local_devices()), (_AXIS,))


def _program(function: Callable[..., Any]) -> Any:
    """`function` (given, part [n, ...]) of the same `given` and another part on each device."""
    apart, same = PartitionSpec(_AXIS), PartitionSpec()
    mapped = jax.shard_map(
        function, mesh=_mesh(), in_specs=(same, apart), out_specs=apart, check_vma=False
    )
    shardings = tuple(NamedSharding(_mesh(), spec) for spec in (same, apart))
    return jax.jit(mapped, in_shardings=shardings)


def _split(part: Any) -> Any:
    """Equal parts of a tree of host arrays [n, ...] on the local devices; of several processes each
    may do so alone, which a jitted function refuses to do by itself."""
    return jax.device_put(part, NamedSharding(_mesh(), PartitionSpec(_AXIS)))


def _share(tree: Any) -> Any:
    """A tree on every local device alike."""
    return jax.device_put(tree, NamedSharding(_mesh(), PartitionSpec()))


def _on_devices(function: Callable[..., Any], params: Any) -> Callable[[np.ndarray], jax.Array]:
    program, given = _program(function), _share(params)
    return lambda part: program(given, _split(part))


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
