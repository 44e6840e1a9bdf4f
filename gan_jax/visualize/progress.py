"""The training from its beginning: snapshots of the fixed samples, all of them as a GIF, curves."""

import io
from pathlib import Path

import numpy as np

from gan_jax.data.pictures import opened
from gan_jax.methods import average
from gan_jax.run import curves, pictures
from gan_jax.run.runs import Run
from gan_jax.run.writers import read_rows
from gan_jax.system import disk, layout
from gan_jax.visualize import panels, subject
from gan_jax.visualize.options import NotForThisRun, Options
from gan_jax.visualize.panels import Panel

SNAPSHOTS, FRAMES, GAP = 8, 150, 18
FILM = 9000
"""Milliseconds of the whole training; no frame stays longer than 400 or shorter than 60."""


def progress(run: Run, options: Options, folder: Path) -> list[Path]:
    """Eight snapshots, at most 150 frames of the whole training, and the curves, up to the step."""
    grids = run.workdir / layout.SAMPLES
    found = layout.by_step(grids, ".png")
    steps = {step: path for step, path in found.items() if step <= run.step}
    if len(steps) < 2:
        raise NotForThisRun(
            f"progress compares the sample grids of a training, and {grids} has "
            f"{len(steps)} up to step {run.step:,}; train further, or set sample.every_steps lower."
        )
    weights = ", averaged weights" * average.is_kept(run.config.train)
    note = subject.note(run, f"The same latents at each step{weights}")
    shown = spread(list(steps), SNAPSHOTS)
    shots = np.stack([grid_of(run, steps[step]) for step in shown])
    columns = (len(shown) + 1) // 2
    enlargement = run.config.data.kind.scale
    scale = max(1, min(enlargement, panels.WIDTH // (columns * shots.shape[2])))
    captions = [f"step {step:,}" for step in shown]
    panel = Panel(panels.table(shots, columns), captions=captions, gap=GAP)
    written = [folder / name for name in ("progress.png", "progress.gif", "progress_curves.png")]
    sheet = panels.sheet([panel], "The training in snapshots", note, scale)
    pictures.write_png(written[0], sheet)
    frames = []
    for step in spread(list(steps), FRAMES):
        panel = Panel(grid_of(run, steps[step])[None, None])
        frames.append(panels.sheet([panel], f"Step {step:,}", scale=enlargement))
    milliseconds = min(max(FILM // len(frames), 60), 400)
    panels.write_gif(written[1], [*frames, *[frames[-1]] * 5], milliseconds)
    rows = [row for row in read_rows(run.workdir / layout.METRICS) if row["step"] <= run.step]
    curves.write(written[2], rows)
    return [path for path in written if path.exists()]


def spread(steps: list[int], count: int) -> list[int]:
    """At most `count` of the steps, evenly spread, with the first and the last."""
    places = np.linspace(0, len(steps) - 1, min(count, len(steps)))
    return [steps[round(place)] for place in places]


def grid_of(run: Run, path: Path) -> np.ndarray:
    """A grid as it was before it was enlarged, [H, W, c]."""
    with opened(io.BytesIO(disk.read(path))) as picture:
        pixels = np.asarray(picture)
    pixels = pixels[:, :, None] if pixels.ndim == 2 else pixels
    scale = run.config.data.kind.scale
    return pixels[::scale, ::scale]
