"""Metrics as panels of curves: which belong together, and how many points a page can bear."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

from gan_jax.report.document import escape, part
from gan_jax.report.embed import spread
from gan_jax.run import curves
from gan_jax.run.pictures import COLOURS
from gan_jax.run.writers import Row
from gan_jax.system import layout
from gan_jax.system.names import natural

Points = list[tuple[int, float]]
Panel = dict[str, Any]
"""What chart.js draws on the same axes."""

MOST_POINTS = 2_000
"""Of a curve. More would not be seen, and make the page heavy."""
DASHES = ("", "7 4", "2 3", "7 3 2 3")
"""`curves.LINES` as SVG has them."""


def points(rows: list[Row], name: str, most: int = MOST_POINTS) -> Points:
    """(step, value) of the rows that have a finite value of a metric, thinned to `most`."""
    known = [(int(row["step"]), row[name]) for row in rows if name in row]
    finite = [(step, float(f"{value:.6g}")) for step, value in known if math.isfinite(value)]
    return spread(finite, most)


def panels(rows: list[Row]) -> list[Panel]:
    """The charts of one run for chart.js, each with the name of the panel that it belongs to."""
    shown = []
    for group, charts in curves.groups(row_names(rows)).items():
        for title, names in charts.items():
            drawn = [
                series(name, colour, line, points(rows, name))
                for name, (colour, line) in zip(names, curves.looks(names), strict=True)
            ]
            shown.append(panel(title, drawn, group))
    return [panel for panel in shown if panel["series"]]


def overlays(runs: dict[str, list[Row]]) -> list[Panel]:
    """A chart for each metric, with a curve for each run by name."""
    known = dict.fromkeys(name for rows in runs.values() for name in row_names(rows))
    grouped = curves.groups(known).values()
    shown = []
    for metric in (name for charts in grouped for names in charts.values() for name in names):
        drawn = [
            series(run, *look(number), points(rows, metric, 400))
            for number, (run, rows) in enumerate(runs.items())
        ]
        shown.append(panel(metric, drawn))
    return [panel for panel in shown if panel["series"]]


def panel(title: str, drawn: list[dict[str, Any]], group: str = "") -> Panel:
    """Those of some `series` that have points, on the same axes."""
    return {"title": title, "group": group, "series": [each for each in drawn if each["points"]]}


def series(
    name: str,
    colour: str,
    line: int,
    points: Sequence[tuple[float, ...]],
    floor: float | None = None,
) -> dict[str, Any]:
    """A curve of (step, value) or (step, value, standard error), and the height of its floor."""
    drawn = {"name": name, "colour": colour, "dash": DASHES[line % len(DASHES)], "points": points}
    return drawn if floor is None else {**drawn, "floor": floor}


def look(number: int) -> tuple[str, int]:
    """The colour and the number of the line of the curve with this number in a panel."""
    return COLOURS[number % len(COLOURS)], number // len(COLOURS)


def names_of_losses(names: Iterable[str]) -> list[str]:
    """The losses of the training; of a pyramid that has no mean ones, those of one level."""
    losses = [name for name in names if curves.is_loss(name) and not name.startswith("eval/")]
    levels = ["/".join(name.split("/")[:-2]) for name in losses]
    first = min(levels, key=natural, default="")
    return [name for name, level in zip(losses, levels, strict=True) if level == first]


def names_of_measures(names: Iterable[str]) -> list[str]:
    """What was measured of the samples: the metrics of panels without losses."""
    panels = (charts for group, charts in curves.groups(names).items() if group)
    measured = (charts for charts in panels if not any(map(curves.is_loss, charts)))
    return [name for charts in measured for names in charts.values() for name in names]


def row_names(rows: list[Row]) -> list[str]:
    """Every metric of some rows, in the order of first appearance."""
    return [name for name in dict.fromkeys(name for row in rows for name in row) if name != "step"]


def sparkline(curves: list[tuple[str, Points]], width: int = 240, height: int = 48) -> str:
    """Curves, each with its colour, as one small SVG without axes."""
    steps = [step for _, curve in curves for step, _ in curve]
    values = [value for _, curve in curves for _, value in curve]
    if len(set(steps)) < 2:
        return ""
    left, low = min(steps), min(values)
    across, up = max(steps) - left, max(values) - low or 1.0

    def path(curve: Points) -> str:
        places = (
            (1 + (width - 2) * (x - left) / across, 2 + (height - 4) * (1 - (y - low) / up))
            for x, y in curve
        )
        return "M" + " ".join(f"{x:.1f},{y:.1f}" for x, y in places)

    drawn = "".join(f'<path d="{path(curve)}" stroke="{c}"/>' for c, curve in curves if curve)
    return f'<svg class="spark" viewBox="0 0 {width} {height}" aria-hidden="true">{drawn}</svg>'


def losses(rows: list[Row]) -> list[tuple[str, Points]]:
    """The training losses as colours and curves, for a sparkline."""
    names = names_of_losses(row_names(rows))
    return [(colour, points(rows, name, 120)) for colour, name in zip(COLOURS, names, strict=False)]


def charts(panels: list[Panel], first: int = 0) -> str:
    """The places of panels by group, and the controls they share; `first` is the number of the
    first one in the page."""
    if not panels:
        return ""
    places: dict[str, list[str]] = {}
    for number, each in enumerate(panels, first):
        places.setdefault(each["group"], []).append(place(each, number))
    drawn = "".join(part(name, grid(found)) for name, found in places.items())
    return controls(smoothing=True) + drawn


def chooser(panels: list[Panel], first: int = 0, smoothing: bool = True) -> str:
    """One panel, and the list to choose it from."""
    if not panels:
        return ""
    options = "".join(
        f'<option value="{number}">{escape(each["title"])}</option>'
        for number, each in enumerate(panels, first)
    )
    select = f'<label>Metric <select name="metric">{options}</select></label>'
    return controls(smoothing, select) + grid([place(panels[0], first)])


def place(panel: Panel, number: int) -> str:
    """Where chart.js draws the panel with this number in the page."""
    title = f"<figcaption>{escape(panel['title'])}</figcaption>"
    return f'<figure class="chart" data-panel="{number}">{title}</figure>'


def grid(places: Sequence[str]) -> str:
    """Places side by side."""
    return f'<div class="charts">{"".join(places)}</div>'


def controls(smoothing: bool, more: str = "") -> str:
    """What the charts of a section share."""
    smoother = (
        '<label>Smoothing <input type="range" name="smoothing" min="0" max="0.98" step="0.02" '
        'value="0"><output>0</output></label>'
    )
    return (
        f'<div class="controls">{more}{smoother if smoothing else ""}'
        '<label><input type="checkbox" name="logarithmic"> Logarithmic</label></div>'
        f'<noscript><p class="notice">The charts need JavaScript; {layout.CURVES} shows the losses '
        "of the training without.</p></noscript>"
    )
