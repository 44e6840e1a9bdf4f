"""What the loop calls at steps: the hooks of every seed, and the saving of checkpoints.

Hooks return what they found at once, so that the loop can hand it on, and leave slow writing to the
background. Only the first process has any.
"""

import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import jax

from gan_jax.data import Dataset
from gan_jax.devices.mesh import Placement
from gan_jax.devices.parallel import MetricSums, Outcome
from gan_jax.evaluation import pairs
from gan_jax.evaluation.looks import Plan
from gan_jax.method import take
from gan_jax.methods import Config, Method, State, sampling, variation
from gan_jax.metrics.measures import measures
from gan_jax.run import directory
from gan_jax.run.background import Background
from gan_jax.run.checkpoint import Checkpoints
from gan_jax.run.interrupts import Interrupts
from gan_jax.run.intervals import is_due
from gan_jax.run.progress import Progress
from gan_jax.run.seed_hooks import CHOICE, HOOKS, Hook, Moment, Scores, Seed
from gan_jax.run.writers import Row, Writers


class Hooks:
    """The hooks of a process other than the first: none."""

    step = 0
    """Of the last call."""

    def start_clock(self) -> None:
        """Begins to count images per second; call it when all is compiled."""

    def stop_clock(self) -> None:
        """Ends the progress line, so that a sentence can follow it."""

    def summary(self) -> Sequence[str]:
        """Sentences on what the hooks found in all."""
        return ()

    def __call__(self, step: int, outcome: Outcome) -> Sequence[Row]:
        """Calls all that are due after a call that ended at `step`, or before the first one, and
        returns what they found, of each seed."""
        return ()

    def __enter__(self) -> "Hooks":
        return self

    def __exit__(self, *exception: object) -> None:
        """Closes the files and leaves the progress line."""


class FirstProcessHooks(Hooks):
    """The hooks of each seed of a run, and the progress line that they share."""

    def __init__(self, seeds: Sequence[Seed], progress: Progress, placement: Placement, step: int):
        self.step, self._seeds, self._progress, self._placement = step, seeds, progress, placement
        self._hooks = [[make(seed) for make in HOOKS] for seed in seeds]
        hooks = (hook for hooks in self._hooks for hook in hooks)
        self._scores = [hook for hook in hooks if isinstance(hook, Scores)]
        self._began = 0.0

    def start_clock(self) -> None:
        self._began = time.perf_counter()
        self._progress.start()

    def stop_clock(self) -> None:
        self._progress.stop()

    def summary(self) -> Sequence[str]:
        seconds = sum(hook.seconds for hook in self._scores)
        if not seconds:
            return ()
        share = 100 * seconds / (time.perf_counter() - self._began)
        return (f"Scoring samples took {seconds:.0f} s, {share:.1f} % of the time.",)

    def __call__(self, step: int, outcome: Outcome) -> Sequence[Row]:
        self.step = step
        if step:
            self._progress.advance(step, jax.tree.map(lambda leaf: leaf.mean(), outcome.metrics))
        due = [[hook for hook in hooks if hook.is_due(step)] for hooks in self._hooks]
        if not any(due):
            return ()
        self._seeds[0].background.wait()  # so that no more than one step waits to be written
        runs = self._placement.runs((outcome.state, outcome.sums))
        return [_called(hooks, step, *run) for hooks, run in zip(due, runs, strict=True)]

    def __exit__(self, *exception: object) -> None:
        self._progress.stop()
        for seed in self._seeds:
            seed.background.wait()
            seed.writers.close()


def make_hooks(
    config: Config,
    workdir: Path,
    dataset: Dataset,
    method: Method,
    step: int,
    placement: Placement,
    plan: Plan,
    background: Background,
) -> Hooks:
    """The hooks of this process for a run that goes on from `step`; a new one writes reals.png."""
    if jax.process_index() > 0:
        return Hooks()
    train = config.train
    progress = Progress(step, train.num_steps, train.batch_size, config.num_members)
    kind, evaluators = config.data.kind, variation.evaluators(config, method)
    requests = sampling.Requests(config, pictures=dataset.test)
    inputs = partial(sampling.inputs, config, method)
    measured = (*measures(config.data, dataset), *pairs.measures(requests, dataset))
    shared = inputs, requests, sampling.sampler(config, method, requests), measured, plan
    members = zip(directory.members(config, workdir), evaluators, strict=True)
    seeds = [
        Seed(part, dataset, *shared, evaluate, Writers(folder, step, kind), background, progress)
        for (part, folder), evaluate in members
    ]
    for seed in seeds if step == 0 else ():
        seed.writers.reals(take(dataset.train, slice(config.sample.num_images)).x)
    return FirstProcessHooks(seeds, progress, placement, step)


def _called(hooks: Sequence[Hook], step: int, state: State, sums: MetricSums) -> Row:
    values: Row = {}
    for hook in hooks:
        values |= hook(Moment(step, state, sums, values))
    return values


def _choices(row: Row) -> Row:
    """Those of the values that choose the best checkpoint."""
    return {name: value for name, value in row.items() if name.startswith(CHOICE)}


class Saving:
    """Saves what training needs, at its interval and where the run stops; in all processes."""

    def __init__(
        self,
        config: Config,
        plan: Plan,
        checkpoints: Checkpoints,
        placement: Placement,
        background: Background,
        interrupts: Interrupts,
    ):
        self._every, self._total = config.checkpoint.every_steps, config.train.num_steps
        self._plan = plan
        self.checkpoints, self._placement = checkpoints, placement
        self._background, self._interrupts = background, interrupts

    def is_due(self, step: int) -> bool:
        """At the interval, and wherever samples are scored, as that state may be the best."""
        return is_due(step, self._every, self._total) or self._plan.is_due(step, self._total)

    def __call__(
        self, step: int, state: State, sums: MetricSums, values: Sequence[Row] = ()
    ) -> None:
        """Starts to save; `values` are what the hooks found at this step, of each seed."""
        self._background.wait()  # first, as a run that resumes here never comes back to it
        items: dict[str, Any] = {"state": state, "sums": sums}
        scores = {str(number): _choices(row) for number, row in enumerate(values or ())}
        self.checkpoints.save(step, scores=scores, **self._placement.fetch(items))
        self._interrupts.last_saved = step
