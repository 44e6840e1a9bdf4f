"""Examples to train on: sources by name, brought to one shape and cached as arrays."""

from dataclasses import replace

from gan_jax.config import choose_other, to_dict
from gan_jax.data.cache import cached
from gan_jax.data.dataset import Dataset, Unavailable, check_classes, classes_report, dataset
from gan_jax.data.digits import Digits
from gan_jax.data.folder import Folder
from gan_jax.data.pairs import Pairs
from gan_jax.data.points import Points
from gan_jax.data.polygons import Polygons
from gan_jax.data.procedural_cars import ProceduralCars
from gan_jax.data.source import PictureSource, Source
from gan_jax.data.stacked_mnist import StackedMNIST
from gan_jax.data.tfds import TFDS
from gan_jax.data.two_folders import TwoFolders
from gan_jax.errors import UserError
from gan_jax.system.names import printable

__all__ = [
    "TFDS",
    "Dataset",
    "Digits",
    "Folder",
    "Pairs",
    "PictureSource",
    "Points",
    "Polygons",
    "ProceduralCars",
    "Source",
    "StackedMNIST",
    "TwoFolders",
    "Unavailable",
    "check_classes",
    "classes_report",
    "dataset",
    "describe",
    "load",
    "resolve",
    "with_places",
]


def resolve(config: Source) -> tuple[Source, str]:
    """The data to use and, when it is the fallback, the reason, else an empty string.

    Raises `Unavailable` when the data cannot be had and there is no fallback, and `UserError` for
    what no picture can be brought to.
    """
    try:
        config.prepare()
    except Unavailable as error:
        if config.fallback == "none":
            raise
        taken = choose_other(config, config.fallback, "data.fallback")
        return replace(taken, stands_in_for=describe(config)), str(error)
    return config, ""


ELSEWHERE = frozenset({"data_dir", "path", "feed", "draw", "fallback", "stands_in_for"})
"""Fields that say nothing of what the examples are."""


def load(config: Source) -> Dataset:
    """The examples of a resolved config, from the cache when they are there.

    The one door to them, for training and for modes that read a run. Raises `UserError` where they
    are not there any more; nothing is downloaded.
    """
    config.check()
    content = {name: value for name, value in to_dict(config).items() if name not in ELSEWHERE}
    place = config.path if isinstance(config, Folder) else ""
    return cached([content, place], [content, config.stamp()], config.load)


def with_places(config: Source, path: str = "", data_dir: str = "") -> Source:
    """The data of a run where they are now.

    Raises `UserError` for a place that data of this source are never looked for in.
    """
    if path and not isinstance(config, Folder):
        raise UserError(
            f"data.path is the place of a folder of pictures, and this run's data are "
            f"{describe(config)}; leave it out."
        )
    if data_dir and not isinstance(config, TFDS):
        raise UserError(
            f"--data_dir is the place of TFDS data sets, and this run's data are "
            f"{describe(config)}; leave it out."
        )
    if isinstance(config, Folder):
        config = replace(config, path=path or config.path)
    if isinstance(config, TFDS):
        config = replace(config, data_dir=data_dir or config.data_dir)
    return config.absolute()


def describe(config: Source) -> str:
    """The data in a few words, such as `tfds cifar10 (automobile)`; a stand-in says so."""
    if isinstance(config, Folder) and not config.path:
        return "a folder of your own"
    classes = getattr(config, "classes", ())
    words = f"{config.choice} {printable(config.where)}".strip()
    words += f" ({', '.join(classes)})" if classes else ""
    return words + (f", in place of {config.stands_in_for}" if config.stands_in_for else "")
