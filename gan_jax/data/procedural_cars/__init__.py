"""Small pictures of cars, ray cast from a few convex solids, each a pure function of a key.

A data set for when none can be downloaded: cars of seven body types in realistic paint, seen from
any side, on a road, lawn or studio floor, before trees, buildings, a wall or hills.

Lengths are in metres, in the car's own frame: x points to the nose, y to the driver's left, z up,
and the origin lies on the ground below the middle of the car. Colours [3, 1] are linear light until
the picture is encoded. N is the number of rays, `rays.SAMPLES` squared for each pixel; what is one
number for a ray has the shape [1, N], and so goes with colours [3, N].
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

import jax
import numpy as np

from gan_jax.data.dataset import Dataset, dataset
from gan_jax.data.procedural_cars import parts
from gan_jax.data.procedural_cars.painting import shade
from gan_jax.data.procedural_cars.scene import BODY_TYPES, PAINTS, SKIES, draw_scene
from gan_jax.data.procedural_cars.solids import trace
from gan_jax.data.source import PictureSource
from gan_jax.errors import UserError, choose
from gan_jax.method import Example, take

CHUNK = 50  # images per call of the one compiled shape, few enough to stay in the cache
COUNTS = {"train": 5_000, "test": 1_000}
"""Pictures of each split; its number is its seed."""
KINDS = {"body": tuple(BODY_TYPES), "paint": tuple(PAINTS), "sky": tuple(SKIES)}
"""What the classes may be of, and their names."""


def render(
    key: jax.Array,
    height: int = 32,
    width: int = 32,
    paint: int | None = None,
    sky: int | None = None,
) -> jax.Array:
    """The picture of a typed key: uint8 [height, width, 3], gamma encoded.

    With the number of a paint or of a sky it is the same picture but for that.
    """
    # Two programs, since in one the compiler would repeat the casts wherever they are used.
    scene, hits = trace(key, height, width, paint, sky)
    return shade(scene, hits, height, width)


def render_map(key: jax.Array, height: int = 32, width: int = 32) -> jax.Array:
    """The parts of the picture of a typed key by their colours: uint8 [height, width, 3]."""
    scene, hits = trace(key, height, width)
    return parts.paint(scene, hits, height, width)


def images(
    seed: int,
    count: int,
    height: int = 32,
    width: int = 32,
    paint: str | None = None,
    sky: str | None = None,
) -> np.ndarray:
    """Draws a data set on the CPU: uint8 [count, height, width, 3].

    Image i is `render(fold_in(key(seed), i))` but for rounding, byte for byte the same whatever
    `count` is. With the name of a paint or of a sky all have that, and are the same but for it.
    """
    paint_number, sky_number = (
        None if name is None else KINDS[of].index(name)
        for of, name in (("paint", paint), ("sky", sky))
    )
    drawn = partial(render, height=height, width=width, paint=paint_number, sky=sky_number)
    return _each(seed, count, drawn, (height, width, 3))


def part_maps(seed: int, count: int, height: int = 32, width: int = 32) -> np.ndarray:
    """The parts of `images` by their colours, `parts.COLOURS`: uint8 [count, height, width, 3]."""
    drawn = partial(render_map, height=height, width=width)
    return _each(seed, count, drawn, (height, width, 3))


def kinds(seed: int, count: int, of: str) -> np.ndarray:
    """Which body, paint or sky, as `of` says, `images` have, by number: int32 [count]."""
    return _each(seed, count, lambda key: getattr(draw_scene(key), f"{of}_type"), (), np.int32)


def _each(
    seed: int,
    count: int,
    drawn: Callable[[jax.Array], jax.Array],
    shape: tuple[int, ...],
    dtype: type = np.uint8,
) -> np.ndarray:
    """What is drawn by the keys of the first `count` pictures, [count, *shape]."""
    keys_of = jax.vmap(jax.random.fold_in, (None, 0))
    draw = jax.vmap(drawn)
    with jax.default_device(jax.local_devices(backend="cpu")[0]):
        key = jax.random.key(seed)
        chunks = [draw(keys_of(key, first + np.arange(CHUNK))) for first in range(0, count, CHUNK)]
        return np.concatenate([np.zeros((0, *shape), dtype), *chunks])[:count].astype(dtype)


@dataclass(frozen=True)
class ProceduralCars(PictureSource, name="procedural_cars"):
    """5,000 training and 1,000 test pictures, in colour. Of chosen paints or skies, each test
    picture has the same one of another class beside it, as its source.

    labels: what the classes are of.
    classes: the pictures of these names alone; () keeps all.
    maps: whether a map of its parts, in colours, is stored beside each picture.
    """

    labels: Literal["none", "body", "paint", "sky"] = "none"
    classes: tuple[str, ...] = ()
    maps: Literal["none", "parts"] = "none"

    @property
    def has_sources(self) -> bool:  # type: ignore[override]
        return self.maps != "none"

    def load(self) -> Dataset:
        train, test = (self._split(split) for split in COUNTS)
        count = len(self.classes)
        if self.labels in ("paint", "sky") and count > 1 and not self.has_sources:
            others = (test.label + 1 + np.arange(len(test.x)) % (count - 1)) % count
            drawn = np.stack([self.counterfactual(name) for name in self.classes])
            test = test._replace(source=drawn[others, np.arange(len(test.x))])
        counts = f"{len(train.x)} training and {len(test.x)} test"
        return dataset(train, test, self._names, (f"Drew {counts} pictures of cars.",))

    def counterfactual(self, name: str) -> np.ndarray:
        """The test pictures in one paint or under one sky, the class `name`, and the same else:
        uint8 [n, h, w, 3]. Raises `UserError` where classes are of neither."""
        if self.labels not in ("paint", "sky"):
            raise UserError("A car keeps its shape; set data.labels=paint or data.labels=sky.")
        paint, sky = (name if self.labels == of else None for of in ("paint", "sky"))
        drawn = images(*_drawn("test"), self.height, self.width, paint, sky)
        return drawn[self._labels("test") >= 0]

    @property
    def _names(self) -> tuple[str, ...]:
        """Of the classes, by their numbers."""
        return self.classes or KINDS.get(self.labels, ())

    def _labels(self, split: str) -> np.ndarray:
        """The classes of all that is drawn for a split, int32 [n]; -1 of those that are left
        out."""
        names = KINDS[self.labels]
        numbers = np.full(len(names), -1, np.int32)
        numbers[[names.index(name) for name in self._names]] = np.arange(len(self._names))
        return numbers[kinds(*_drawn(split), self.labels)]

    def _split(self, split: str) -> Example:
        size = self.height, self.width
        x = images(*_drawn(split), *size)
        source = part_maps(*_drawn(split), *size) if self.has_sources else None
        if self.labels == "none":
            return Example(x, source=source)
        label = self._labels(split)
        return take(Example(x, label, source), label >= 0)

    def stamp(self) -> str:
        sources = sorted(Path(__file__).parent.glob("*.py"))
        return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()

    def check(self) -> None:
        if self.channels != 3:
            raise UserError("procedural_cars are in colour; set data.channels=3.")
        if self.classes and self.labels == "none":
            raise UserError(
                "data.classes are of what data.labels names; set data.labels=paint or the like."
            )
        for name in self.classes:
            choose(dict.fromkeys(KINDS[self.labels]), "data.classes", name)


def _drawn(split: str) -> tuple[int, int]:
    """The seed of a split and how many pictures it has."""
    return list(COUNTS).index(split), COUNTS[split]
