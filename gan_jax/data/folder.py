"""Any folder of pictures, searched recursively; sub-folders are classes when there are some."""

import functools
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from gan_jax.config import Data
from gan_jax.data.dataset import Dataset, Split, dataset
from gan_jax.data.pictures import fit
from gan_jax.errors import UserError

SKIPPED_SHOWN = 20


def files(config: Data) -> list[Path]:
    """The files to read, sorted by their path; those of runs and hidden ones are left out.

    Raises `UserError` for no folder and no files.
    """
    root = _root(config)
    if not config.path:
        raise UserError("The folder source needs a folder; add --set=data.path=FOLDER.")
    if not root.is_dir():
        raise UserError(f"There is no folder {config.path}; check --set=data.path.")
    try:
        matching = list(root.rglob(config.pattern))
    except (ValueError, NotImplementedError) as error:
        raise UserError(f"data.pattern={config.pattern!r} is none: {error}; try *.jpg.") from error
    hidden = functools.cache(lambda folder: folder.name.startswith(".") or _is_run(folder))
    found = sorted(
        path
        for path in matching
        if path.is_file()
        and not path.name.startswith(".")
        and not any(hidden(root / part) for part in path.relative_to(root).parents[:-1])
    )
    if not found:
        raise UserError(
            f"There are no files that match {config.pattern!r} in {config.path}; "
            "check --set=data.path and --set=data.pattern."
        )
    return found


def _root(config: Data) -> Path:
    return Path(config.path).expanduser()


def _is_run(folder: Path) -> bool:
    """Whether it is the directory of a run, whose pictures are nobody's training images."""
    return (folder / "config.json").is_file() and (folder / "environment.json").is_file()


def prepare(config: Data) -> None:
    """Raises `UserError` where `files` does; a folder of one's own is never downloaded."""
    files(config)


def stamp(config: Data) -> list:
    """Changes whenever a file is added, removed or rewritten."""
    root = _root(config)
    stats = ((path, path.stat()) for path in files(config))
    return [[str(path.relative_to(root)), s.st_size, s.st_mtime_ns] for path, s in stats]


def load(config: Data) -> Dataset:
    """Every readable picture, brought to the configured shape. There is no test split."""
    root, shape = _root(config), (config.height, config.width, config.channels)
    images, classes, skipped = [], [], []
    sizes: Counter[tuple[int, int]] = Counter()
    modes: Counter[str] = Counter()
    for path in tqdm(files(config), desc="reading pictures", disable=None, leave=False):
        try:
            with warnings.catch_warnings(), Image.open(path) as picture:
                warnings.simplefilter("ignore")  # a damaged EXIF block does not harm the pixels
                images.append(fit(picture, *shape, crop=config.crop))
                sizes[picture.size] += 1
                modes[picture.mode] += 1
        except Exception as error:  # damaged files make Pillow's readers fail in many ways
            skipped.append((path.relative_to(root), _reason(error)))
            continue
        parts = path.relative_to(root).parts
        classes.append(parts[0] if len(parts) > 1 else ".")
    report = _report(config, len(images), sizes, modes, skipped)
    if not images:
        raise UserError(" ".join(report) + " Nothing is left to train on.")
    names = tuple(sorted(set(classes)))
    if config.classes:
        return _only(config.classes, names, images, classes, report)
    labels = np.array([names.index(name) for name in classes], np.int32)
    return dataset(Split(np.stack(images), labels), None, names if len(names) > 1 else (), report)


def _only(wanted, names, images, classes, report) -> Dataset:
    if unknown := [name for name in wanted if name not in names]:
        raise UserError(
            f"There is no sub-folder {unknown[0]!r}; data.classes can name {', '.join(names)}."
        )
    chosen = [(image, name) for image, name in zip(images, classes, strict=True) if name in wanted]
    labels = np.array([wanted.index(name) for _, name in chosen], np.int32)
    report = (*report, f"{len(chosen)} of them are of the classes {', '.join(wanted)}.")
    return dataset(Split(np.stack([image for image, _ in chosen]), labels), None, wanted, report)


def _reason(error: Exception) -> str:
    if isinstance(error, Image.UnidentifiedImageError):
        return "not a picture that Pillow reads"
    return str(error) or type(error).__name__


def _report(
    config: Data, count: int, sizes: Counter, modes: Counter, skipped: list
) -> tuple[str, ...]:
    shape = f"{config.height}x{config.width}x{config.channels}"
    lines = [f"Read {count} pictures from {config.path}, brought to {shape}."]
    if sizes:
        smallest, largest = (f(sizes, key=lambda s: s[0] * s[1]) for f in (min, max))
        kinds = ", ".join(f"{mode} ({n})" for mode, n in modes.most_common())
        lines.append(
            f"Their widths and heights run from {smallest[0]}x{smallest[1]} to "
            f"{largest[0]}x{largest[1]}; their modes are {kinds}."
        )
    if skipped:
        shown = "; ".join(f"{name}: {reason}" for name, reason in skipped[:SKIPPED_SHOWN])
        more = len(skipped) - SKIPPED_SHOWN
        rest = f"; and {more} more" if more > 0 else ""
        lines.append(f"Skipped {len(skipped)} files: {shown}{rest}.")
    return tuple(lines)
