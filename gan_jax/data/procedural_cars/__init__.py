"""Small pictures of cars, ray cast from a few convex solids, each a pure function of a key.

A data set for when none can be downloaded: cars of seven body types in realistic paint, seen from
any side, on a road, lawn or studio floor, before trees, buildings, a wall or hills.

Lengths are in metres, in the car's own frame: x points to the nose, y to the driver's left, z up,
and the origin lies on the ground below the middle of the car. Colours [3, 1] are linear light until
the picture is encoded. N is the number of rays, `rays.SAMPLES` squared for each pixel; what is one
number for a ray has the shape [1, N], and so goes with colours [3, N].
"""

import hashlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import jax
import numpy as np

from gan_jax.data.dataset import Dataset, dataset
from gan_jax.data.procedural_cars.painting import shade
from gan_jax.data.procedural_cars.solids import trace
from gan_jax.data.source import PictureSource
from gan_jax.errors import UserError
from gan_jax.method import Example

CHUNK = 50  # images per call of the one compiled shape, few enough to stay in the cache


def render(key: jax.Array, height: int = 32, width: int = 32) -> jax.Array:
    """The picture of a typed key: uint8 [height, width, 3], gamma encoded."""
    # Two programs, since in one the compiler would repeat the casts wherever they are used.
    scene, hits = trace(key, height, width)
    return shade(scene, hits, height, width)


def images(seed: int, count: int, height: int = 32, width: int = 32) -> np.ndarray:
    """Draws a data set on the CPU: uint8 [count, height, width, 3].

    Image i is `render(fold_in(key(seed), i))` but for rounding, byte for byte the same whatever
    `count` is.
    """
    keys_of = jax.vmap(jax.random.fold_in, (None, 0))
    draw = jax.vmap(partial(render, height=height, width=width))
    with jax.default_device(jax.local_devices(backend="cpu")[0]):
        key = jax.random.key(seed)
        chunks = [draw(keys_of(key, first + np.arange(CHUNK))) for first in range(0, count, CHUNK)]
        return np.concatenate([np.zeros((0, height, width, 3), np.uint8), *chunks])[:count]


@dataclass(frozen=True)
class ProceduralCars(PictureSource, name="procedural_cars"):
    """5,000 training and 1,000 test pictures, in colour."""

    def load(self) -> Dataset:
        train, test = (
            Example(images(seed, count, self.height, self.width))
            for seed, count in enumerate((5_000, 1_000))
        )
        counts = f"{len(train.x)} training and {len(test.x)} test"
        return dataset(train, test, (), (f"Drew {counts} pictures of cars.",))

    def stamp(self) -> str:
        sources = sorted(Path(__file__).parent.glob("*.py"))
        return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()

    def check(self) -> None:
        if self.channels != 3:
            raise UserError("procedural_cars are in colour; set data.channels=3.")
