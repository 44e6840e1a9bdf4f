"""Metrics as panels of curves: which belong together, and how many points a page can bear."""

import math
from collections.abc import Iterable
from typing import Any

from gan_jax.report.document import escape
from gan_jax.report.embed import spread
from gan_jax.run import pictures
from gan_jax.run.pictures import COLOURS
from gan_jax.run.writers import Row

Points = list[tuple[int, float]]

MOST_POINTS = 2_000
"""Of a curve. More would not be seen, and make the page heavy."""
PANELS = pictures.PANELS | {"memorisation": "memorisation"}
DASHES = ("", "7 4", "2 3", "7 3 2 3")
"""`pictures.LINES` as SVG has them."""


def points(rows: list[Row], name: str, most: int = MOST_POINTS) -> Points:
    """(step, value) of the rows that have a finite value of a metric, thinned to `most`."""
    known = [(int(row["step"]), row[name]) for row in rows if name in row]
    finite = [(step, float(f"{value:.6g}")) for step, value in known if math.isfinite(value)]
    return spread(finite, most)


def panels(rows: list[Row]) -> list[dict[str, Any]]:
    """The panels of one run for chart.js."""
    shown = []
    for title, names in groups(row_names(rows)).items():
        series = [
            _series(name, colour, line, points(rows, name))
            for name, (colour, line) in zip(names, pictures.looks(names), strict=True)
        ]
        shown.append(_panel(title[:1].upper() + title[1:], series))
    return [panel for panel in shown if panel["series"]]


def overlays(runs: dict[str, list[Row]]) -> list[dict[str, Any]]:
    """A panel for each metric, with a curve for each run by name."""
    names = dict.fromkeys(name for rows in runs.values() for name in row_names(rows))
    shown = []
    for metric in (name for group in groups(names).values() for name in group):
        series = [
            _series(run, COLOURS[i % len(COLOURS)], i // len(COLOURS), points(rows, metric, 400))
            for i, (run, rows) in enumerate(runs.items())
        ]
        shown.append(_panel(metric, series))
    return [panel for panel in shown if panel["series"]]


def _panel(title: str, series: list[dict[str, Any]]) -> dict[str, Any]:
    return {"title": title, "series": [part for part in series if part["points"]]}


def _series(name: str, colour: str, line: int, curve: Points) -> dict[str, Any]:
    return {"name": name, "colour": colour, "dash": DASHES[line % len(DASHES)], "points": curve}


def groups(names: Iterable[str]) -> dict[str, list[str]]:
    """The metrics of each panel by its title; one that is like no other has its own."""
    known = list(names)
    grouped = pictures.panels(known, PANELS)
    for name in in_no_panel(known):
        title = name.removeprefix("eval_").replace("_", " ")
        grouped.setdefault(title, []).append(name)
    return grouped


def in_no_panel(names: Iterable[str]) -> list[str]:
    """The metrics that are like no other."""
    known = list(names)
    shown = {name for part in pictures.panels(known, PANELS).values() for name in part}
    return [name for name in known if name not in shown]


def names_of_losses(names: Iterable[str]) -> list[str]:
    """The losses of the training; of a pyramid that has no mean ones, those of one level."""
    known = [name for name in names if not name.startswith("eval_")]
    return next(iter(pictures.panels(known, {"losses": PANELS["losses"]}).values()), [])


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


def charts(panels: list[dict[str, Any]], more: str = "") -> str:
    """The places where chart.js draws the panels, and the controls they share."""
    if not panels:
        return ""
    places = "".join(
        f'<figure class="chart" data-panel="{number}"><figcaption>{escape(panel["title"])}'
        "</figcaption></figure>"
        for number, panel in enumerate(panels)
    )
    return (
        f'<div class="controls">{more}<label>Smoothing <input type="range" id="smoothing" min="0" '
        'max="0.98" step="0.02" value="0"><output id="smoothed">0</output></label>'
        '<label><input type="checkbox" id="logarithmic"> Logarithmic</label></div>'
        '<noscript><p class="notice">The curves need JavaScript; losses.png shows them without.'
        "</p></noscript>"
        f'<div class="charts">{places}</div>'
    )


def chooser(panels: list[dict[str, Any]]) -> str:
    """One panel, and the list to choose it from."""
    if not panels:
        return ""
    options = "".join(
        f'<option value="{number}">{escape(panel["title"])}</option>'
        for number, panel in enumerate(panels)
    )
    select = f'<label>Metric <select id="metric">{options}</select></label>'
    return charts(panels[:1], select)
