"""Metrics of a run's samples during training."""

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from gan_jax.data import Dataset, Points, Polygons, Source, densities, kinds
from gan_jax.metrics import memorisation, triangles


class Measure(NamedTuple):
    """Scalars of the first `num_samples` of the fixed samples, by the averaged weights."""

    num_samples: int
    scalars: Callable[[np.ndarray], dict[str, float]]  # of stored examples [num_samples, ...]


def coverage(source: Source, dataset: Dataset) -> Measure | None:
    """For points: how many modes 2,500 samples cover, the share of them that lies at a mode, and
    the Jensen-Shannon divergence of 10,000 from the density they should come from."""
    if not isinstance(source, Points):
        return None
    density = source.density()

    def scalars(samples: np.ndarray) -> dict[str, float]:
        points = samples.astype(np.float64)
        modes, share = densities.coverage(density, points[:2_500])
        return {
            "coverage/modes": float(modes),
            "coverage/share_at_modes": share,
            "coverage/jensen_shannon": densities.divergence(density, points),
        }

    return Measure(10_000, scalars)


def manifold(source: Source, dataset: Dataset) -> Measure | None:
    """For triangles: the share of samples that are some, and that of test triangles that samples
    come near to."""
    if not isinstance(source, Polygons):
        return None
    made = functools.cache(lambda: triangles.measure(dataset.train.x, dataset.test.x))
    return Measure(triangles.NUM_SAMPLES, lambda images: made()(images))


def memorised(source: Source, dataset: Dataset) -> Measure | None:
    """For small sets of pictures: `memorisation.figures`, under names that begin with theirs."""
    count = len(dataset.train.x)
    small = memorisation.FEWEST_IMAGES <= count < memorisation.SMALL_DATA
    if not (small and isinstance(source.kind, kinds.Picture)):
        return None
    made = functools.cache(lambda: survey(source, dataset))  # when first needed: it takes seconds

    def scalars(images: np.ndarray) -> dict[str, float]:
        figures = memorisation.figures(made(), memorisation.compare(made(), images))
        return {f"{memorisation.PREFIX}{name}": value for name, value in figures.items()}

    return Measure(memorisation.NUM_SAMPLES, scalars)


def survey(source: Source, dataset: Dataset) -> memorisation.Survey:
    """The training images of a run, to compare samples with."""
    test = None if dataset.test is dataset.train else dataset.test.x
    return memorisation.survey(dataset.train.x, test, source.is_mirrored)


MEASURES: list[Callable[[Source, Dataset], Measure | None]] = [coverage, manifold, memorised]
"""Each makes a measure for a run, or None where it makes no sense."""


def measures(source: Source, dataset: Dataset) -> tuple[Measure, ...]:
    """What is measured in a run on `dataset`, which is of `source`."""
    made = (make(source, dataset) for make in MEASURES)
    return tuple(measure for measure in made if measure is not None)
