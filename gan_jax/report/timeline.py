"""The samples of the fixed latents over training, which a slider moves through."""

from pathlib import Path
from typing import Any

from gan_jax.report.document import figure, text
from gan_jax.report.embed import Album, spread
from gan_jax.report.records import Record, snapshots

MOST_SNAPSHOTS = 40
MOST_BYTES = 6_000_000
"""Of data URIs, so that the page stays well under 15 MB."""
CAPTIONS = {"averaged": "Averaged weights", "raw": "Raw weights"}


def timeline(record: Record) -> tuple[str, list[dict[str, Any]]]:
    """HTML that shows the last snapshot beside training images, and all of them for timeline.js."""
    averaged, raw = snapshots(record.folder), snapshots(record.folder, "samples_raw")
    album, shots = Album(MOST_BYTES), []
    for step in spread(list(averaged), _affordable(list(averaged.values()))):
        found = {"averaged": averaged[step], "raw": raw.get(step)}
        grids = {name: album.embed(path) for name, path in found.items() if path}
        if all(grids.values()):
            shots.append((step, grids))
    if not shots:
        return "", []
    last = {name: grid for name, grid in shots[-1][1].items() if grid}
    captions = CAPTIONS if len(last) > 1 else {"averaged": "Samples"}
    figures = [figure(grid, captions[name], name=name) for name, grid in last.items()]
    if reals := Album(MOST_BYTES).embed(record.folder / "reals.png"):
        figures.append(figure(reals, "Training images"))
    sentence = "The same latents at every step."
    if len(shots) < len(averaged):
        sentence += f" {len(shots)} of {len(averaged)} snapshots are in this page."
    widest = max(grid.native for grid in last.values())
    html = (
        f'<p class="lead">{sentence}</p>{slider([step for step, _ in shots])}'
        f'<div class="grids" style="--native:{widest}px">{"".join(figures)}</div>'
    )
    return html, [
        {"step": step, **{name: grid.uri for name, grid in grids.items() if grid}}
        for step, grids in shots
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


def _affordable(paths: list[Path]) -> int:
    """How many snapshots, averaged and raw, there is room for by the sizes of both ends."""
    ends = [Album(MOST_BYTES).embed(path) for path in (*paths[:1], *paths[-1:])]
    largest = max((len(grid.uri) for grid in ends if grid), default=1)
    return max(2, min(MOST_SNAPSHOTS, MOST_BYTES // (2 * largest)))
