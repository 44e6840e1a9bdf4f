"""What every source delivers."""

import hashlib
from typing import NamedTuple

import numpy as np

from gan_jax.errors import UserError


class Split(NamedTuple):
    images: np.ndarray  # uint8 [n, height, width, channels], or float32 points in [-1, 1]
    labels: np.ndarray  # int32 [n]; zeros for data without classes


class Dataset(NamedTuple):
    """Images ready to train on. A source without test images has the training images as `test`."""

    train: Split
    test: Split
    class_names: tuple[str, ...]
    report: tuple[str, ...]  # what was read and what was skipped, one sentence each
    fingerprint: str  # of the training images and labels


class Unavailable(UserError):
    """This data cannot be had here and now; another source may stand in for it."""


def dataset(
    train: Split, test: Split | None, class_names: tuple[str, ...], report: tuple[str, ...]
) -> Dataset:
    """The data set with its fingerprint, 16 hex digits over every training pixel and label."""
    content = hashlib.sha256(repr(train.images.shape).encode())
    content.update(np.ascontiguousarray(train.images).data)
    content.update(np.ascontiguousarray(train.labels).data)
    if test is None:
        test = train
        report = (*report, "There are no test images: evaluation uses training images.")
    return Dataset(train, test, class_names, report, content.hexdigest()[:16])


SPLITS = frozenset(["train", "training", "val", "valid", "validation", "dev", "test", "testing"])
"""Names of folders that are parts of a data set rather than classes."""
MOST_CLASSES = 20
"""That are named in a line."""


def classes_report(data: Dataset) -> list[str]:
    """What the labels mean and how many images have each, and a warning where that looks wrong."""
    counts = np.bincount(data.train.labels, minlength=len(data.class_names))
    named = [f"{i} = {name} ({counts[i]})" for i, name in enumerate(data.class_names)]
    more = len(named) - MOST_CLASSES
    rest = [f"and {more} more, which environment.json has"] if more > 0 else []
    lines = [f"Classes: {', '.join([*named[:MOST_CLASSES], *rest])}."]
    if parts := [name for name in data.class_names if name.lower() in SPLITS]:
        lines.append(
            f"Warning: {', '.join(parts)} are taken for classes; if the classes are folders in "
            f"there, give --set=data.path=FOLDER/{parts[0]}."
        )
    return lines


def check_classes(num_classes: int, data: Dataset) -> None:
    """Raises `UserError` when networks are told of other classes than the data have."""
    count = len(data.class_names)
    if num_classes in (0, count):
        return
    if not count:
        raise UserError(
            f"data.num_classes={num_classes}, and these data have no classes; choose data with "
            "labels, such as a folder with a sub-folder for each class."
        )
    raise UserError(
        f"data.num_classes={num_classes}, and these data have {count} classes "
        f"({', '.join(data.class_names)}); set data.num_classes={count}."
    )
