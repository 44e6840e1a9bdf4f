"""A grid of random samples, or of those that D takes to be most real."""

import csv
import io
import math
from pathlib import Path

import numpy as np

from gan_jax.method import take
from gan_jax.run import pictures, runs
from gan_jax.run.runs import Run
from gan_jax.system.disk import write_whole
from gan_jax.visualize import panels, subject
from gan_jax.visualize.options import NotForThisRun, Options
from gan_jax.visualize.panels import Panel

DRAWN_PER_KEPT = 20
"""keras-dcgan shows the best 1 in 20."""
MOST_CLASSES = 16
"""Up to so many classes have a column each."""


def samples(run: Run, options: Options, folder: Path) -> list[Path]:
    """Samples by the averaged weights, in the order of their numbers; with `nice`, of their scores.

    With `nice`, the scores of all that were drawn are written too, as CSV.
    """
    if options.nice:
        return _nice(run, options, folder)
    inputs = subject.numbered(run, options, range(options.num_samples))
    path, made = folder / "samples.png", subject.images(run, inputs)
    if not subject.are_pictures(run):
        _write_sheet(run, made, path)
        return [path]
    classes = options.classes or runs.class_names(run)
    columns = len(classes) if 1 < len(classes) <= MOST_CLASSES else _columns(len(made))
    table = panels.table(made, columns)
    panel = Panel(
        table,
        rows=[str(row * columns) for row in range(len(table))],
        columns=classes if columns == len(classes) else (),
    )
    first = "Each row begins with the sample of the number on its left"
    drawn = subject.note(run, f"Latents of seed {options.seed}", first)
    pictures.write_png(path, panels.sheet([panel], "Random samples", drawn))
    return [path]


def _nice(run: Run, options: Options, folder: Path) -> list[Path]:
    if run.method.score is None:
        raise NotForThisRun(
            f"--nice keeps what D takes to be real, and this run's method, {run.config.choice}, "
            "has no D; leave --nice out."
        )
    drawn = DRAWN_PER_KEPT * options.num_samples
    inputs = subject.numbered(run, options, range(drawn))
    scores = subject.scores(run, inputs)
    order = np.argsort(-scores, kind="stable")
    kept = order[: options.num_samples]
    path, made = folder / "samples_nice.png", subject.images(run, take(inputs, kept))
    table = folder / "samples_nice.csv"
    labels = subject.labels(run, options, range(drawn))
    _write_scores(table, order, scores, labels, options.num_samples)
    if not subject.are_pictures(run):
        _write_sheet(run, made, path)
        return [path, table]
    columns = _columns(len(made))
    captions = [f"{number}: {scores[number]:.2f}" for number in kept]
    drawn_by = subject.note(
        run,
        f"Latents of seed {options.seed}",
        "Under each sample its number and D's logit, from most to least real",
        f"The best of those left out has {scores[order[options.num_samples]]:.2f}",
    )
    title = f"The {len(made):,} of {drawn:,} samples that D takes to be most real"
    sheet = panels.sheet([Panel(panels.table(made, columns), captions=captions)], title, drawn_by)
    pictures.write_png(path, sheet)
    return [path, table]


def _write_sheet(run: Run, made: np.ndarray, path: Path) -> None:
    """Stored examples [n, ...] as their kind draws many."""
    kind = run.config.data.kind
    pictures.write_png(path, kind.sheet(made), kind.scale)


def _write_scores(
    path: Path, order: np.ndarray, scores: np.ndarray, labels: np.ndarray, kept: int
) -> None:
    content = io.StringIO()
    rows = csv.writer(content, lineterminator="\n")
    rows.writerow(("sample", "class", "score", "kept"))
    for rank, number in enumerate(order):
        rows.writerow((number, labels[number], f"{scores[number]:.6f}", int(rank < kept)))
    write_whole(path, content.getvalue().encode())


def _columns(count: int) -> int:
    return math.ceil(math.sqrt(count))
