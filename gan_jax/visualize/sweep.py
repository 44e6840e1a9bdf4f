"""One latent coordinate at a time from low to high, all others as they are in one sample."""

from collections.abc import Sequence
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.method import Inputs, take
from gan_jax.networks import latents
from gan_jax.networks.latents import Latents
from gan_jax.run import pictures
from gan_jax.run.runs import Run
from gan_jax.visualize import panels, subject
from gan_jax.visualize.codes import codes, through
from gan_jax.visualize.options import Options
from gan_jax.visualize.panels import Panel

SHOWN = 10
"""Coordinates at most: those that change the sample most."""
ENDS = 0.01
"""The probability below the lowest value, and above the highest."""
VALUES, FRAMES, MILLISECONDS = 11, 17, 100
TOGETHER = 4
"""Samples in the GIF of one coordinate."""


def sweep(run: Run, options: Options, folder: Path) -> list[Path]:
    """A row per coordinate of the noise; with `animate` a GIF per coordinate and one of all. The
    structured codes of InfoGAN have pictures of their own."""
    subject.pictures_only(run, "sweep")
    config = run.config.latents
    first = subject.numbered(run, options, [0])
    chosen, note = _coordinates(run, first), subject.note(run, _said(run, options))
    values = _values(config, VALUES)
    table = _images(run, first, chosen, values)
    panel = Panel(table, rows=[f"z{i}" for i in chosen], columns=[f"{v:.2f}" for v in values])
    written = [folder / "sweep.png"]
    title = "One latent coordinate at a time, from low to high"
    pictures.write_png(written[0], panels.sheet([panel], title, note))
    if options.animate:
        written += _animations(run, options, folder, chosen, note)
    return written + codes(run, options, folder)


def moved(z: jax.Array, coordinates: jax.Array, values: jax.Array) -> jax.Array:
    """z [d] with each of coordinates [n] at each of values [k], one at a time: [n, k, d]."""
    row = jnp.arange(len(coordinates))[:, None]
    column = jnp.arange(len(values))[None, :]
    copies = jnp.broadcast_to(z, (len(coordinates), len(values), len(z)))
    return copies.at[row, column, coordinates[:, None]].set(values[None, :])


def _animations(
    run: Run, options: Options, folder: Path, chosen: list[int], note: str
) -> list[Path]:
    """A GIF of all coordinates side by side in one sample, and one of each in several."""
    values, order = _values(run.config.latents, FRAMES), panels.there_and_back(FRAMES)
    inputs = subject.numbered(run, options, range(TOGETHER))
    shown = _images(run, take(inputs, slice(1)), chosen, values)
    captions = [f"z{coordinate}" for coordinate in chosen]
    frames = [
        panels.sheet(
            [Panel(panels.table(shown[:, at], (len(chosen) + 1) // 2), captions=captions)],
            f"Each coordinate at {values[at]:+.2f}",
            note,
        )
        for at in range(FRAMES)
    ]
    written = [folder / "sweep.gif"]
    panels.write_gif(written[0], [frames[at] for at in order], MILLISECONDS)
    several = f"Samples 0 to {TOGETHER - 1} of seed {options.seed}."
    for coordinate in chosen:
        ways = through(inputs.latents, coordinate, values[:, None])
        shown = subject.images(run, subject.spread(inputs, ways))
        frames = [
            panels.sheet(
                [Panel(panels.table(shown[:, at], TOGETHER))],
                f"z{coordinate} at {values[at]:+.2f}",
                several,
            )
            for at in range(FRAMES)
        ]
        written.append(folder / f"sweep_z{coordinate:03d}.gif")
        panels.write_gif(written[-1], [frames[at] for at in order], MILLISECONDS)
    return written


def _values(config: Latents, count: int) -> jax.Array:
    low, high = latents.quantile(config, jnp.array([ENDS, 1 - ENDS]))
    return jnp.linspace(low, high, count)


def _images(run: Run, one: Inputs, coordinates: Sequence[int], values: jax.Array) -> np.ndarray:
    ways = moved(one.latents[0], jnp.asarray(coordinates), values)
    return subject.images(run, subject.spread(one, ways))


def _coordinates(run: Run, one: Inputs) -> list[int]:
    """All coordinates where they are few, else those that change the image most, in that order."""
    dimension = run.config.latents.dimension
    if dimension <= SHOWN:
        return list(range(dimension))
    ends = _images(run, one, range(dimension), _values(run.config.latents, 2))
    low, high = ends.astype(np.float32).swapaxes(0, 1)
    change = np.square(high - low).mean((1, 2, 3))
    return np.argsort(-change, kind="stable")[:SHOWN].tolist()


def _said(run: Run, options: Options) -> str:
    dimension = run.config.latents.dimension
    which = f"Sample 0 of seed {options.seed}"
    if dimension <= SHOWN:
        return f"{which} with one coordinate moved at a time"
    return f"{which}; the {SHOWN} of {dimension} coordinates that change it most, in order"
