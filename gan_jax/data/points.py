"""Points of the plane from a density that is known exactly, as 1x1 images of two channels."""

import numpy as np

from gan_jax.config import Data
from gan_jax.data import densities
from gan_jax.data.dataset import Dataset, Split, dataset
from gan_jax.data.densities import DENSITIES, Mixture
from gan_jax.errors import UserError, choose

TRAIN_POINTS, TEST_POINTS = 20_000, 5_000


def load(config: Data) -> Dataset:
    """Independent draws as float32 [n, 1, 1, 2], labelled by the modes they came from."""
    density = _density(config)
    train, test = _split(density, 0, TRAIN_POINTS), _split(density, 1, TEST_POINTS)
    modes = len(density.weights)
    report = f"Drew {TRAIN_POINTS} training and {TEST_POINTS} test points of {modes} modes."
    return dataset(train, test, tuple(map(str, range(modes))), (report,))


def stamp(config: Data) -> list:
    """The numbers that the density is made of."""
    return [part.tolist() for part in _density(config)]


def check(config: Data) -> None:
    """Raises `UserError` for an unknown density and for another shape than a point's."""
    _density(config)
    if (config.height, config.width, config.channels) != (1, 1, 2):
        raise UserError(
            "Points have two coordinates; set data.height=1, data.width=1 and data.channels=2."
        )


def _density(config: Data) -> Mixture:
    return choose(DENSITIES, "data.name", config.name)


def _split(density: Mixture, seed: int, count: int) -> Split:
    points, modes = densities.draw(density, seed, count)
    return Split(points.astype(np.float32).reshape(count, 1, 1, 2), modes)
