"""Samples against the real images of one data set, in one feature space, under a protocol."""

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from gan_jax.data import Dataset, Source
from gan_jax.errors import UserError
from gan_jax.evaluation import extraction
from gan_jax.evaluation.extraction import Fakes
from gan_jax.evaluation.protocol import Protocol, settings_of
from gan_jax.metrics import support
from gan_jax.metrics.features import Extractor, Space
from gan_jax.metrics.memorisation import SMALL_DATA
from gan_jax.metrics.scores import MOST_COMPARED, Compared, Metric, Scores, evenly, measure

MOST_REAL = 50_000
"""Training images that samples are compared with, evenly spread."""
FEWEST_IMAGES = 40
"""Real ones, below which scores say nothing: halves of them are cut into blocks of two and more."""


class Comparison:
    """The real images of a data set in a feature space, to score samples by."""

    def __init__(self, space: Space, data: Dataset, source: Source, name: str):
        self.extractor: Extractor = space.extractor(data, source)
        self._data, self._name = data, name
        self._metrics = tuple(Metric.choices)
        self._train = evenly(data.train.x, MOST_REAL)
        if len(self._train) < FEWEST_IMAGES:
            raise UserError(
                f"There are {len(self._train)} real images; scores take {FEWEST_IMAGES} and say "
                "much from some thousands on."
            )

    @functools.cached_property
    def _real(self) -> np.ndarray:
        return extraction.of_examples(self.extractor, self._train, "features of real images")

    @functools.cached_property
    def _test(self) -> np.ndarray | None:
        if self._data.test is self._data.train:
            return None
        return extraction.of_examples(self.extractor, self._data.test.x, "features of test images")

    @functools.cached_property
    def _labels(self) -> np.ndarray | None:
        """The classes of the real images by the head's numbers."""
        labels = self._data.train.label
        return self._numbers(None if labels is None else evenly(labels, MOST_REAL))

    def protocol(self, num_fake: int, latents: str, classes: str, weights: str) -> Protocol:
        """How scores by `scores` come about."""
        return Protocol(
            features=self.extractor.name,
            dims=self.extractor.dims,
            data=self._name,
            fingerprint=self._data.fingerprint,
            images="x".join(map(str, self._train.shape[1:])),
            real="train",
            num_real=len(self._train),
            num_fake=num_fake,
            latents=latents,
            classes=classes,
            weights=weights,
            metrics=settings_of(self._metrics),
        )

    def scores(self, fakes: Fakes, requested: np.ndarray | None = None) -> Scores:
        """The scores of samples; `requested`, int [m], are the data's classes they were to show."""
        compared = Compared(
            self.extractor,
            self._real,
            fakes.features,
            held_out=self._test,
            real_labels=self._labels,
            requested=self._numbers(requested),
            images=fakes.images,
        )
        return measure(self._metrics, compared)

    def floor(self) -> Scores:
        """The scores of one half of the real images against the other: what no samples surpass but
        by chance, at half the counts."""
        halves = self._real[::2], self._real[1::2]
        compared = Compared(self.extractor, *halves, images=self._train[1::2][: extraction.IMAGES])
        return measure(self._metrics, compared)

    def by_realism(self, fakes: Fakes) -> np.ndarray:
        """Samples as they are stored, [n, ...], the most realistic first."""
        real = evenly(self._real, MOST_COMPARED)
        order = np.argsort(-support.realism(real, fakes.features), kind="stable")
        return fakes.images[order]

    def of_test(self) -> Scores | None:
        """The scores of the test images as if they were samples; None where there are none."""
        if self._test is None:
            return None
        images = self._data.test.x[: extraction.IMAGES]
        compared = Compared(
            self.extractor, self._real, self._test, real_labels=self._labels, images=images
        )
        return measure(self._metrics, compared)

    def _numbers(self, labels: np.ndarray | None) -> np.ndarray | None:
        return numbers(self.extractor, self._data.class_names, labels)

    def facts(self) -> dict[str, Any]:
        """What a reader of the scores must know beside the protocol."""
        known = {"classifier": self.extractor.about} if self.extractor.about else {}
        if len(self._train) < SMALL_DATA:
            known["note"] = (
                f"Of {len(self._train)} real images a generator that copies them has the best "
                "distances; look at authenticity, near 0 for copies."
            )
        return known


def numbers(
    extractor: Extractor, names: Sequence[str], labels: np.ndarray | None
) -> np.ndarray | None:
    """Classes, int [n], which have these names, by the numbers of the extractor's head; None where
    it knows others, and without labels."""
    head = extractor.head
    if labels is None or head is None or not set(names) <= set(head.class_names):
        return None
    return np.array([head.class_names.index(name) for name in names])[labels]


def spaces(names: Sequence[str], configured: Space) -> list[Space]:
    """The spaces with these names; that which the config chose has its settings."""
    chosen = [Space.chosen(name, "--features") for name in names]
    return [configured if isinstance(configured, space) else space() for space in chosen]
