"""What a run shows of itself as it goes: rows, grids, histograms, curves."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax import keys
from gan_jax.config import Config
from gan_jax.data import Dataset
from gan_jax.devices import parallel
from gan_jax.devices.parallel import MetricSums
from gan_jax.keys import Purpose
from gan_jax.methods import Batch, Method, State, average, sampling
from gan_jax.metrics.measures import measures
from gan_jax.run.intervals import is_due, was_due
from gan_jax.run.progress import Progress
from gan_jax.run.writers import Row, Writers

Evaluation = dict[str, jax.Array]
"""What a method's `evaluate` returns; empty before the first step."""


class Looks(NamedTuple):
    """The compiled ways to look at a state, which all seeds share."""

    sample: Callable[..., np.ndarray]
    evaluate: Callable[..., Evaluation]


def looks(config: Config, method: Method) -> Looks:
    """How to look at the states of `method`."""
    return Looks(sampling.sampler(config, method), jax.jit(method.evaluate))


class Observer:
    """Looks at a state and writes down what it sees, in the first process.

    A look sets the device to work and returns; the function it gives back fetches and writes, so
    that the next training call need not wait for the disk.
    """

    def __init__(
        self,
        config: Config,
        workdir: Path,
        dataset: Dataset,
        looks: Looks,
        step: int,
        progress: Progress,
    ):
        self._config, self._dataset, self._key = config, dataset, keys.root(config.seed)
        self._grid_key = keys.stream(self._key, Purpose.SAMPLE_GRID)
        self._total, self._count = config.train.num_steps, config.sample.num_images
        self._writers, self._progress = Writers(workdir, step), progress
        self._sample, self._evaluate = looks
        self._measures = measures(config, dataset)
        if step == 0:
            self._writers.reals(dataset.train.images[: self._count])

    def is_due(self, step: int) -> bool:
        """Whether there is anything to do at `step`."""
        return self._log_due(step) or self._sample_due(step)

    def look(self, step: int, state: State, sums: MetricSums | None = None) -> Callable[[], None]:
        """Sees to all that is due after a call that ended at `step`, or before the first one.

        `state` lies on one device. Returns what is left to do on the host.
        """
        tasks, evaluation = [], {}
        log_due, sample_due = self._log_due(step), self._sample_due(step)
        if sums is not None:
            if log_due or sample_due:
                evaluation = self._evaluation(step, state)
            if log_due:
                tasks.append(self._row(step, sums, evaluation, self._measured(step, state)))
        if sample_due:
            tasks.append(self._pictures(step, state, evaluation))

        def write() -> None:
            for task in tasks:
                task()

        return write

    def close(self) -> None:
        """Closes the files."""
        self._writers.close()

    def _log_due(self, step: int) -> bool:
        return is_due(step, self._config.log.every_steps, self._total)

    def _sample_due(self, step: int) -> bool:
        return is_due(step, self._config.sample.every_steps, self._total)

    def _row(
        self, step: int, sums: MetricSums, evaluation: Evaluation, measured: Row
    ) -> Callable[[], None]:
        sums = jax.device_get(sums)
        rate = self._progress.images_per_second

        def write() -> None:
            row = {name: float(value / sums.steps) for name, value in sums.values.items()}
            row |= {f"eval_{name}": float(np.mean(v)) for name, v in evaluation.items()}
            row |= measured
            self._writers.scalars(step, {**row, "images_per_second": round(rate, 2)})
            self._progress.line(step, row)

        return write

    def _pictures(self, step: int, state: State, evaluation: Evaluation) -> Callable[[], None]:
        grids = {"samples": self._sample(state, self._grid_key, self._count)}
        if average.is_kept(self._config.train):
            grids["samples_raw"] = self._sample(state, self._grid_key, self._count, averaged=False)
        weights = jax.device_get(state)

        def write() -> None:
            self._writers.grids(step, grids)
            self._writers.histograms(step, weights, evaluation)
            self._writers.curves()

        return write

    def _measured(self, step: int, state: State) -> Row:
        """What is measured of the fixed samples, by the averaged weights, at a row after a grid."""
        row: Row = {}
        since, every = step - self._config.log.every_steps, self._config.sample.every_steps
        if not was_due(since, step, every, self._total):
            return row
        for measure in self._measures:
            row |= measure.scalars(self._sample(state, self._grid_key, measure.num_samples))
        return row

    def _evaluation(self, step: int, state: State) -> Evaluation:
        """The method's evaluation on random test images and on the grid's latents."""
        key = keys.at_step(self._key, Purpose.EVALUATION, step)
        test = self._dataset.test
        chosen = np.asarray(jax.random.randint(key, (self._count,), 0, len(test.images)))
        batch = Batch(parallel.unit_range(jnp.asarray(test.images[chosen])), test.labels[chosen])
        z = sampling.draw_latents(self._config, self._grid_key, 0, self._count)
        labels = sampling.sample_labels(self._config, 0, self._count)
        return self._evaluate(state, batch, z, labels)
