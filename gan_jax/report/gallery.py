"""The page of several runs side by side: a folder of runs, or the seeds of one."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from gan_jax.report import curves, details, scored_runs
from gan_jax.report.document import (
    card,
    contents,
    document,
    header,
    image,
    part,
    section,
    table,
    text,
)
from gan_jax.report.embed import Album
from gan_jax.report.records import Record, read, snapshots
from gan_jax.report.run_page import progress
from gan_jax.system import layout
from gan_jax.system.names import printable

MOST_BYTES, THUMBNAIL = 8_000_000, 320
MOST_FIGURES = 4
"""Of a run in its card, beside its best kd."""


def page(folder: Path, runs: list[Record]) -> str:
    """The gallery of `runs`, which lie below `folder`."""
    names = [printable(run.folder.relative_to(folder)) for run in runs]
    whole = read(folder) if (folder / layout.CONFIG).is_file() else None
    named = dict(zip(names, runs, strict=True))
    scored, charts = scored_runs.section(named)
    panels = curves.overlays({name: run.rows for name, run in named.items()})
    parts = {
        "Runs": cards(folder, runs),
        "Scores": scored,
        "Curves": curves.chooser(panels, first=len(charts)),
        "Side by side": side_by_side(names, runs),
    }
    if whole:
        parts |= {
            "Commands": details.commands(whole, seed=runs[0].folder),
            "Config": details.config(whole.config),
            "Environment": details.environment(whole.environment),
        }
    parts = {title: content for title, content in parts.items() if content}
    name = folder.resolve().name
    title = whole.experiment if whole else name
    body = header(
        "Several seeds or settings" if whole else "Gallery",
        title,
        name if whole else str(folder),
        {"runs": text(len(runs))},
        contents(parts),
    )
    body += "".join(section(*part) for part in parts.items())
    return document(f"{title} · gallery", body, {"panels": charts + panels})


def cards(folder: Path, runs: list[Record]) -> str:
    """The last grid, the losses and the key figures of each run, which link to its report."""
    album, html = Album(MOST_BYTES), ""
    parents = dict.fromkeys(run.folder.parent for run in runs)
    for parent in sorted(parents, key=lambda parent: parent != folder):
        place = "" if parent == folder else parent.relative_to(folder).as_posix()
        shown = ""
        for run in (run for run in runs if run.folder.parent == parent):
            grids = list(snapshots(run.folder).values())
            grid = album.embed(grids[-1], THUMBNAIL) if grids else None
            shown += card(
                quote(os.fsencode(run.folder.relative_to(folder) / layout.REPORT)),
                run.folder.name,
                ", ".join(filter(None, (run.experiment, f"{progress(run)} steps", run.state))),
                image(grid, f"Samples of {run.folder.name}") if grid else "",
                curves.sparkline(curves.losses(run.rows)),
                key_figures(run),
            )
        html += part(place, f'<ul class="cards">{shown}</ul>')
    return html


def key_figures(run: Record) -> dict[str, str]:
    """The kd of its best state, the last losses and what was measured of the samples, by name."""
    last = run.last()
    shown = (curves.names_of_losses(last) + curves.names_of_measures(last))[:MOST_FIGURES]
    return scored_runs.best_kd(run) | {name.replace("_", " "): text(last[name]) for name in shown}


def side_by_side(names: list[str], runs: list[Record]) -> str:
    """The last value of each metric, and the settings in which the runs differ."""
    lasts = [{"step": run.step, **run.last()} for run in runs]
    fields = dict.fromkeys(field for run in runs for field in run.config)
    differ = [f for f in fields if any(run.config.get(f) != runs[0].config.get(f) for run in runs)]
    settings = [
        {field: run.config[field] for field in differ if field in run.config} for run in runs
    ]
    return _compared("Last values", names, lasts) + _compared(
        "Settings that differ", names, settings
    )


def _compared(title: str, names: list[str], values: list[dict[str, Any]]) -> str:
    rows = dict.fromkeys(row for run in values for row in run)
    cells = [[row, *(text(run[row]) if row in run else "" for run in values)] for row in rows]
    return part(title, table(("", *names), cells, title)) if cells else ""
