"""Two folders of pictures, each a class."""

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

import numpy as np
from annotated_types import Ge, Lt

from gan_jax.data import folder
from gan_jax.data.dataset import Dataset, dataset
from gan_jax.data.folder import Folder
from gan_jax.errors import UserError
from gan_jax.method import Example
from gan_jax.system.names import absolute, expanded, printable


@dataclass(frozen=True)
class TwoFolders(Folder, name="two_folders"):
    """The pictures of two folders, wherever they are, as two classes.

    path, other: of the folders of the first and of the second class, searched recursively.
    """

    implied_by: ClassVar[str] = "other"

    other: str = ""
    held_out: Annotated[float, Ge(0), Lt(1)] = 0.1

    def load(self) -> Dataset:
        return load(self)

    def stamp(self) -> list:
        return [folder.stamp(part) for part in parts(self)]

    def check(self) -> None:
        for part in parts(self):
            part.check()

    def absolute(self) -> "TwoFolders":
        other = self.other and absolute(self.other)
        return replace(self, path=self.path and absolute(self.path), other=other)

    @property
    def where(self) -> str:
        return f"{printable(self.path)} and {printable(self.other)}"


def parts(config: TwoFolders) -> tuple[Folder, Folder]:
    """The folder of each class. Raises `UserError` for a second one that is missing."""
    if not config.other:
        raise UserError("Two folders are needed; add --set=data.other=FOLDER.")
    if config.classes:
        raise UserError("data.classes are the sub-folders of one folder; leave them out for two.")
    names = "height", "width", "channels", "crop", "pattern", "held_out"
    fields = {name: getattr(config, name) for name in names}
    return Folder(path=config.path, **fields), Folder(path=config.other, **fields)


def load(config: TwoFolders) -> Dataset:
    """All of both folders; a class has the name of its folder."""
    found = [folder.load(part) for part in parts(config)]
    names = tuple(printable(expanded(path).name) for path in (config.path, config.other))
    if names[0] == names[1]:
        names = printable(config.path), printable(config.other)
    tested = [each.test is not each.train for each in found]
    if any(tested) and not all(tested):
        raise UserError(
            f"None of the pictures of {names[tested.index(False)]} would be held out for "
            "evaluation; add some, or set data.held_out=0 or to more."
        )
    train = _joined([each.train for each in found])
    test = _joined([each.test for each in found]) if all(tested) else train
    report = dict.fromkeys(line for each in found for line in each.report)
    return dataset(train, test, names, tuple(report))


def _joined(classes: list[Example]) -> Example:
    labels = [np.full(len(each.x), label, np.int32) for label, each in enumerate(classes)]
    return Example(np.concatenate([each.x for each in classes]), np.concatenate(labels))
