"""What is done for one seed of a run at intervals: evaluation, measures, scores, rows and grids.

A hook returns what it found at once, for those after it and for the loop, and leaves slow writing
to the background.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple, Protocol

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from gan_jax import keys
from gan_jax.data import Dataset, kinds
from gan_jax.devices.parallel import MetricSums
from gan_jax.evaluation import sources
from gan_jax.evaluation.looks import Look, Plan, collapse
from gan_jax.evaluation.records import FLOOR, SAMPLES, Record
from gan_jax.keys import Purpose
from gan_jax.method import Inputs, num_examples, take
from gan_jax.methods import Config, State, average
from gan_jax.methods.sampling import Requests
from gan_jax.metrics.measures import Measure
from gan_jax.run.background import Background
from gan_jax.run.intervals import is_due, was_due
from gan_jax.run.progress import Progress
from gan_jax.run.writers import Row, Writers
from gan_jax.system import layout

CHOICE = "selection/"
"""How the name of the score begins that chooses the best checkpoint."""
COLLAPSE = "alarm/collapse"
"""In a row where the scores say that the generator has collapsed."""


class Moment(NamedTuple):
    """The run of one seed at a step."""

    step: int
    state: State  # on the first device
    sums: MetricSums
    values: Row  # what the hooks before this one found at the step


class Hook(Protocol):
    """Something that is done at intervals for one seed."""

    def is_due(self, step: int) -> bool:
        """Whether it is to be called at a step; 0 is that of the untrained state."""

    def __call__(self, moment: Moment) -> Row:
        """Does it and returns what it found. The state must not be used after the return."""


class Seed(NamedTuple):
    """What the hooks of one seed share."""

    config: Config
    dataset: Dataset
    inputs: Callable[..., Inputs]  # `sampling.inputs` of a stream's key, numbers, what they show
    requests: Requests
    sample: Callable[..., np.ndarray]  # `sampling.sampler`, compiled once for all seeds
    measures: tuple[Measure, ...]  # made once for all seeds
    plan: Plan
    evaluate: Callable[..., dict[str, jax.Array]]  # `Method.evaluate`, compiled once likewise
    writers: Writers
    background: Background
    progress: Progress

    @property
    def key(self) -> jax.Array:
        """The root key of the seed."""
        return keys.root(self.config.seed)

    @property
    def grid_key(self) -> jax.Array:
        """The key of the stream that the grid's latents come from."""
        return keys.stream(self.key, Purpose.SAMPLE_GRID)

    def is_row_due(self, step: int) -> bool:
        return step > 0 and is_due(step, self.config.log.every_steps, self.config.train.num_steps)

    def is_grid_due(self, step: int) -> bool:
        return is_due(step, self.config.sample.every_steps, self.config.train.num_steps)


class Evaluation:
    """The method's evaluation on random test images and on the grid's inputs, with each row and
    each grid: means, and with a grid histograms."""

    def __init__(self, seed: Seed):
        self._seed = seed

    def is_due(self, step: int) -> bool:
        return step > 0 and (self._seed.is_row_due(step) or self._seed.is_grid_due(step))

    def __call__(self, moment: Moment) -> Row:
        seed, config, test = self._seed, self._seed.config, self._seed.dataset.test
        count = config.sample.num_images
        key = keys.at_step(seed.key, Purpose.EVALUATION, moment.step)
        chosen = np.asarray(jax.random.randint(key, (count,), 0, num_examples(test)))
        stored = jax.tree.map(jnp.asarray, take(test, chosen))
        batch = kinds.to_model(config.data.kind, stored)
        numbers = np.arange(count)
        inputs = seed.inputs(seed.grid_key, numbers, seed.requests(numbers))
        found = seed.evaluate(moment.state, batch, inputs)
        if seed.is_grid_due(moment.step):
            seed.background.submit(seed.writers.evaluation, moment.step, found)
        return {f"eval/{name}": float(np.mean(values)) for name, values in found.items()}


class Measures:
    """What is measured of the fixed samples, by the averaged weights, for a row after a grid."""

    def __init__(self, seed: Seed):
        self._seed = seed

    def is_due(self, step: int) -> bool:
        config = self._seed.config
        since, every = step - config.log.every_steps, config.sample.every_steps
        seen = was_due(since, step, every, config.train.num_steps)
        return seen and self._seed.is_row_due(step)

    def __call__(self, moment: Moment) -> Row:
        row: Row = {}
        for measure in self._seed.measures:
            images = self._seed.sample(moment.state, self._seed.grid_key, measure.num_samples)
            row |= measure.scalars(images)
        return row


class Scores:
    """The scores of samples, by the averaged weights: that which chooses the best checkpoint, under
    a name that begins with `CHOICE`, and those that report."""

    def __init__(self, seed: Seed):
        self._seed, self.seconds = seed, 0.0
        known = seed.plan.looks and seed.plan.looks.protocol
        found = [record for record in seed.writers.scored() if record.protocol == known]
        self._seen = [record.scores for record in found if record.of == SAMPLES]
        self._has_floor = any(record.of == FLOOR for record in found)

    def is_due(self, step: int) -> bool:
        return self._seed.plan.is_due(step, self._seed.config.train.num_steps)

    def __call__(self, moment: Moment) -> Row:
        seed, looks = self._seed, self._seed.plan.looks
        assert looks
        began = time.perf_counter()
        look = looks(moment.state, seed.key)
        protocol = looks.protocol
        row = {protocol.score(name): score.value for name, score in look.scores.items()}
        row[f"{CHOICE}{protocol.score('kd')}"] = look.choice
        self._seen.append(look.scores)
        if why := collapse(self._seen):
            row[COLLAPSE] = 1.0
            seed.background.submit(self._warn, moment.step, why)
        if not self._has_floor:
            self._has_floor = True
            floor = Record(protocol, FLOOR, 0, looks.floor(), {})
            seed.background.submit(seed.writers.scores, floor)
        seconds = time.perf_counter() - began
        self.seconds += seconds
        seed.background.submit(self._write, moment.step, look, seconds)
        return row

    def _write(self, step: int, look: Look, seconds: float) -> None:
        seed, looks = self._seed, self._seed.plan.looks
        assert looks
        facts = {"seed": seed.config.seed, "choice": look.choice, "seconds": round(seconds, 2)}
        seed.writers.scores(Record(looks.protocol, SAMPLES, step, look.scores, facts))

    def _warn(self, step: int, why: str) -> None:
        seed = self._seed.config.seed
        tqdm.write(f"The generator of seed {seed} has collapsed at step {step}: {why}.")


class Rows:
    """A row of the means since the row before, and of what was found at its step."""

    def __init__(self, seed: Seed):
        self._seed = seed

    def is_due(self, step: int) -> bool:
        return self._seed.is_row_due(step)

    def __call__(self, moment: Moment) -> Row:
        sums = jax.device_get(moment.sums)
        row = {name: float(value / sums.steps) for name, value in sums.values.items()}
        row |= moment.values
        rate = round(self._seed.progress.images_per_second, 2)
        self._seed.background.submit(self._write, moment.step, row, rate)
        return row

    def _write(self, step: int, row: Row, rate: float) -> None:
        self._seed.writers.scalars(step, {**row, "images_per_second": rate})
        self._seed.progress.line(step, row)


class Grids:
    """Samples of the fixed latents, histograms of the weights and the curves so far."""

    def __init__(self, seed: Seed):
        self._seed = seed

    def is_due(self, step: int) -> bool:
        return self._seed.is_grid_due(step)

    def __call__(self, moment: Moment) -> Row:
        seed, count = self._seed, self._seed.config.sample.num_images
        shown = partial(sources.beside, seed.config, seed.requests(range(count)))
        grids = {layout.SAMPLES: shown(seed.sample(moment.state, seed.grid_key, count))}
        if average.is_kept(seed.config.train):
            raw = seed.sample(moment.state, seed.grid_key, count, averaged=False)
            grids[layout.RAW_SAMPLES] = shown(raw)
        weights = jax.device_get(moment.state)
        seed.background.submit(self._write, moment.step, grids, weights)
        return {}

    def _write(self, step: int, grids: dict[str, np.ndarray], weights: State) -> None:
        self._seed.writers.grids(step, grids)
        self._seed.writers.weights(step, weights)
        self._seed.writers.curves()


HOOKS: tuple[Callable[[Seed], Hook], ...] = (Evaluation, Measures, Scores, Rows, Grids)
"""In this order at each step."""
