"""Pictures that a run has not learnt: the user's own, or held out of its data."""

import sys
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from gan_jax import data
from gan_jax.data import Dataset, Folder, folder
from gan_jax.data.pictures import fit, opened
from gan_jax.data.source import StoredPictures
from gan_jax.errors import UserError
from gan_jax.method import Example
from gan_jax.run import runs
from gan_jax.run.runs import Run
from gan_jax.system.names import expanded, printable
from gan_jax.visualize.options import NotForThisRun, Options


class Targets(NamedTuple):
    names: list[str]
    examples: Example  # stored x [n, h, w, c]; label is None where it is not known


def own(run: Run, path: str) -> Targets:
    """The pictures of a folder, as those of the run's data were read; of what cannot be read it is
    said why. Raises `UserError` for no folder and no picture."""
    root, section = expanded(path), run.config.data
    if not root.is_dir():
        raise UserError(f"There is no folder {printable(path)}; check --inputs.")
    height, width, channels = section.kind.shape
    crop, names, read = getattr(section, "crop", ()), [], []
    for file in folder.files(Folder(path=path)):
        name = printable(file.relative_to(root))
        try:
            with opened(file) as picture:
                read.append(fit(picture, height, width, channels, crop))
            names.append(name)
        except Exception as error:  # damaged files make Pillow's readers fail in many ways
            tqdm.write(f"{name} is left out: {printable(folder.reason(error))}", file=sys.stderr)
    if not read:
        raise UserError(f"None of the files in {printable(path)} could be read as a picture.")
    return Targets(names, Example(np.stack(read)))


def held_out(run: Run, known: Dataset, options: Options) -> Targets:
    """Some test images, of `classes` where these are named. Raises `NotForThisRun` without any."""
    if known.test is known.train:
        raise NotForThisRun(
            "project takes images that the run has not learnt, and its data hold none out; add "
            "--inputs=FOLDER with pictures of your own."
        )
    label = known.test.label
    if label is None:
        label = np.zeros(len(known.test.x), np.int32)
    wanted = runs.class_numbers(run, options.classes)
    numbers = np.flatnonzero(np.isin(label, wanted)) if wanted else np.arange(len(label))
    numbers = _some(numbers, options.num_samples, options.seed)
    names = [f"test {number}" for number in numbers]
    return Targets(names, Example(known.test.x[numbers], label[numbers]))


def left_out(run: Run, count: int, seed: int) -> Example | None:
    """Test images of the classes that the run's data leave out; None without such."""
    section = run.config.data
    if not isinstance(section, StoredPictures) or not section.classes or section.num_classes:
        return None
    whole = data.load(replace(section, classes=()))
    learnt = [whole.class_names.index(name) for name in section.classes]
    numbers = np.flatnonzero(~np.isin(whole.test.label, learnt))
    chosen = _some(numbers, count, seed)
    return Example(whole.test.x[chosen], whole.test.label[chosen]) if len(chosen) else None


def _some(numbers: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Some of the numbers, mixed, as data may be sorted."""
    return np.random.default_rng(seed).permutation(numbers)[:count]
