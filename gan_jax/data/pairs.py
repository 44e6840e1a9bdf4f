"""Pairs of pictures in files: what is to be made, and what it is to be made from."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, ClassVar, Literal, NamedTuple

from annotated_types import Ge, Lt
from PIL import Image
from tqdm import tqdm

from gan_jax.data import folder
from gan_jax.data.dataset import Dataset, dataset
from gan_jax.data.folder import Folder
from gan_jax.data.pictures import fit, opened
from gan_jax.data.room import room
from gan_jax.errors import UserError
from gan_jax.method import Example
from gan_jax.system.names import absolute, printable

NAMED = 10
"""Names without a partner that an error has, of each folder."""


@dataclass(frozen=True)
class Pairs(Folder, name="pairs"):
    """Pairs of pictures: two folders with equal names, whatever the endings, or one folder of
    pictures with both halves side by side, as pix2pix's authors store them.

    path: of the folder with the targets, or of the one with both.
    sources: the folder with what they are made from; empty where `halves` says which half is.
    halves: which half of each picture is the source.
    """

    implied_by: ClassVar[str] = "sources"
    has_sources: ClassVar[bool] = True

    sources: str = ""
    halves: Literal["none", "left", "right"] = "none"
    held_out: Annotated[float, Ge(0), Lt(1)] = 0.1

    def load(self) -> Dataset:
        return load(self)

    def stamp(self) -> list:
        both = [folder.stamp(self)]
        return [*both, folder.stamp(_of_sources(self))] if self.sources else both

    def check(self) -> None:
        self.check_crop()
        matched(self)

    def absolute(self) -> "Pairs":
        """The same by places that mean the same from any directory."""
        sources = self.sources and absolute(self.sources)
        return replace(self, path=self.path and absolute(self.path), sources=sources)


class Pair(NamedTuple):
    """The files of a pair, which are one where it has both halves."""

    name: str
    target: Path
    source: Path


def matched(config: Pairs) -> list[Pair]:
    """The pairs, by name. Raises `UserError` for files without a partner."""
    if bool(config.sources) == (config.halves != "none"):
        raise UserError(
            "The pairs source needs either a folder of sources, --set=data.sources=FOLDER, or the "
            "half of each picture that is the source, --set=data.halves=left."
        )
    targets = _by_name(config)
    if not config.sources:
        return [Pair(name, path, path) for name, path in targets.items()]
    sources = _by_name(_of_sources(config))
    alone = [sorted(targets.keys() - sources.keys()), sorted(sources.keys() - targets.keys())]
    if any(alone):
        places = printable(config.path), printable(config.sources)
        listed = [
            f"{len(names)} of {place} ({', '.join(map(printable, names[:NAMED]))}"
            f"{', ...' if len(names) > NAMED else ''})"
            for names, place in zip(alone, places, strict=True)
            if names
        ]
        raise UserError(
            f"Pictures have no partner of their name in the other folder: {' and '.join(listed)}; "
            "add these, or take the others away."
        )
    return [Pair(name, path, sources[name]) for name, path in targets.items()]


def load(config: Pairs) -> Dataset:
    """Every pair that can be read, brought to the configured shape."""
    shape, found = (config.height, config.width, config.channels), matched(config)
    size = (len(found), *shape)
    what, less = printable(config.path), "such as by --set=data.pattern"
    x, source = room(size, what, less), room(size, what, less)
    names: list[str] = []
    skipped: list[str] = []
    for pair in tqdm(found, desc="reading pairs", disable=None, leave=False):
        try:
            for place, picture in zip((x, source), _read(config, pair), strict=True):
                place[len(names)] = fit(picture, *shape, crop=config.crop)
        except Exception as error:  # damaged files make Pillow's readers fail in many ways
            skipped.append(f"{printable(pair.name)}: {printable(str(error))}")
            continue
        names.append(pair.name)
    report = [f"Read {len(names)} pairs from {what}, brought to {'x'.join(map(str, shape))}."]
    if skipped:
        more = f"; and {len(skipped) - NAMED} more" if len(skipped) > NAMED else ""
        report.append(f"Skipped {len(skipped)} pairs: {'; '.join(skipped[:NAMED])}{more}.")
    if not names:
        raise UserError(" ".join(report) + " Nothing is left to train on.")
    examples = Example(x[: len(names)], source=source[: len(names)])
    train, test, said = folder.split(examples, names, config.held_out)
    return dataset(train, test, (), (*report, *said))


def _of_sources(config: Pairs) -> Folder:
    return Folder(path=config.sources, pattern=config.pattern)


def _by_name(config: Folder) -> dict[str, Path]:
    """The files of a folder by their path below it, without its ending."""
    root, found = Path(config.path).expanduser(), dict[str, Path]()
    for path in folder.files(config):
        name = folder.name_of(root, path)
        if name in found:
            raise UserError(
                f"{printable(path.name)} and {printable(found[name].name)} in "
                f"{printable(config.path)} have one name; take one away."
            )
        found[name] = path
    return found


def _read(config: Pairs, pair: Pair) -> Iterator[Image.Image]:
    """The target and its source."""
    if config.halves == "none":
        for path in (pair.target, pair.source):
            with opened(path) as picture:
                yield picture
        return
    with opened(pair.target) as picture:
        half = picture.width // 2
        left, right = (picture.crop((at, 0, at + half, picture.height)) for at in (0, half))
        yield from (right, left) if config.halves == "left" else (left, right)
