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
from gan_jax.data.dataset import Dataset, Split, Unavailable, check_classes, classes_report, dataset
from gan_jax.errors import UserError, choose
from gan_jax.system import names

__all__ = [
    "SOURCES",
    "Dataset",
    "Source",
    "Split",
    "Unavailable",
    "absolute",
    "check_classes",
    "classes_report",
    "dataset",
    "describe",
    "load",
    "resolve",
    "with_places",
]


class Source(NamedTuple):
    """Where images come from.

    load: (Data) -> Dataset, slow.
    stamp: (Data) -> anything JSON that changes when the images do, fast; it keys the cache.
    check: (Data) -> None; raises `Unavailable` when the data are not here, fast.
    prepare: (Data) -> None; makes that they are, by a download where need be, or raises the same.
        None where that cannot be.
    """

    load: Callable[[Data], Dataset]
    stamp: Callable[[Data], object] = lambda config: None
    check: Callable[[Data], None] = lambda config: None
    prepare: Callable[[Data], None] | None = None


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
    "tfds": Source(tfds.load, tfds.stamp, tfds.check, tfds.prepare),
    "folder": Source(folder.load, folder.stamp, folder.check),
    "digits": Source(digits.load),
    "points": Source(points.load, points.stamp, points.check),
    "procedural_cars": Source(_procedural_cars, _code_of_cars),
}


def resolve(config: Data) -> tuple[Data, str]:
    """The data to use and, when it is the fallback, the reason, else an empty string.

    Raises `Unavailable` when the data cannot be had and there is no fallback, and `UserError` for a
    shape that no picture has.
    """
    _check_shape(config)
    source = choose(SOURCES, "data.source", config.source)
    try:
        (source.prepare or source.check)(config)
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
    """The images of a resolved config, from the cache when they are there.

    The one door to them, for training and for whoever looks at a run. Raises `UserError` where they
    are not there any more; nothing is downloaded.
    """
    source = choose(SOURCES, "data.source", config.source)
    source.check(config)
    elsewhere = {"data_dir", "path", "feed", "fallback", "stands_in_for"}
    content = {k: v for k, v in dataclasses.asdict(config).items() if k not in elsewhere}
    return cached(
        [content, config.path], [content, source.stamp(config)], lambda: source.load(config)
    )


def with_places(config: Data, path: str = "", data_dir: str = "") -> Data:
    """The data of a run where they are now.

    Raises `UserError` for a place that data of this source are never looked for in.
    """
    if path and config.source != "folder":
        raise UserError(
            f"data.path is the place of a folder of pictures, and this run's data are "
            f"{describe(config)}; leave it out."
        )
    if data_dir and config.source != "tfds":
        raise UserError(
            f"--data_dir is the place of TFDS data sets, and this run's data are "
            f"{describe(config)}; leave it out."
        )
    return absolute(
        dataclasses.replace(config, path=path or config.path, data_dir=data_dir or config.data_dir)
    )


def absolute(config: Data) -> Data:
    """The same data by places that mean the same from any directory."""
    return dataclasses.replace(
        config,
        path=config.path and names.absolute(config.path),
        data_dir=config.data_dir and names.absolute(config.data_dir),
    )


def describe(config: Data) -> str:
    """The data in a few words, such as `tfds cifar10 (automobile)`; a stand-in says so."""
    if config.source == "folder" and not config.path:
        return "a folder of your own"
    name = config.name if config.source in ("tfds", "points") else ""
    words = f"{config.source} {name}{names.printable(config.path)}".strip()
    words += f" ({', '.join(config.classes)})" if config.classes else ""
    return words + (f", in place of {config.stands_in_for}" if config.stands_in_for else "")
