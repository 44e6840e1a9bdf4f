"""The scores of a run by protocol: the best step, a table, charts and what a reader must know."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from gan_jax.evaluation import tables
from gan_jax.evaluation.protocol import check_same
from gan_jax.evaluation.records import FLOOR, SAMPLES
from gan_jax.evaluation.records import Record as Scored
from gan_jax.metrics.memorisation import SMALL_DATA
from gan_jax.metrics.scores import Score
from gan_jax.report import curves, pictures
from gan_jax.report.curves import Panel
from gan_jax.report.document import more, notice, paragraph, part, table
from gan_jax.report.embed import Album, spread
from gan_jax.report.records import Record, Scores
from gan_jax.system import layout

ON_ONE_AXIS = (
    ("fd", "fd_infinity"),
    ("precision", "recall"),
    ("density", "coverage"),
    ("prd_precision", "prd_recall"),
)
FIRST_CHARTS = 4
"""Of a protocol; the others are shown on demand."""
FEW_STEPS, MOST_STEPS = 6, 200
"""So few are in one table; of more there the best and the last one, and all on demand."""
MOST_POINTS = 400
"""Of a curve."""


class Best(NamedTuple):
    """The best state of a run under one protocol."""

    record: Scored
    looks: int  # of how many it is the best
    apart: bool  # whether other samples and images chose it than those that its scores are of


def section(record: Record, album: Album) -> tuple[str, list[Panel]]:
    """HTML of a run's scores, and the panels in it, which are the first ones of the page."""
    if not record.scores:
        return "", []
    scores = by_training(record.scores)
    places = (record.folder / layout.EVALUATION).glob(f"*/{layout.REALISM}")
    found = {path.parent.name: path for path in places}
    sheets = {p: found[p.folder] for p in scores if p.folder in found}
    embedded = album.embed_all(sheets.values(), pictures.SIDE)
    html = ""
    panels: list[Panel] = []
    for protocol, records in scores.items():
        drawn = _panels(records)
        html += part(protocol.name, paragraph(protocol.line()))
        html += _chosen(records) + _table(records) + _charts(drawn, len(panels))
        html += "".join(map(paragraph, tables.notes_of(records[0])))
        if sheet := sheets.get(protocol):
            titles = {sheet: "Samples by realism, best first"}
            html += pictures.grids(record, sheet.parent, titles, embedded)
        panels += drawn
    controls = curves.controls(smoothing=False) if panels else ""
    return _warnings(record) + controls + html + paragraph(tables.CAPTION), panels


def by_training(scores: Scores) -> Scores:
    """Scores with those that a run made while it trained before all others."""
    trained = {p: any(_choice(r) is not None for r in records) for p, records in scores.items()}
    return dict(sorted(scores.items(), key=lambda item: not trained[item[0]]))


def samples(records: Sequence[Scored]) -> list[Scored]:
    """The records of a run's states."""
    return [record for record in records if record.of == SAMPLES]


def best(records: Sequence[Scored]) -> Best | None:
    """The state with the lowest of the numbers that choose while a run trains or, where there are
    none, with the lowest `kd`; the first of equal ones. None where there is neither."""
    check_same(record.protocol for record in records)
    states = samples(records)
    chosen = [(value, r) for r in states if (value := _choice(r)) is not None]
    found = chosen or [(kd.value, r) for r in states if (kd := score(r, "kd"))]
    if not found:
        return None
    return Best(min(found, key=lambda pair: pair[0])[1], len(found), bool(chosen))


def score(record: Scored, metric: str) -> Score | None:
    """A score, where it is finite; an error that is not is none."""
    value, error = record.scores.get(metric, Score(math.nan))
    if not math.isfinite(value):
        return None
    ends_known = error is not None and math.isfinite(value - error) and math.isfinite(value + error)
    return Score(value, error if ends_known else None)


def curve(records: Sequence[Scored], metric: str) -> list[tuple[float, ...]]:
    """(step, value) of states or, where the error is known, (step, value, error)."""
    known = [(record.step, found) for record in records if (found := score(record, metric))]
    points = [(step, *(_rounded(v) for v in found if v is not None)) for step, found in known]
    return spread(points, MOST_POINTS)


def floor(records: Sequence[Scored], metric: str) -> float | None:
    """The score of real images, where it is known."""
    known = [score(record, metric) for record in records if record.of == FLOOR]
    return next((_rounded(found.value) for found in known if found), None)


def _panels(records: Sequence[Scored]) -> list[Panel]:
    """The charts of one protocol over the steps; none where there is one step alone."""
    check_same(record.protocol for record in records)
    states = samples(records)
    if len(states) < 2:
        return []
    names = tables.columns(states)
    pairs = {name: pair for pair in ON_ONE_AXIS for name in pair}
    groups = dict.fromkeys(pairs.get(name, (name,)) for name in names)
    panels = []
    for group in groups:
        shown = [name for name in group if name in names]
        drawn = [
            curves.series(name, *curves.look(i), curve(states, name), floor(records, name))
            for i, name in enumerate(shown)
        ]
        panels.append(curves.panel(", ".join(shown), drawn))
    return [panel for panel in panels if panel["series"]]


def _charts(panels: Sequence[Panel], first: int) -> str:
    places = [curves.place(panel, number) for number, panel in enumerate(panels, first)]
    seen, rest = places[:FIRST_CHARTS], places[FIRST_CHARTS:]
    return (curves.grid(seen) if seen else "") + (more("More", curves.grid(rest)) if rest else "")


def _table(records: Sequence[Scored]) -> str:
    """The states and the real images beside them."""
    head, rows = tables.table(records)
    states, chosen = samples(records), best(records)
    lines: dict[int, list[str]] = {}
    others = []
    for record, row in zip(records, rows, strict=True):
        if record.of != SAMPLES:
            others.append(row)
            continue
        if chosen and chosen.looks > 1 and record.step == chosen.record.step:
            row[0] += ", best"
        lines[record.step] = row
    label = f"Scores, {records[0].protocol.name}"
    if len(states) <= FEW_STEPS:
        return table(head, [*lines.values(), *others], label)
    kept = dict.fromkeys(([chosen.record.step] if chosen else []) + [states[-1].step])
    shown = table(head, [*(lines[step] for step in kept), *others], label)
    all_steps = table(head, spread(list(lines.values()), MOST_STEPS), f"{label}, every step")
    return shown + more(f"All {len(lines):,} steps", all_steps)


def _chosen(records: Sequence[Scored]) -> str:
    """Which step is the best, and what that is worth."""
    found = best(records)
    if found is None or found.looks < 2:
        return ""
    step, looks = f"{found.record.step:,}", f"{found.looks:,}"
    if found.apart:
        return paragraph(
            f"The best step is {step}: its kernel distance is the lowest of {looks} looks, chosen "
            "on other samples and other real images than those that report it here."
        )
    return paragraph(
        f"The best step is {step}: its kd is the lowest of {looks} steps. The same samples chose "
        "and report it, which makes that kd a little low."
    )


def _warnings(record: Record) -> str:
    """What the scores do not show: copies of few images, and a collapse."""
    html = ""
    if record.collapses:
        first, *later = record.collapses
        again = f", and at {len(later):,} later steps" if later else ""
        html += notice(f"By its scores the generator had collapsed at step {first:,}{again}.")
    count = record.environment.get("data", {}).get("images", SMALL_DATA)
    if count >= SMALL_DATA:
        return html
    said = f"A generator that copies wins a Fréchet distance against few images, here {count:,}. "
    if record.memorised:
        step, share = record.memorised
        said += (
            f"At step {step:,}, {100 * share:.0f} % of the samples were nearer to a training image "
            "than real images are to each other; of new images at most 5 % are."
        )
    else:
        said += "Whether this one copies was not measured."
    return html + paragraph(said)


def _choice(record: Scored) -> float | None:
    """The number that chose the best state while a run trained, where it is one."""
    value = record.facts.get("choice")
    return value if isinstance(value, float) and math.isfinite(value) else None


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")
