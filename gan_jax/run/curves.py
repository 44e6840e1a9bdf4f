"""The metrics of a run as curves: which are drawn together, and all of them as one PNG file."""

import io
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gan_jax.run.pictures import COLOURS
from gan_jax.system.disk import write_whole
from gan_jax.system.names import natural

Groups = dict[str, dict[str, list[str]]]
"""Names of metrics by what is drawn on the same axes, and those by the first part of the names."""
LINES = ("-", "--", ":", "-.")


def groups(names: Iterable[str]) -> Groups:
    """The metrics by the first part of their paths, such as `d`, and then by what they measure.

    Real and fake of one quantity are drawn on the same axes, and so is what `eval/` measured of it.
    Groups that have losses stand before all others, losses before what else is in their group, and
    what has no path stands last.
    """
    found: Groups = {}
    for name in sorted(names, key=_rank):
        quantity = re.sub("_(real|fake)$", "", name.removeprefix("eval/"))
        group, _, rest = quantity.partition("/")
        found.setdefault(group if rest else "", {}).setdefault(quantity, []).append(name)
    return found


def is_loss(name: str) -> bool:
    """Whether a metric is a loss that is minimised, of the training or of the evaluation."""
    return name.split("/")[-1] == "loss"


def _rank(name: str) -> tuple:
    return not is_loss(name), "/" not in name, name.startswith("eval/"), natural(name)


def looks(names: list[str]) -> list[tuple[str, int]]:
    """The colour and the number of the line of each metric on the same axes.

    A metric of the evaluation has the colour of the training metric it goes with, and another line,
    and so have metrics beyond the sixth colour.
    """
    bases = list(dict.fromkeys(name.removeprefix("eval/") for name in names))
    found = []
    for name in names:
        base = name.removeprefix("eval/")
        turn, colour = divmod(bases.index(base), len(COLOURS))
        paired = name != base and base in names
        found.append((COLOURS[colour], (2 * turn + paired) % len(LINES)))
    return found


def write(path: Path, rows: list[dict[str, float]]) -> None:
    """The groups of a run that have losses, a line of axes each, over the steps."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    grouped = groups(dict.fromkeys(name for row in rows for name in row if name != "step"))
    shown = [group for group in grouped.values() if any(map(is_loss, group))]
    if not shown:
        return
    columns = max(map(len, shown))
    figure = Figure(figsize=(max(9, 4 * columns), 2.6 * len(shown)), layout="constrained")
    FigureCanvasAgg(figure)
    places = figure.subplots(len(shown), columns, squeeze=False)
    for line, group in zip(places, shown, strict=True):
        for axes in line[len(group) :]:
            axes.set_axis_off()
        for axes, (quantity, names) in zip(line, group.items(), strict=False):
            _draw(axes, quantity, {name: _points(rows, name) for name in names})
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=110)
    write_whole(path, content.getvalue())


def _points(rows: list[dict[str, float]], name: str) -> list[tuple[float, float]]:
    return [(row["step"], row[name]) for row in rows if name in row]


def _draw(axes: Any, title: str, curves: dict[str, list[tuple[float, float]]]) -> None:
    for (name, points), (colour, line) in zip(curves.items(), looks(list(curves)), strict=True):
        look = {"color": colour, "linestyle": LINES[line], "linewidth": 1.2}
        axes.plot(*zip(*points, strict=True), label=name, **look)
    axes.set_title(title, loc="left", fontsize=10)
    axes.grid(alpha=0.3)
    if len(curves) > 1:
        axes.legend(frameon=False, fontsize=8)
