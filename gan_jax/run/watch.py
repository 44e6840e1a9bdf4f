"""The eyes on a whole run: one observer for each of its seeds, and the progress line they share."""

from collections.abc import Callable
from pathlib import Path

import jax
import jax.numpy as jnp

from gan_jax.config import Config
from gan_jax.data import Dataset
from gan_jax.devices.mesh import Placement
from gan_jax.devices.parallel import Outcome
from gan_jax.methods import Method, State
from gan_jax.run import directory
from gan_jax.run.observer import Observer, looks
from gan_jax.run.progress import Progress


class Watch:
    """What the first process shows of a run, as `Observer` does of one seed."""

    def __init__(
        self,
        config: Config,
        workdir: Path,
        dataset: Dataset,
        method: Method,
        step: int,
        placement: Placement,
    ):
        train = config.train
        self.step = step
        """Of the last call."""
        self._placement = placement
        self._progress = Progress(step, train.num_steps, train.batch_size, train.num_seeds)
        shared = looks(config, method)
        self._observers = [
            Observer(part, folder, dataset, shared, step, self._progress)
            for part, folder in directory.seeds(config, workdir)
        ]

    def start_clock(self) -> None:
        """Begins to count images per second; call it when all is compiled."""
        self._progress.start()

    def first_look(self, state: State) -> Callable[[], None]:
        """What shows the untrained state once the first call, which takes that state, has begun."""
        untrained = [jax.tree.map(jnp.copy, run) for run in self._placement.runs(state)]

        def write() -> None:
            for observer, run in zip(self._observers, untrained, strict=True):
                observer.look(0, run)()

        return write

    def look(self, step: int, outcome: Outcome) -> Callable[[], None]:
        """Sees to all that is due after a call; returns what is left to do on the host."""
        self.step = step
        mean = jax.tree.map(lambda leaf: leaf.mean(), outcome.metrics)
        self._progress.advance(step, mean)
        if not any(observer.is_due(step) for observer in self._observers):
            return lambda: None
        runs = self._placement.runs((outcome.state, outcome.sums))
        tasks = [
            observer.look(step, *run) for observer, run in zip(self._observers, runs, strict=True)
        ]

        def write() -> None:
            for task in tasks:
                task()

        return write

    def stop_clock(self) -> None:
        """Ends the progress line, so that a sentence can follow it."""
        self._progress.stop()

    def close(self) -> None:
        """Closes the files and leaves the progress line."""
        self._progress.stop()
        for observer in self._observers:
            observer.close()
