"""Metrics as panels of curves: which belong together, and how many points a page can bear."""

import math
from collections.abc import Iterable
from typing import Any

from gan_jax.report.document import escape, part
from gan_jax.report.embed import spread
from gan_jax.run import curves
from gan_jax.run.pictures import COLOURS
from gan_jax.run.writers import Row
from gan_jax.system import layout
from gan_jax.system.names import natural

Points = list[tuple[int, float]]

MOST_POINTS = 2_000
"""Of a curve. More would not be seen, and make the page heavy."""
DASHES = ("", "7 4", "2 3", "7 3 2 3")
"""`curves.LINES` as SVG has them."""


def points(rows: list[Row], name: str, most: int = MOST_POINTS) -> Points:
    """(step, value) of the rows that have a finite value of a metric, thinned to `most`."""
    known = [(int(row["step"]), row[name]) for row in rows if name in row]
    finite = [(step, float(f"{value:.6g}")) for step, value in known if math.isfinite(value)]
    return spread(finite, most)


def panels(rows: list[Row]) -> list[dict[str, Any]]:
    """The charts of one run for chart.js, each with the name of the panel that it belongs to."""
    shown = []
    for group, charts in curves.groups(row_names(rows)).items():
        for title, names in charts.items():
            series = [
                _series(name, colour, line, points(rows, name))
                for name, (colour, line) in zip(names, curves.looks(names), strict=True)
            ]
            shown.append(_panel(title, series, group))
    return [panel for panel in shown if panel["series"]]


def overlays(runs: dict[str, list[Row]]) -> list[dict[str, Any]]:
    """A chart for each metric, with a curve for each run by name."""
    known = dict.fromkeys(name for rows in runs.values() for name in row_names(rows))
    grouped = curves.groups(known).values()
    shown = []
    for metric in (name for charts in grouped for names in charts.values() for name in names):
        series = [
            _series(run, COLOURS[i % len(COLOURS)], i // len(COLOURS), points(rows, metric, 400))
            for i, (run, rows) in enumerate(runs.items())
        ]
        shown.append(_panel(metric, series))
    return [panel for panel in shown if panel["series"]]


def _panel(title: str, series: list[dict[str, Any]], group: str = "") -> dict[str, Any]:
    drawn = [curve for curve in series if curve["points"]]
    return {"title": title, "group": group, "series": drawn}


def _series(name: str, colour: str, line: int, curve: Points) -> dict[str, Any]:
    return {"name": name, "colour": colour, "dash": DASHES[line % len(DASHES)], "points": curve}


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


def charts(panels: list[dict[str, Any]], more: str = "") -> str:
    """The places where chart.js draws the panels, and the controls they share."""
    if not panels:
        return ""
    places: dict[str, str] = {}
    for number, panel in enumerate(panels):
        place = f'<figure class="chart" data-panel="{number}">'
        place += f"<figcaption>{escape(panel['title'])}</figcaption></figure>"
        places[panel["group"]] = places.get(panel["group"], "") + place
    drawn = "".join(part(name, f'<div class="charts">{c}</div>') for name, c in places.items())
    return (
        f'<div class="controls">{more}<label>Smoothing <input type="range" id="smoothing" min="0" '
        'max="0.98" step="0.02" value="0"><output id="smoothed">0</output></label>'
        '<label><input type="checkbox" id="logarithmic"> Logarithmic</label></div>'
        f'<noscript><p class="notice">The curves need JavaScript; {layout.CURVES} shows those of '
        f"the training without.</p></noscript>{drawn}"
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
