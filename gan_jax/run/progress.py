"""How far the run is: one live line on a terminal, plain lines elsewhere."""

import collections
import sys
import time
from collections.abc import Mapping

import chex
from tqdm import tqdm

SHORT = {
    "vae/loss": "loss",
    "vae/reconstruction": "reconstruction",
    "vae/kl": "KL",
    "d/loss": "D loss",
    "g/loss": "G loss",
    "d/prob_real": "D(real)",
    "d/prob_fake": "D(fake)",
    "d/logit_real": "D(real)",
    "d/logit_fake": "D(fake)",
}
"""Metrics that the line shows, and their names there."""
WINDOW = 20
"""Calls over which the rate is taken."""


class Progress:
    """Counts images per second over the last calls; compile time never enters."""

    def __init__(self, step: int, total: int, batch_size: int, num_members: int = 1):
        self._first, self._total = step, total
        self._batch_size, self._num_members = batch_size * num_members, num_members
        self._rows: list[Mapping[str, float]] = []
        self._marks: collections.deque[tuple[int, float]] = collections.deque(maxlen=WINDOW)
        self._bar = None

    def start(self) -> None:
        """Starts the clock and shows the live line."""
        self._marks.append((self._first, time.perf_counter()))
        if sys.stdout.isatty():
            form = "step {n_fmt}/{total_fmt} |{bar}| {desc}"
            self._bar = tqdm(
                total=self._total, initial=self._first, bar_format=form, file=sys.stdout
            )

    @property
    def images_per_second(self) -> float:
        """The rate over the last calls, of all members together; a step counts `train.batch_size`
        images, however many of its updates are D's."""
        (first, began), (last, now) = self._marks[0], self._marks[-1]
        return (last - first) * self._batch_size / (now - began) if now > began else 0.0

    def advance(self, step: int, metrics: Mapping[str, chex.Numeric]) -> None:
        """Notes that a call has ended at `step` and redraws the live line."""
        self._marks.append((step, time.perf_counter()))
        if self._bar is not None:
            self._bar.set_description_str(self._describe(step, metrics), refresh=False)
            self._bar.update(step - self._bar.n)

    def line(self, step: int, row: Mapping[str, float]) -> None:
        """Prints a plain line where there is no live one, once every member's row has come."""
        self._rows.append(row)
        if len(self._rows) < self._num_members:
            return
        means = {name: sum(row[name] for row in self._rows) / len(self._rows) for name in row}
        self._rows.clear()
        if self._bar is None:
            print(f"step {step}/{self._total}  {self._describe(step, means)}", flush=True)

    def stop(self) -> None:
        """Leaves the live line as it stands."""
        if self._bar is not None:
            self._bar.close()

    def _describe(self, step: int, metrics: Mapping[str, chex.Numeric]) -> str:
        rate = self.images_per_second
        left = (self._total - step) * self._batch_size / rate if rate else 0.0
        shown = "  ".join(f"{SHORT[name]} {metrics[name]:.3f}" for name in SHORT if name in metrics)
        of = f"mean of {self._num_members} runs  " if self._num_members > 1 else ""
        return f"{rate:.0f} images/s  {of}{shown}  {tqdm.format_interval(left)} left"
