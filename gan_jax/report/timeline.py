"""The samples of the fixed latents over training, which a slider moves through."""

from pathlib import Path
from typing import Any

from gan_jax.report import translations
from gan_jax.report.document import figure, text
from gan_jax.report.embed import Album, Embedded, bytes_of, read, spread
from gan_jax.report.records import Record, snapshots
from gan_jax.system import layout

MOST_SNAPSHOTS, FEWEST_SNAPSHOTS = 40, 8
MOST_BYTES, BYTES_OF_REALS = 4_000_000, 1_000_000
"""Of data URIs, so that the page stays under 15 MB; the last snapshot is there twice."""
SIDE = 512
"""Pixels of the grids where fewer than the fewest snapshots would fit whole."""
CAPTIONS = {"averaged": "Averaged weights", "raw": "Raw weights"}


def timeline(record: Record) -> tuple[str, list[dict[str, Any]]]:
    """HTML of the last snapshot next to training images, and all snapshots for timeline.js."""
    folders = {"averaged": layout.SAMPLES, "raw": layout.RAW_SAMPLES}
    kinds = {name: snapshots(record.folder, folder) for name, folder in folders.items()}
    found = {
        step: {name: paths[step] for name, paths in kinds.items() if step in paths}
        for step in kinds["averaged"]
    }
    ends = [list(found[step].values()) for step in spread(list(found), 2)]
    whole = _affordable(ends) >= min(FEWEST_SNAPSHOTS, len(found))
    side = 0 if whole else SIDE
    album = Album(MOST_BYTES)
    shots: dict[int, dict[str, Embedded]] = {}
    for step in reversed(spread(list(found), max(2, _affordable(ends, side)))):
        if grids := album.together(list(found[step].values()), side):
            shots[step] = dict(zip(found[step], grids, strict=True))
    if not shots:
        return "", []
    last, steps = shots[max(shots)], sorted(shots)
    captions = CAPTIONS if len(last) > 1 else {"averaged": "Samples"}
    figures = [figure(grid, captions[name], name=name) for name, grid in last.items()]
    album, path = Album(BYTES_OF_REALS), record.folder / layout.REALS
    if reals := album.embed(path, side) or album.embed(path, SIDE):
        figures.append(figure(reals, "Training images"))
    sentence = translations.sentence(record) or "The same latents at every step."
    if len(shots) < len(found):
        sentence += f" {len(shots)} of {len(found)} snapshots are in this page."
    if any(grid.reduced for grid in last.values()):
        sentence += f" Grids are compressed, to at most {SIDE} pixels; samples/ has them whole."
    widest = max(grid.native for grid in last.values())
    html = (
        f'<p class="lead">{sentence}</p>{slider(steps)}'
        f'<div class="grids" style="--native:{widest}px">{"".join(figures)}</div>'
    )
    return html, [
        {"step": step, **{name: grid.uri for name, grid in shots[step].items()}} for step in steps
    ]


def slider(steps: list[int]) -> str:
    """The control of the timeline; timeline.js brings it to life."""
    last = f"step {text(steps[-1])}"
    disabled = "disabled" if len(steps) == 1 else ""
    return (
        f'<div class="timeline"><button type="button" id="play" aria-label="Play" {disabled}>'
        '<svg viewBox="0 0 16 16" aria-hidden="true"><path class="go" d="M4 2.5v11l9-5.5z"/>'
        '<path class="pause" d="M4 3h3v10H4zM9 3h3v10H9z"/></svg></button>'
        f'<input type="range" id="when" min="0" max="{len(steps) - 1}" value="{len(steps) - 1}" '
        f'aria-label="Training step" aria-valuetext="{last}" {disabled}>'
        f'<output for="when" id="at">{last}</output></div>'
    )


def _affordable(ends: list[list[Path]], side: int = 0) -> int:
    """How many snapshots there is room for, by the sizes of the first and the last."""
    grids = ([grid for path in paths if (grid := read(path, side))] for paths in ends)
    largest = max((bytes_of(shot) for shot in grids), default=0)
    return min(MOST_SNAPSHOTS, MOST_BYTES // max(largest, 1))
