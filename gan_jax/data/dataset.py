"""What every source delivers."""

import hashlib
from typing import NamedTuple

import jax
import numpy as np

from gan_jax.errors import UserError
from gan_jax.method import Example


class Dataset(NamedTuple):
    """Examples ready to train on, as they are stored: each field an array [n, ...].

    A source without test examples has the training examples as `test`.
    """

    train: Example
    test: Example
    class_names: tuple[str, ...]
    report: tuple[str, ...]  # what was read and what was skipped, one sentence each
    fingerprint: str  # of the training examples


class Unavailable(UserError):
    """This data cannot be had here and now; another source may stand in for it."""


def dataset(
    train: Example, test: Example | None, class_names: tuple[str, ...], report: tuple[str, ...]
) -> Dataset:
    """The data set with its fingerprint, 16 hex digits over all that the training examples have."""
    content = hashlib.sha256(repr(train.x.shape).encode())
    for leaf in jax.tree.leaves(train):
        content.update(np.ascontiguousarray(leaf).data)
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
    counts = np.bincount(data.train.label, minlength=len(data.class_names))
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
    """Raises `UserError` when `num_classes` of conditional networks is not that of the data."""
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
