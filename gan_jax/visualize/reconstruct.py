"""Test images above what the model makes of their codes."""

from pathlib import Path

import numpy as np

from gan_jax.data import Dataset
from gan_jax.method import num_examples, take
from gan_jax.run import pictures
from gan_jax.run.runs import Run
from gan_jax.visualize import panels, subject
from gan_jax.visualize.options import Options
from gan_jax.visualize.panels import Panel

BANDS, COLUMNS = 3, 10


def reconstruct(run: Run, options: Options, folder: Path) -> list[Path]:
    """Bands of test images, a column per class where there are few, over their reconstructions;
    of training images where there are no others."""
    subject.pictures_only(run, "reconstruct")
    subject.encoder_needed(run, "reconstruct")
    known = subject.dataset(run, "reconstruct")
    numbers, columns = _chosen(known)
    shown = take(known.test, numbers.ravel())
    made = subject.images(run, subject.conditioned(run, subject.codes(run, shown.x), shown))
    real, made = (images.reshape(*numbers.shape, *images.shape[1:]) for images in (shown.x, made))
    table = np.stack([real, made], axis=1).reshape(-1, *real.shape[1:])
    panel = Panel(
        table,
        rows=["image", "decoded"] * len(real),
        columns=columns,
        breaks=range(2, len(table), 2),
    )
    kind = subject.held_out(known).capitalize()
    note = subject.note(run, f"{kind}, and below them what the model decodes from their codes")
    path = folder / "reconstruct.png"
    pictures.write_png(path, panels.sheet([panel], "Reconstructions", note))
    return [path]


def _chosen(known: Dataset) -> tuple[np.ndarray, tuple[str, ...]]:
    """Numbers of test images [bands, columns], and what stands above the columns."""
    classes, count = range(len(known.class_names)), num_examples(known.test)
    first = [np.flatnonzero(known.test.label == label)[:BANDS] for label in classes]
    if 1 < len(first) <= COLUMNS and all(len(numbers) == BANDS for numbers in first):
        return np.stack(first, axis=1), known.class_names
    columns = min(COLUMNS, count)
    bands = min(BANDS, count // columns)
    return np.arange(bands * columns).reshape(bands, columns), ()
