"""Scores as tables and plots, each under the protocol that all of its numbers have."""

import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gan_jax.evaluation.protocol import check_same
from gan_jax.evaluation.records import FLOOR, SAMPLES, Record
from gan_jax.metrics.scores import Score
from gan_jax.system import disk, layout

CAPTION = (
    "fd, fd_infinity, kd (times 1,000), mind, kl: lower is better; precision, recall, density, "
    "coverage, class_score, modes, agreement: higher is better; one_nn: 0.5 is best; authenticity: "
    "0 for copies, for new images about that of the test images; copying: far below 0 for copies, "
    "where fd and kd are near their floor. Behind ± is the standard error of one evaluation. The "
    "floor is one half of the real images against the other, at half the counts."
)
RESAMPLES = 10_000
"""Of a bootstrap over seeds."""


def columns(records: Sequence[Record]) -> list[str]:
    """The metrics of some records, in their order."""
    return list(dict.fromkeys(name for record in records for name in record.scores))


def table(records: Sequence[Record]) -> tuple[list[str], list[list[str]]]:
    """The head and the rows of a table of records. Raises `UserError` where they are of several
    protocols."""
    check_same(record.protocol for record in records)
    names = columns(records)
    rows = [[_title(record), *(shown(record.scores.get(n)) for n in names)] for record in records]
    return ["", *names], rows


def _title(record: Record) -> str:
    return f"step {record.step:,}" if record.of == SAMPLES and record.step else record.of


def shown(score: Score | None) -> str:
    """A score as text; empty where there is none."""
    if score is None or math.isnan(score.value):
        return ""
    error = f" ± {score.error:.2g}" if score.error is not None else ""
    return f"{score.value:.4g}{error}"


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def write(folder: Path, records: Sequence[Record]) -> Path:
    """Writes the table of a protocol's records beside them, and where they are of several steps a
    plot; returns the folder."""
    protocol = records[0].protocol
    place = disk.folder(folder, layout.EVALUATION, protocol.folder)
    parts = [protocol.line(), markdown(*table(records)), *notes_of(records[0]), CAPTION]
    disk.write_whole(place / layout.SCORES_TABLE, ("\n\n".join(parts) + "\n").encode())
    samples = [record for record in records if record.of == SAMPLES]
    if len(samples) > 1:
        floor = next((record for record in records if record.of == FLOOR), None)
        disk.write_whole(place / layout.SCORES_PLOT, plot(samples, floor))
    return place


def notes_of(record: Record) -> list[str]:
    """What a reader of a record's scores must know, in sentences."""
    facts = record.facts
    known = [facts["note"]] if isinstance(facts.get("note"), str) else []
    if isinstance(facts.get("classifier"), str):
        known.append(f"The classifier: {facts['classifier']}.")
    return known


def plot(records: Sequence[Record], floor: Record | None) -> bytes:
    """The scores of a run's states over their steps, with their errors and the floor, as a PNG.

    Raises `UserError` where they are of several protocols.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    check_same(record.protocol for record in records)
    names = columns(records)
    across = min(4, len(names))
    down = -(-len(names) // across)
    figure = Figure(figsize=(3.4 * across, 2.4 * down + 0.5), layout="constrained")
    FigureCanvasAgg(figure)
    places = figure.subplots(down, across, squeeze=False).ravel()
    for axes in places[len(names) :]:
        axes.set_axis_off()
    for axes, name in zip(places, names, strict=False):
        known = [(r.step, r.scores[name]) for r in records if name in r.scores]
        errors = [score.error or 0.0 for _, score in known]
        values = [score.value for _, score in known]
        axes.errorbar([s for s, _ in known], values, errors, marker="o", markersize=3, linewidth=1)
        if floor and name in floor.scores:
            axes.axhline(floor.scores[name].value, color="gray", linestyle="--", linewidth=0.8)
        axes.set_title(name, loc="left", fontsize=10)
        axes.grid(alpha=0.3)
    figure.suptitle(records[0].protocol.name, fontsize=9)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=110, metadata={"Software": None})
    return content.getvalue()


class Summary(NamedTuple):
    """A score over the seeds of one recipe."""

    mean: float
    deviation: float  # over seeds, n - 1; nan for one
    low: float
    high: float  # the 95 % interval of the mean, by bootstrap over seeds; nan for one
    seeds: int

    def __str__(self) -> str:
        if self.seeds < 2:
            return f"{self.mean:.4g}"
        return f"{self.mean:.4g} ± {self.deviation:.2g} [{self.low:.4g}, {self.high:.4g}]"


def summary(values: Sequence[float]) -> Summary:
    """The mean of a score over seeds, its deviation and its 95 % interval."""
    x = np.asarray(values, np.float64)
    if len(x) < 2:
        return Summary(float(x.mean()), math.nan, math.nan, math.nan, len(x))
    drawn = np.random.default_rng(0).integers(0, len(x), (RESAMPLES, len(x)))
    low, high = np.quantile(x[drawn].mean(axis=1), (0.025, 0.975))
    return Summary(float(x.mean()), float(x.std(ddof=1)), float(low), float(high), len(x))


def over_seeds(runs: Sequence[tuple[str, Sequence[Record]]]) -> tuple[list[str], list[list[Any]]]:
    """A table of runs by the name of their recipe: each score of a step over the seeds.

    Raises `UserError` where the scores are of several protocols.
    """
    samples = [(name, r) for name, records in runs for r in records if r.of == SAMPLES]
    check_same(record.protocol for _, record in samples)
    names = columns([record for _, record in samples])
    groups: dict[tuple[str, int], list[Record]] = {}
    for name, record in samples:
        groups.setdefault((name, record.step), []).append(record)
    rows = []
    for (name, step), records in groups.items():
        found = [[r.scores[n].value for r in records if n in r.scores] for n in names]
        scores = [str(summary(values)) if values else "" for values in found]
        rows.append([name, f"{step:,}", str(len(records)), *scores])
    return ["recipe", "step", "seeds", *names], rows
