"""Ways to draw samples with gan_jax; a step is EACH of them.

The variant `forward_N` is the generator alone, N at a time, on latents that lie on the device; the
others are what the modes do: `stream` brings stored samples to the host, `npz` and `png` also write
them, and `features` makes the 512 features of patches instead.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import numpy as np

from benchmarks.peers import Problem, Step
from benchmarks.peers.ours import device_mib
from gan_jax import keys, methods, sample
from gan_jax.evaluation.extraction import Sampler
from gan_jax.method import Method
from gan_jax.methods import Config, sampling
from gan_jax.methods.sampling import Requests
from gan_jax.metrics.features import Extractor, patches
from gan_jax.run.runs import Run
from gan_jax.system import memory

EACH = 512
WAYS = ("forward_64", "forward_512", "stream", "npz", "png", "features")


def make(problem: Problem) -> Step:
    """The way that `problem.variant` names."""
    memory.keep_freed_memory()
    config, method, way = problem.config, methods.make(problem.config), problem.variant
    state = jax.jit(method.init)(keys.root(0))
    if way.startswith("forward"):
        run = _forward(config, method, state, int(way.removeprefix("forward_")))
    elif way == "stream":
        run = _stream(config, method, state)
    elif way == "features":
        run = _features(config, method, state, problem.images)
    else:
        run = _written(Run(Path(), config, method, 0, state), way)
    return Step(lambda: None, run, device_mib)  # type: ignore[arg-type, return-value]


def _forward(config: Config, method: Method, state: Any, size: int) -> Callable[[int], None]:
    numbers = np.arange(size)
    shown = Requests(config)(numbers)
    inputs = jax.jit(lambda: sampling.inputs(config, method, keys.root(1), numbers, shown))()
    program = jax.jit(lambda state, inputs: method.sample(state, inputs, True)["image"])

    def run(count: int) -> None:
        made = [program(state, inputs) for _ in range(count * EACH // size)]
        jax.block_until_ready(made)

    return run


def _stream(config: Config, method: Method, state: Any) -> Callable[[int], None]:
    stream = sampling.streamer(config, method, Requests(config))

    def run(count: int) -> None:
        for _ in stream(state, keys.root(1), count * EACH):
            pass

    return run


def _written(drawn: Run, suffix: str) -> Callable[[int], None]:
    write = sample.Writer(drawn, Requests(drawn.config))

    def run(count: int) -> None:
        with tempfile.TemporaryDirectory() as folder:
            write(0, count * EACH, (suffix,), Path(folder))

    return run


def _features(
    config: Config, method: Method, state: Any, images: np.ndarray
) -> Callable[[int], None]:
    stored = np.asarray(config.data.kind.from_model(images))
    filters = patches.fit(stored)
    extractor = Extractor("patches", 2 * patches.FILTERS, filters, patches.features)
    sampler = Sampler(method, extractor, Requests(config))

    def run(count: int) -> None:
        sampler(state, keys.root(1), range(count * EACH))

    return run
