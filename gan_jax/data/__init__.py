"""Images to train on: sources by name, brought to one shape and cached as uint8 arrays."""

import dataclasses
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from gan_jax.config import Data
from gan_jax.data import digits, folder, points, procedural_cars, tfds
from gan_jax.data.cache import cached
from gan_jax.data.dataset import Dataset, Split, Unavailable, check_classes, dataset
from gan_jax.errors import UserError, choose

__all__ = [
    "SOURCES",
    "Dataset",
    "Source",
    "Split",
    "Unavailable",
    "check_classes",
    "dataset",
    "describe",
    "load",
    "resolve",
]


class Source(NamedTuple):
    """Where images come from.

    load: (Data) -> Dataset, slow.
    stamp: (Data) -> anything JSON that changes when the images do, fast; it keys the cache.
    prepare: (Data) -> None; raises `Unavailable` when the data cannot be had.
    """

    load: Callable[[Data], Dataset]
    stamp: Callable[[Data], object] = lambda config: None
    prepare: Callable[[Data], None] = lambda config: None


def _unlabelled(images: np.ndarray) -> Split:
    return Split(images, np.zeros(len(images), np.int32))


def _procedural_cars(config: Data) -> Dataset:
    if config.channels != 3:
        raise UserError("procedural_cars are in colour; set data.channels=3.")
    shape = (config.height, config.width)
    train = _unlabelled(procedural_cars.images(0, 5_000, *shape))
    test = _unlabelled(procedural_cars.images(1, 1_000, *shape))
    report = (f"Drew {len(train.images)} training and {len(test.images)} test pictures of cars.",)
    return dataset(train, test, (), report)


def _code_of_cars(config: Data) -> str:
    sources = sorted(Path(procedural_cars.__file__).parent.glob("*.py"))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()


SOURCES: dict[str, Source] = {
    "tfds": Source(tfds.load, tfds.stamp, tfds.prepare),
    "folder": Source(folder.load, folder.stamp, folder.prepare),
    "digits": Source(digits.load),
    "points": Source(points.load, points.stamp, points.prepare),
    "procedural_cars": Source(_procedural_cars, _code_of_cars),
}


def resolve(config: Data) -> tuple[Data, str]:
    """The data to use and, when it is the fallback, the reason, else an empty string.

    Raises `Unavailable` when the data cannot be had and there is no fallback, and `UserError` for a
    shape that no picture has.
    """
    _check_shape(config)
    try:
        choose(SOURCES, "data.source", config.source).prepare(config)
    except Unavailable as error:
        if config.fallback == "none":
            raise
        choose(SOURCES, "data.fallback", config.fallback)
        taken = dataclasses.replace(
            config, source=config.fallback, stands_in_for=describe(config), classes=()
        )
        return taken, str(error)
    return config, ""


def _check_shape(config: Data) -> None:
    crop = config.crop
    if len(crop) not in (0, 2) or any(side < 1 for side in crop):
        raise UserError(f"data.crop={crop} must be a height and a width, such as 96,96.")
    if crop and config.source not in ("folder", "tfds"):
        raise UserError(f"Images of {config.source} are never cropped; leave data.crop out.")
    if config.channels == 2 and config.source != "points":
        raise UserError("Pictures have 1, 3 or 4 data.channels; only points have 2.")


def load(config: Data) -> Dataset:
    """The images of a resolved config, from the cache when they are there."""
    source = choose(SOURCES, "data.source", config.source)
    elsewhere = {"data_dir", "path", "feed", "fallback", "stands_in_for"}
    content = {k: v for k, v in dataclasses.asdict(config).items() if k not in elsewhere}
    return cached([content, source.stamp(config)], lambda: source.load(config))


def describe(config: Data) -> str:
    """The data in a few words, such as `tfds cifar10 (automobile)`; a stand-in says so."""
    if config.source == "folder" and not config.path:
        return "a folder of your own"
    name = config.name if config.source in ("tfds", "points") else ""
    words = f"{config.source} {name}{config.path}".strip()
    words += f" ({', '.join(config.classes)})" if config.classes else ""
    return words + (f", in place of {config.stands_in_for}" if config.stands_in_for else "")
