"""The answers of a study as plots, PNG files as bytes; equal answers give equal bytes."""

import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

from gan_jax.run.curves import LINES
from gan_jax.run.pictures import COLOURS
from gan_jax.studies.answers.answer import Answer
from gan_jax.studies.answers.sensitivity import is_number
from gan_jax.studies.rows import Row
from gan_jax.system.names import printable

MOST_LETTERS = 30
"""Of a name."""
MOST_FIELDS = 12
DECADES = 100.0
"""A field whose values span so much has a logarithmic axis."""


def of_answer(answer: Answer, rows: Sequence[Row]) -> dict[str, bytes]:
    """Every plot of a study that has points, by its title."""
    found = {
        "Scores of every seed": scores(answer) if answer.final else b"",
        "Expected best of k settings": expected_best(answer),
        "Scores by settings": sensitivity(answer, rows),
    }
    return {title: content for title, content in found.items() if content}


def scores(answer: Answer) -> bytes:
    """A point for each seed of each arm, the mean with its interval, failed ones as crosses."""
    figure = _figure(1.6 + 0.9 * len(answer.final), 3.4)
    axes = figure.subplots()
    summaries = answer.summaries[answer.question.metric]
    for place, (arm, costs) in enumerate(answer.final.items()):
        colour, found = COLOURS[place % len(COLOURS)], summaries[arm]
        across = [place + 0.3 * (i + 0.5) / len(costs) - 0.15 for i in range(len(costs))]
        _points(axes, across, [answer.sign * cost for cost in costs.values()], colour)
        if not math.isnan(found.low):
            ends = [[found.mean - found.low], [found.high - found.mean]]
            axes.errorbar(place + 0.3, found.mean, ends, fmt="_", color="black", capsize=3)
    axes.set_xlim(-0.6, len(answer.final) - 0.4)
    axes.set_xticks(range(len(answer.final)))
    axes.set_xticklabels(map(_name, answer.final), rotation=30, ha="right", parse_math=False)
    axes.set_ylabel(_name(answer.question.metric), parse_math=False)
    axes.grid(axis="y", alpha=0.3)
    return _png(figure)


def expected_best(answer: Answer) -> bytes:
    """The expected best of k settings of each arm, with its band; empty for one setting each."""
    budgets = {arm: budget for arm, budget in answer.budgets.items() if len(budget.expected) > 1}
    if not budgets:
        return b""
    figure = _figure(6.4, 3.6)
    axes = figure.subplots()
    for number, (arm, budget) in enumerate(budgets.items()):
        colour, line = COLOURS[number % len(COLOURS)], LINES[number // len(COLOURS) % len(LINES)]
        middle, low, high = ([_finite(answer.sign * v) for v in values] for values in budget)
        counts = range(1, len(middle) + 1)
        axes.plot(
            counts,
            middle,
            color=colour,
            linestyle=line,
            marker="o",
            markersize=3,
            label=f" {_name(arm)}",
        )
        axes.fill_between(counts, low, high, color=colour, alpha=0.12, linewidth=0)
    axes.set_xlabel("settings tried, k")
    axes.set_ylabel(f"expected best {_name(answer.question.metric)}", parse_math=False)
    axes.grid(alpha=0.3)
    _legend(axes)
    return _png(figure)


def sensitivity(answer: Answer, rows: Sequence[Row]) -> bytes:
    """The score of every setting over each field that varies; empty where none does."""
    values = {(row.arm, row.setting): row.values for row in rows}
    found = [each.field for arm in answer.sensitivities.values() for each in arm]
    fields = list(dict.fromkeys(found))[:MOST_FIELDS]
    if not fields:
        return b""
    across = min(3, len(fields))
    down = -(-len(fields) // across)
    figure = _figure(3.4 * across, 2.6 * down + 0.6)
    places = figure.subplots(down, across, squeeze=False).ravel()
    for axes in places[len(fields) :]:
        axes.set_axis_off()
    for axes, field in zip(places, fields, strict=False):
        points = {
            arm: [
                (values[arm, name][field], answer.sign * cost)
                for name, cost in costs.items()
                if field in values[arm, name]
            ]
            for arm, costs in answer.searched.items()
        }
        _scatter(axes, field, points)
    _legend(places[0])
    return _png(figure)


def _scatter(axes: Any, field: str, points: Mapping[str, Sequence[tuple[Any, float]]]) -> None:
    """Points of (value of a field, score) by arm."""
    known = [value for found in points.values() for value, _ in found]
    numbers = all(map(is_number, known))
    names = list(dict.fromkeys(map(str, known)))
    for number, (arm, found) in enumerate(points.items()):
        x = [value if numbers else names.index(str(value)) for value, _ in found]
        y = [score for _, score in found]
        _points(
            axes, x, y, COLOURS[number % len(COLOURS)], f" {_name(arm)}", "osD^"[number // 6 % 4]
        )
    if not numbers:
        axes.set_xticks(range(len(names)))
        axes.set_xticklabels(map(_name, names), parse_math=False)
    elif min(known) > 0 and max(known) / min(known) >= DECADES:
        axes.set_xscale("log")
    axes.set_title(_name(field), loc="left", fontsize=10, parse_math=False)
    axes.grid(alpha=0.3)


def _points(
    axes: Any,
    x: Sequence[float],
    y: Sequence[float],
    colour: str,
    label: str = "",
    marker: str = "o",
) -> None:
    """Points; those that are not finite as crosses at the upper end of the axes."""
    finite = [(a, b) for a, b in zip(x, y, strict=True) if math.isfinite(b)]
    failed = [a for a, b in zip(x, y, strict=True) if not math.isfinite(b)]
    axes.plot(
        *(zip(*finite, strict=True) if finite else ([], [])),
        marker,
        color=colour,
        markersize=4,
        alpha=0.75,
        label=label,
    )
    axes.plot(failed, [0.97] * len(failed), "x", color=colour, transform=axes.get_xaxis_transform())


def _figure(width: float, height: float) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(min(width, 16.0), height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _legend(axes: Any) -> None:
    for text in axes.legend(frameon=False, fontsize=8).get_texts():
        text.set_parse_math(False)


def _png(figure: Any) -> bytes:
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=110, metadata={"Software": None})
    return content.getvalue()


def _name(name: str) -> str:
    text = printable(name)
    return text if len(text) <= MOST_LETTERS else f"{text[: MOST_LETTERS - 1]}…"


def _finite(value: float) -> float:
    return value if math.isfinite(value) else math.nan
