"""The scores of several runs, side by side only where they came about in the same way."""

from collections.abc import Mapping, Sequence

from gan_jax.evaluation import tables
from gan_jax.evaluation.protocol import Protocol, check_same
from gan_jax.evaluation.records import Record as Scored
from gan_jax.report import curves, scores
from gan_jax.report.curves import Panel
from gan_jax.report.document import paragraph, part, table
from gan_jax.report.records import Record


def section(runs: Mapping[str, Record]) -> tuple[str, list[Panel]]:
    """HTML of the scores that at least two of the runs, by name, have under the same protocol, and
    the panels in it, which are the first ones of the page."""
    found: dict[Protocol, dict[str, Sequence[Scored]]] = {}
    for name, run in runs.items():
        for protocol, records in scores.by_training(run.scores).items():
            if scores.samples(records):
                found.setdefault(protocol, {})[name] = records
    shared = {protocol: named for protocol, named in found.items() if len(named) > 1}
    if not shared:
        return "", []
    html = ""
    panels: list[Panel] = []
    for protocol, named in shared.items():
        html += part(protocol.name, paragraph(protocol.line()) + _table(named))
        panels += overlays(named)
    return curves.chooser(panels, smoothing=False) + html + paragraph(tables.CAPTION), panels


def overlays(named: Mapping[str, Sequence[Scored]]) -> list[Panel]:
    """A chart for each metric of one protocol, with a curve for each run by name."""
    check_same(record.protocol for records in named.values() for record in records)
    states = {name: scores.samples(records) for name, records in named.items()}
    metrics = tables.columns([record for records in states.values() for record in records])
    protocol = next(iter(states.values()))[0].protocol
    panels = []
    for metric in metrics:
        drawn = [
            curves.series(
                name,
                *curves.look(number),
                scores.curve(states[name], metric),
                scores.floor(records, metric),
            )
            for number, (name, records) in enumerate(named.items())
        ]
        panels.append(curves.panel(f"{metric} · {protocol.name} · {protocol.digest}", drawn))
    return [panel for panel in panels if panel["series"]]


def best_kd(run: Record) -> dict[str, str]:
    """The `kd` of the best state of a run, by a name that says how it came about; empty where there
    is none."""
    for protocol, records in scores.by_training(run.scores).items():
        if (found := scores.best(records)) and (kd := scores.score(found.record, "kd")):
            return {f"best {protocol.score('kd')} · {protocol.digest}": tables.shown(kd)}
    return {}


def _table(named: Mapping[str, Sequence[Scored]]) -> str:
    """The best state of each run or, where none is known to be, its last one."""
    chosen = []
    for records in named.values():
        found = scores.best(records)
        chosen.append(found.record if found else scores.samples(records)[-1])
    head, rows = tables.table(chosen)
    lines = [[f"{name}, {row[0]}", *row[1:]] for name, row in zip(named, rows, strict=True)]
    return table(head, lines, f"Scores, {chosen[0].protocol.name}")
