"""Any folder of pictures, searched recursively; sub-folders are classes when there are some."""

import fnmatch
import hashlib
import os
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, ClassVar, NamedTuple

import numpy as np
from annotated_types import Ge, Lt
from PIL import Image
from tqdm import tqdm

from gan_jax.data.dataset import Dataset, dataset
from gan_jax.data.pictures import fit, opened
from gan_jax.data.room import room
from gan_jax.data.source import StoredPictures
from gan_jax.errors import UserError
from gan_jax.method import Example, take
from gan_jax.system import layout
from gan_jax.system.names import absolute, expanded, natural, printable

SKIPPED_SHOWN = 20
PASSED_SHOWN = 3


@dataclass(frozen=True)
class Folder(StoredPictures, name="folder"):
    """A folder of pictures; sub-folders are classes when there are some.

    path: of the folder, searched recursively.
    pattern: which file names, such as `*.jpg` or `*.jpg,*.png`.
    held_out: the share of the pictures that is for evaluation alone, chosen by the hash of their
        names, so that a picture that is added moves no other.
    """

    implied_by: ClassVar[str] = "path"

    path: str = ""
    pattern: str = "*"
    held_out: Annotated[float, Ge(0), Lt(1)] = 0.0

    def load(self) -> Dataset:
        return load(self)

    def stamp(self) -> list:
        return stamp(self)

    def check(self) -> None:
        self.check_crop()
        search(self)

    def absolute(self) -> "Folder":
        return replace(self, path=self.path and absolute(self.path))

    @property
    def where(self) -> str:
        return printable(self.path)


class Search(NamedTuple):
    """What a folder holds: the files to read, by path, and what is passed over, by reason."""

    files: list[Path]
    passed_over: dict[str, list[str]]


def search(config: "Folder") -> Search:
    """The files to read; those of runs and hidden ones are left out.

    Linked folders are searched, and each folder once, however many links lead to it. Raises
    `UserError` for no folder and no files.
    """
    root = _root(config)
    patterns = [part.strip().lower() for part in config.pattern.split(",") if part.strip()]
    found = Search([], {})
    seen: set[tuple[int, int]] = set()
    level = [root]
    while level:
        below: list[Path] = []
        for folder in level:
            _look_into(root, folder, patterns, seen, found, below)
        # A folder goes by the name it has itself, not by that of a link to it.
        level = sorted(below, key=lambda path: (path.is_symlink(), path))
    found.files.sort()
    if not found.files:
        said = _passed_over(found.passed_over)
        raise UserError(
            f"There are no files that match {config.pattern!r} in {printable(config.path)}; "
            f"check --set=data.path and --set=data.pattern.{' ' + said if said else ''}"
        )
    with_pictures = {_class_of(root, path) for path in found.files}
    folders = (path.name for path in root.iterdir() if path.is_dir())
    empty = [name for name in folders if name[0] != "." and printable(name) not in with_pictures]
    if empty and with_pictures != {"."}:
        found.passed_over["folders without pictures"] = sorted(map(printable, empty), key=natural)
    return found


def files(config: "Folder") -> list[Path]:
    """The files to read, sorted by their path. Raises `UserError` where `search` does."""
    return search(config).files


def _root(config: "Folder") -> Path:
    if not config.path:
        raise UserError("The folder source needs a folder; add --set=data.path=FOLDER.")
    root, name = expanded(config.path), printable(config.path)
    if root.is_file():
        raise UserError(f"{name} is a file; unpack it, and give the folder by --set=data.path.")
    if not root.is_dir():
        raise UserError(f"There is no folder {name}; check --set=data.path.")
    return root


def _look_into(
    root: Path,
    folder: Path,
    patterns: list[str],
    seen: set[tuple[int, int]],
    found: Search,
    below: list[Path],
) -> None:
    """Adds the files of one folder to `found`, and its folders to `below`."""

    def pass_over(path: Path, reason: str) -> None:
        found.passed_over.setdefault(reason, []).append(printable(path.relative_to(root)))

    try:
        status = folder.stat()
        if (status.st_dev, status.st_ino) in seen:
            return pass_over(folder, "links to folders that are read already")
        seen.add((status.st_dev, status.st_ino))
        if folder != root and layout.is_run(folder):  # whose pictures are nobody's training images
            return pass_over(folder, "runs")
        with os.scandir(folder) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
    except OSError as error:
        return pass_over(folder, f"folders that cannot be read ({error.strerror})")
    for entry in listed:
        path = folder / entry.name
        try:
            is_folder, is_file = entry.is_dir(), entry.is_file()
        except OSError:
            is_folder = is_file = False  # a link to itself, for one
        if entry.name.startswith("."):
            pass_over(path, "hidden")
        elif is_folder:
            below.append(path)
        elif not is_file:
            pass_over(path, "broken links" if entry.is_symlink() else "no regular files")
        elif not _matches(path.relative_to(root), patterns):
            pass_over(path, "names that do not match")
        else:
            found.files.append(path)


def _matches(path: Path, patterns: list[str]) -> bool:
    """Whether a name, or a path where a pattern is one, matches any of the patterns; whatever the
    case of its letters."""
    name, whole = path.name.lower(), path.as_posix().lower()
    return any(fnmatch.fnmatchcase(whole if "/" in p else name, p) for p in patterns)


def _class_of(root: Path, path: Path) -> str:
    """The folder below the root that a file lies in; `.` for the root itself."""
    parts = path.relative_to(root).parts
    return printable(parts[0]) if len(parts) > 1 else "."


def stamp(config: "Folder") -> list:
    """Changes whenever a file is added, removed or rewritten."""
    root = _root(config)
    stats = ((path, path.stat()) for path in files(config))
    return [
        [os.fsencode(path.relative_to(root)).hex(), s.st_size, s.st_mtime_ns] for path, s in stats
    ]


def load(config: "Folder") -> Dataset:
    """Every readable picture, brought to the configured shape; those held out are the test ones."""
    root, shape = _root(config), (config.height, config.width, config.channels)
    found = search(config)
    paths = _of_classes(config.classes, root, found.files)
    images = room((len(paths), *shape), printable(config.path), "such as by --set=data.pattern")
    classes: list[str] = []
    names: list[str] = []
    skipped: list[tuple[Path, str]] = []
    sizes: Counter[tuple[int, int]] = Counter()
    modes: Counter[str] = Counter()
    for path in tqdm(paths, desc="reading pictures", disable=None, leave=False):
        try:
            with opened(path) as picture:
                images[len(classes)] = fit(picture, *shape, crop=config.crop)
                sizes[picture.size] += 1
                modes[picture.mode] += 1
        except Exception as error:  # damaged files make Pillow's readers fail in many ways
            skipped.append((path.relative_to(root), reason(error)))
            continue
        classes.append(_class_of(root, path))
        names.append(name_of(root, path))
    report = _report(config, len(classes), sizes, modes, skipped)
    if said := _passed_over(found.passed_over):
        report = (*report, said)
    if not classes:
        raise UserError(" ".join(report) + " Nothing is left to train on.")
    found_classes = config.classes or tuple(sorted(set(classes), key=natural))
    number_of = {name: number for number, name in enumerate(found_classes)}
    labels = np.array([number_of[name] for name in classes], np.int32)
    known = found_classes if len(found_classes) > 1 or config.classes else ()
    examples = Example(images[: len(classes)], labels if known else None)
    train, test, of_split = split(examples, names, config.held_out)
    return dataset(train, test, known, (*report, *of_split))


def name_of(root: Path, path: Path) -> str:
    """A file by its path below the root, without its ending."""
    return str(path.relative_to(root).with_suffix(""))


def split(
    examples: Example, names: list[str], share: float
) -> tuple[Example, Example | None, list[str]]:
    """Examples [n, ...] by their names, without the share that is held out; that, or None; and a
    sentence on it. Raises `UserError` where nothing would be left."""
    held = np.array([is_held_out(name, share) for name in names], bool)
    if not held.any():
        return examples, None, []
    if held.all():
        raise UserError("All pictures would be held out; set data.held_out to less.")
    said = f"Held out {held.sum()} of them for evaluation, by the hash of their names."
    return take(examples, ~held), take(examples, held), [said]


def is_held_out(name: str, share: float) -> bool:
    """Whether the picture of a name is among the share that is for evaluation alone."""
    digest = hashlib.sha256(name.encode(errors="surrogateescape")).digest()
    return int.from_bytes(digest[:8], "big") < share * 2**64


def _of_classes(wanted: tuple[str, ...], root: Path, paths: list[Path]) -> list[Path]:
    """The files of the classes that are wanted, of all where none is named."""
    if not wanted:
        return paths
    names = sorted({_class_of(root, path) for path in paths}, key=natural)
    if unknown := [name for name in wanted if name not in names]:
        raise UserError(
            f"There is no sub-folder {unknown[0]!r} with pictures; data.classes can name "
            f"{', '.join(names)}."
        )
    return [path for path in paths if _class_of(root, path) in wanted]


def reason(error: Exception) -> str:
    """Why a file could not be read, in a few words."""
    if isinstance(error, Image.UnidentifiedImageError):
        return "not a picture that Pillow reads"
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _report(
    config: "Folder", count: int, sizes: Counter, modes: Counter, skipped: list
) -> tuple[str, ...]:
    shape = f"{config.height}x{config.width}x{config.channels}"
    of = f" of the classes {', '.join(config.classes)}" if config.classes else ""
    lines = [f"Read {count} pictures{of} from {printable(config.path)}, brought to {shape}."]
    if sizes:
        smallest, largest = (f(sizes, key=lambda s: s[0] * s[1]) for f in (min, max))
        kinds = ", ".join(f"{mode} ({n})" for mode, n in modes.most_common())
        lines.append(
            f"Their widths and heights run from {smallest[0]}x{smallest[1]} to "
            f"{largest[0]}x{largest[1]}; their modes are {kinds}."
        )
    if skipped:
        named = [f"{printable(name)}: {reason}" for name, reason in skipped]
        lines.append(f"Skipped {len(skipped)} files: {_some(named, SKIPPED_SHOWN, '; ')}.")
    return tuple(lines)


def _passed_over(reasons: dict[str, list[str]]) -> str:
    """One sentence of what was not read and why; empty where all was."""
    parts = [
        f"{len(names)} {reason} ({_some(names, PASSED_SHOWN, ', ')})"
        for reason, names in reasons.items()
    ]
    return f"Passed over: {'; '.join(parts)}." if parts else ""


def _some(names: list[str], most: int, between: str) -> str:
    more = len(names) - most
    return between.join([*names[:most], *([f"and {more} more"] if more > 0 else [])])
