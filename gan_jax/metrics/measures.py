"""What is measured of a run's samples while it trains, beside the losses."""

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from gan_jax.config import Config
from gan_jax.data import Dataset, densities
from gan_jax.data.densities import DENSITIES
from gan_jax.metrics import memorisation


class Measure(NamedTuple):
    """Scalars of the first `num_samples` of the fixed samples, by the averaged weights."""

    num_samples: int
    scalars: Callable[[np.ndarray], dict[str, float]]  # of images [num_samples, h, w, c]


def coverage(config: Config, dataset: Dataset) -> Measure | None:
    """For points: how many modes 2,500 samples cover, the share of them that lies at a mode, and
    the Jensen-Shannon divergence of 10,000 from the density they should come from."""
    if config.data.source != "points":
        return None
    density = DENSITIES[config.data.name]

    def scalars(images: np.ndarray) -> dict[str, float]:
        points = images.reshape(-1, 2).astype(np.float64)
        modes, share = densities.coverage(density, points[:2_500])
        return {
            "coverage/modes": float(modes),
            "coverage/share_at_modes": share,
            "coverage/jensen_shannon": densities.divergence(density, points),
        }

    return Measure(10_000, scalars)


def memorised(config: Config, dataset: Dataset) -> Measure | None:
    """For small sets of pictures: `memorisation.figures`, under names that begin with theirs."""
    count = len(dataset.train.images)
    small = memorisation.FEWEST_IMAGES <= count < memorisation.SMALL_DATA
    if config.data.is_points or not small:
        return None
    made = functools.cache(lambda: survey(config, dataset))  # when first needed: it takes seconds

    def scalars(images: np.ndarray) -> dict[str, float]:
        figures = memorisation.figures(made(), memorisation.compare(made(), images))
        return {f"{memorisation.PREFIX}{name}": value for name, value in figures.items()}

    return Measure(memorisation.NUM_SAMPLES, scalars)


def survey(config: Config, dataset: Dataset) -> memorisation.Survey:
    """The training images of a run, to compare samples with."""
    test = None if dataset.test is dataset.train else dataset.test.images
    return memorisation.survey(dataset.train.images, test, config.data.flip == "horizontal")


MEASURES: tuple[Callable[[Config, Dataset], Measure | None], ...] = (coverage, memorised)
"""Each makes a measure for a run, or None where it makes no sense."""


def measures(config: Config, dataset: Dataset) -> tuple[Measure, ...]:
    """What is measured in a run of `config` on `dataset`."""
    made = (make(config, dataset) for make in MEASURES)
    return tuple(measure for measure in made if measure is not None)
