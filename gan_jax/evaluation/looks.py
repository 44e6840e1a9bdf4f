"""The scores of a run while it trains, which choose its best checkpoint.

One half of the samples is compared with one half of the real images, and that number chooses; the
other halves report. A checkpoint that was chosen for its score would else have a score that its
noise made low.
"""

import functools
import math
from collections.abc import Sequence
from typing import NamedTuple

import jax
import numpy as np

from gan_jax import keys
from gan_jax.data import Dataset, describe
from gan_jax.errors import UserError
from gan_jax.evaluation import extraction
from gan_jax.evaluation.comparison import FEWEST_IMAGES, numbers
from gan_jax.evaluation.protocol import Protocol, settings_of
from gan_jax.keys import Purpose
from gan_jax.method import Method, State
from gan_jax.methods import Config, sampling
from gan_jax.metrics.scores import Compared, Scores, evenly, measure

MOST_LOOKS = 20
"""Of a run that chooses by itself how often it looks."""
MOST_SHARE = 1 / 20
"""Of the training time that looks take, by default."""
RATE, PAIR_SECONDS, LOOK_SECONDS, STEP_SECONDS = 1e11, 5e-9, 0.3, 3e-4
"""A model of two CPU cores, from which a run takes how often it looks, so that this depends on no
clock: operations a second, and seconds for a pair of images that is compared, for any look and for
any step."""
PAIRS = 9
"""How often each sample of a half is compared with each image of one."""
WORSE, ERRORS, IN_A_ROW = 3.0, 5.0, 2
"""A collapse: the kernel distance is above this many times its lowest so far, and above that by so
many standard errors, or coverage is below the inverse of it times its highest; so many times."""


class Look(NamedTuple):
    """What was seen of one state."""

    choice: float  # the kernel distance of the halves that choose; lower is better
    scores: Scores  # of the halves that report


class Looks:
    """Scores states of a run by fixed inputs; compiled once for all seeds."""

    def __init__(self, config: Config, method: Method, dataset: Dataset):
        settings, self._real, self._dataset = config.evaluate, dataset.train.x, dataset
        self._half = settings.num_samples // 2
        if len(self._real) < FEWEST_IMAGES:
            raise UserError(
                f"Scores while a run trains take {FEWEST_IMAGES} training images, and there are "
                f"{len(self._real)}; leave evaluate.every_steps out."
            )
        self._extractor = settings.features.extractor(dataset, config.data)
        self._metrics = settings.metrics
        requests = sampling.Requests(config, pictures=dataset.test)
        self._samples = extraction.Sampler(method, self._extractor, requests)
        self.protocol = Protocol(
            features=self._extractor.name,
            dims=self._extractor.dims,
            data=describe(config.data),
            fingerprint=dataset.fingerprint,
            images="x".join(map(str, self._real.shape[1:])),
            real="train, odd half",
            num_real=min(self._half, len(self._real) // 2),
            num_fake=self._half,
            latents="the run's own",
            classes=sampling.described(config),
            weights="averaged",
            metrics=settings_of(settings.metrics),
        )

    @functools.cached_property
    def _halves(self) -> tuple[np.ndarray, np.ndarray]:
        """The features of the real images that choose and of those that report."""
        taken = evenly(self._real, 2 * self._half)
        features = extraction.of_examples(self._extractor, taken)
        return features[::2], features[1::2]

    @functools.cached_property
    def _labels(self) -> np.ndarray | None:
        """The classes of all training images, by the head's numbers."""
        names, labels = self._dataset.class_names, self._dataset.train.label
        return numbers(self._extractor, names, labels)

    def __call__(self, state: State, root_key: jax.Array) -> Look:
        """The scores of a state, on the first device, of a run with this root key."""
        key, half = keys.stream(root_key, Purpose.SCORE), self._half
        fakes = self._samples(state, key, range(2 * half)).features
        choosing, reporting = self._halves
        choice = measure(("kernel",), Compared(self._extractor, choosing, fakes[:half]))
        compared = Compared(self._extractor, reporting, fakes[half:], real_labels=self._labels)
        report = measure(self._metrics, compared)
        return Look(choice["kd"].value, report)

    def floor(self) -> Scores:
        """The scores of real images: one half as if they were samples, against the other."""
        choosing, reporting = self._halves
        compared = Compared(self._extractor, reporting, choosing, real_labels=self._labels)
        return measure(self._metrics, compared)

    def seconds(self, state: State) -> float:
        """About how long a look takes two CPU cores, by the shapes of `state`."""
        pair = 4 * self._extractor.dims / RATE + PAIR_SECONDS
        drawn = 2 * self._half * self._samples.flop(state) / RATE
        return LOOK_SECONDS + drawn + PAIRS * self._half**2 * pair


def collapse(looks: Sequence[Scores]) -> str:
    """What says that the generator has collapsed, in words, of the scores of all looks so far; else
    empty."""
    if len(looks) <= IN_A_ROW:
        return ""
    if all(_is_worse(looks[: len(looks) - back]) for back in range(IN_A_ROW)):
        kds = [look["kd"].value for look in looks]
        return f"the kernel distance is {kds[-1]:.3g}, after {min(kds):.3g} at its lowest"
    if all(_is_poorer(looks[: len(looks) - back]) for back in range(IN_A_ROW)):
        found = [look["coverage"].value for look in looks]
        return f"coverage is {found[-1]:.2f}, after {max(found):.2f} at its highest"
    return ""


def _is_worse(looks: Sequence[Scores]) -> bool:
    if any("kd" not in look for look in looks):
        return False
    last, lowest = looks[-1]["kd"], min((look["kd"] for look in looks), key=lambda kd: kd.value)
    noise = ERRORS * ((last.error or 0.0) + (lowest.error or 0.0))
    return last.value > WORSE * lowest.value and last.value > lowest.value + noise


def _is_poorer(looks: Sequence[Scores]) -> bool:
    if any("coverage" not in look for look in looks):
        return False
    found = [look["coverage"].value for look in looks]
    return found[-1] < max(found) / WORSE


def plan(config: Config, method: Method, dataset: Dataset, state: State, flop: float) -> "Plan":
    """The looks of a run; `flop` are the operations of a training step, and of `state` the shapes
    alone count. Raises `UserError` where looks are asked for and cannot be."""
    chosen, total = config.evaluate.every_steps, config.train.num_steps
    if chosen != "auto":
        every = int(chosen)
        return Plan(every, Looks(config, method, dataset) if every else None, ())
    base = config.checkpoint.every_steps
    said = "Samples are not scored in this run; --set=evaluate.every_steps=N does."
    none = Plan(0, None, (said,))
    if not base or total < 2 * base or len(dataset.train.x) < FEWEST_IMAGES:
        return none
    looks = Looks(config, method, dataset)
    step, look = flop / RATE + STEP_SECONDS, looks.seconds(state)
    every = base * math.ceil(max(look / (MOST_SHARE * step), total / MOST_LOOKS) / base)
    if total < 2 * every:
        return none
    share = 100 * look / (every * step)
    said = f"Samples are scored every {every} steps, an estimated {share:.1f} % of the time."
    return Plan(every, looks, (said,))


class Plan(NamedTuple):
    """When a run looks at its samples, and by what."""

    every_steps: int  # 0 is never
    looks: Looks | None
    said: tuple[str, ...]  # a sentence on what the run chose by itself, if it did

    def is_due(self, step: int, total: int) -> bool:
        """Whether a run of `total` steps looks after this one."""
        return step > 0 and self.every_steps > 0 and (step % self.every_steps == 0 or step == total)
