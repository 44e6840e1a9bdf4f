"""Samples with their nearest training images, and how near they are compared with real images."""

import io
import textwrap
from pathlib import Path

import numpy as np

from gan_jax.data import Dataset
from gan_jax.metrics import measures, memorisation
from gan_jax.metrics.memorisation import Comparison, Survey
from gan_jax.run import pictures
from gan_jax.run.runs import Run
from gan_jax.system import layout
from gan_jax.system.disk import to_json, write_whole
from gan_jax.visualize import panels, subject
from gan_jax.visualize.options import NotForThisRun, Options
from gan_jax.visualize.panels import Panel

SHOWN, NEAREST = 16, 3
"""Samples in the picture, and training images shown for each in each space."""
NARROW = 64
"""Samples up to this width stand in two columns."""


def neighbours(run: Run, options: Options, folder: Path) -> list[Path]:
    """The samples that come nearest, most suspect first, with their neighbours in both spaces; the
    distributions of the distances; the figures as JSON. See `gan_jax.metrics.memorisation`."""
    subject.pictures_only(run, "neighbours")
    dataset = subject.dataset(run, "neighbours")
    survey = measures.survey(run.config.data, dataset)
    if not survey.has_bounds:
        raise NotForThisRun(
            f"neighbours takes its bounds from distinct real images, and {survey.distinct} are too "
            f"few; it needs {memorisation.FEWEST_IMAGES} that differ enough."
        )
    samples = subject.images(run, subject.numbered(run, options, range(options.num_samples)))
    compared = memorisation.compare(survey, samples)
    figures = memorisation.figures(survey, compared)
    paths = [folder / name for name in ("neighbours.png", "neighbours_distances.png")]
    said = memorisation.sentence(figures, len(samples))
    note = subject.note(run, f"Latents of seed {options.seed}", _legend(survey, dataset))
    sheet = panels.sheet(_panels(samples, dataset, compared), said, note)
    pictures.write_png(paths[0], sheet)
    write_distances(paths[1], survey, compared, said)
    paths.append(folder / layout.NEIGHBOURS)
    report = memorisation.report(run.step, figures, len(samples))
    write_whole(paths[2], to_json(report, indent=2).encode())
    return paths


def _legend(survey: Survey, dataset: Dataset) -> str:
    count, taken = len(dataset.train.x), len(survey.numbers)
    among = f"{taken:,} of the {count:,}" if taken < count else f"the {count:,}"
    return (
        f"Samples by their numbers, most suspect first, with the nearest of {among} training "
        "images by features and by pixels, with the distances: 0 is the same picture, 1.41 an "
        "unrelated one"
    )


def _panels(samples: np.ndarray, dataset: Dataset, compared: dict[str, Comparison]) -> list[Panel]:
    features = compared["features"]
    order = np.lexsort((features.nearness.ratio, ~features.nearer))[:SHOWN]
    sides = np.array_split(order, 2 if samples.shape[2] <= NARROW and len(order) > 1 else 1)
    columns = ["sample", *(name if at == 1 else "" for name in compared for at in range(NEAREST))]
    return [_side(samples, dataset, compared, side, columns) for side in sides]


def _side(
    samples: np.ndarray,
    dataset: Dataset,
    compared: dict[str, Comparison],
    side: np.ndarray,
    columns: list[str],
) -> Panel:
    rows, captions = [], []
    for number in side:
        row, marks = [samples[number]], ["nearer" if compared["features"].nearer[number] else ""]
        for space in compared.values():
            nearest = space.neighbours.numbers[number, :NEAREST]
            row += list(dataset.train.x[nearest])
            marks += [f"{d:.2f}" for d in space.neighbours.distances[number, :NEAREST]]
        rows.append(np.stack(row))
        captions += marks
    return Panel(np.stack(rows), rows=[str(n) for n in side], columns=columns, captions=captions)


def write_distances(
    path: Path, survey: Survey, compared: dict[str, Comparison], title: str
) -> None:
    """Histograms of the distance to the nearest training image, of samples and of real images.

    The samples that the share counts are filled: they pass the bound of the ratio too.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(textwrap.fill(title, 120), x=0.01, ha="left", fontsize=11)
    kind = "test images" if survey.held_out else "training images, each by the others"
    axes = figure.subplots(1, len(compared), sharey=True)
    for axis, (name, space) in zip(axes, survey.spaces.items(), strict=True):
        real, samples = space.real.distance, compared[name].nearness.distance
        edges = np.linspace(0, max(real.max(), samples.max()) * 1.02, 41)
        blue, orange = pictures.COLOURS[:2]
        shares, counted = _shares(samples), compared[name].nearer
        axis.hist(real, edges, weights=_shares(real), color=blue, alpha=0.5, label=kind)
        axis.hist(
            samples[counted],
            edges,
            weights=shares[counted],
            color=orange,
            label="samples that pass both bounds",
        )
        axis.hist(
            samples,
            edges,
            weights=shares,
            color=orange,
            histtype="step",
            linewidth=2,
            label="samples",
        )
        axis.axvline(
            space.bounds.distance,
            color="black",
            linewidth=1,
            linestyle="--",
            label="5 % of real images are nearer",
        )
        axis.set_title(name, loc="left", fontsize=10)
        axis.set_xlabel("distance to the nearest training image")
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("share")
    axes[0].legend(frameon=False, fontsize=9, loc="upper left")
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=110)
    write_whole(path, content.getvalue())


def _shares(values: np.ndarray) -> np.ndarray:
    return np.full(len(values), 1 / len(values))
