"""Points of the plane from a density that is known exactly."""

from dataclasses import dataclass

import numpy as np

from gan_jax.data import densities, kinds
from gan_jax.data.dataset import Dataset, dataset
from gan_jax.data.densities import DENSITIES, Mixture
from gan_jax.data.source import Source
from gan_jax.errors import choose
from gan_jax.method import Example

TRAIN_POINTS, TEST_POINTS = 20_000, 5_000


@dataclass(frozen=True)
class Points(Source, name="points"):
    """Independent draws as float32 [n, 2], labelled by the modes they came from.

    name: of the density, a row of gan_jax.data.densities.DENSITIES.
    """

    name: str = "ring"

    @property
    def kind(self) -> kinds.Points:
        return kinds.Points()

    @property
    def where(self) -> str:
        return self.name

    def load(self) -> Dataset:
        density = self.density()
        train, test = _split(density, 0, TRAIN_POINTS), _split(density, 1, TEST_POINTS)
        modes = len(density.weights)
        report = f"Drew {TRAIN_POINTS} training and {TEST_POINTS} test points of {modes} modes."
        return dataset(train, test, tuple(map(str, range(modes))), (report,))

    def stamp(self) -> list:
        return [part.tolist() for part in self.density()]

    def check(self) -> None:
        self.density()

    def density(self) -> Mixture:
        """What the points are drawn from."""
        return choose(DENSITIES, "data.name", self.name)


def _split(density: Mixture, seed: int, count: int) -> Example:
    points, modes = densities.draw(density, seed, count)
    return Example(points.astype(np.float32), modes)
