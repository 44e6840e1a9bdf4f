"""One latent coordinate, or one direction of the latents, at a time, from low to high."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.errors import choose
from gan_jax.method import Inputs, take
from gan_jax.networks import latents
from gan_jax.networks.latents import Latents
from gan_jax.run import pictures
from gan_jax.run.runs import Run
from gan_jax.visualize import directions, panels, subject
from gan_jax.visualize.codes import codes
from gan_jax.visualize.options import Options
from gan_jax.visualize.panels import Panel

SHOWN = 10
"""Coordinates at most: those that change the sample most."""
ENDS = 0.01
"""The probability below the lowest value of a coordinate, and above the highest."""
FARTHEST = 3.0
"""Deviations of the prior that a direction is followed, both ways."""
VALUES, FRAMES, MILLISECONDS = 11, 17, 100
TOGETHER = 4
"""Samples in the GIF of one row."""


class Axes(NamedTuple):
    """What is moved, one at a time."""

    names: list[str]
    moved: Callable[[jax.Array, jax.Array], jax.Array]  # z [d], values [k] -> [n, k, d]
    ends: tuple[float, float]  # the lowest value and the highest
    files: list[str]  # of their GIFs
    said: str
    stem: str  # of the picture of all

    def values(self, count: int) -> jax.Array:
        """Values [count] from one end to the other."""
        return jnp.linspace(*self.ends, count)


def sweep(run: Run, options: Options, folder: Path) -> list[Path]:
    """A row per coordinate of the noise, or per direction of `directions`; with `animate` a GIF per
    row and one of all. The structured codes of InfoGAN have pictures of their own."""
    subject.pictures_only(run, "sweep")
    subject.latents_needed(run, "sweep")
    first = subject.numbered(run, options, [0])
    axes = _directions(run, options, first) if options.directions else _coordinates(run, first)
    note = subject.note(run, f"Sample 0 of seed {options.seed}{axes.said}")
    values = axes.values(VALUES)
    table = _images(run, first, axes, values)
    panel = Panel(table, rows=axes.names, columns=[f"{v:.2f}" for v in values])
    written = [folder / f"{axes.stem}.png"]
    what = "direction" if options.directions else "coordinate"
    title = f"One latent {what} at a time, from low to high"
    pictures.write_png(written[0], panels.sheet([panel], title, note))
    if options.animate:
        written += _animations(run, options, folder, axes, note)
    return written if options.directions else written + codes(run, options, folder)


def moved(coordinates: jax.Array, z: jax.Array, values: jax.Array) -> jax.Array:
    """z [d] with each of coordinates [n] at each of values [k], one at a time: [n, k, d]."""
    row = jnp.arange(len(coordinates))[:, None]
    column = jnp.arange(len(values))[None, :]
    copies = jnp.broadcast_to(z, (len(coordinates), len(values), len(z)))
    return copies.at[row, column, coordinates[:, None]].set(values[None, :])


def along(config: Latents, ways: jax.Array, z: jax.Array, values: jax.Array) -> jax.Array:
    """z [d] moved along each of ways [n, noise] by each of values [k], in deviations of the prior,
    and kept in its support: [n, k, d]."""
    noise = config.dimension
    far = z[None, None, :noise] + config.deviation * values[None, :, None] * ways[:, None, :]
    near = config.from_normal(config.to_normal(far))  # of U(-1, 1) the ends
    codes = jnp.broadcast_to(z[noise:], (*near.shape[:2], len(z) - noise))
    return jnp.concatenate([near, codes], axis=2)


def _animations(run: Run, options: Options, folder: Path, axes: Axes, note: str) -> list[Path]:
    """A GIF of all rows side by side in one sample, and one of each in several."""
    values, order = axes.values(FRAMES), panels.there_and_back(FRAMES)
    inputs = subject.numbered(run, options, range(TOGETHER))
    shown = _images(run, take(inputs, slice(1)), axes, values)
    frames = [
        panels.sheet(
            [Panel(panels.table(shown[:, at], (len(axes.names) + 1) // 2), captions=axes.names)],
            f"Each at {values[at]:+.2f}",
            note,
        )
        for at in range(FRAMES)
    ]
    written = [folder / f"{axes.stem}.gif"]
    panels.write_gif(written[0], [frames[at] for at in order], MILLISECONDS)
    several = f"Samples 0 to {TOGETHER - 1} of seed {options.seed}."
    ways = jax.vmap(lambda z: axes.moved(z, values))(inputs.latents)
    for number, name in enumerate(axes.names):
        shown = subject.images(run, subject.spread(inputs, ways[:, number]))
        frames = [
            panels.sheet(
                [Panel(panels.table(shown[:, at], TOGETHER))],
                f"{name} at {values[at]:+.2f}",
                several,
            )
            for at in range(FRAMES)
        ]
        written.append(folder / f"{axes.files[number]}.gif")
        panels.write_gif(written[-1], [frames[at] for at in order], MILLISECONDS)
    return written


def _ends(config: Latents) -> tuple[float, float]:
    low, high = latents.quantile(config, jnp.array([ENDS, 1 - ENDS]))
    return float(low), float(high)


def _images(run: Run, one: Inputs, axes: Axes, values: jax.Array) -> np.ndarray:
    return subject.images(run, subject.spread(one, axes.moved(one.latents[0], values)))


def _coordinates(run: Run, one: Inputs) -> Axes:
    """All coordinates where they are few, else those that change the image most, in that order."""
    config = run.config.latents
    dimension, ends = config.dimension, _ends(config)
    said = " with one coordinate moved at a time"

    def axes(chosen: Sequence[int]) -> Axes:
        names, files = [f"z{i}" for i in chosen], [f"sweep_z{i:03d}" for i in chosen]
        return Axes(names, partial(moved, jnp.asarray(chosen)), ends, files, said, "sweep")

    every = axes(range(dimension))
    if dimension <= SHOWN:
        return every
    both = _images(run, one, every, every.values(2))
    low, high = both.astype(np.float32).swapaxes(0, 1)
    change = np.square(high - low).mean((1, 2, 3))
    said = f"; the {SHOWN} of {dimension} coordinates that change it most, in order"
    return axes(np.argsort(-change, kind="stable")[:SHOWN].tolist())


def _directions(run: Run, options: Options, one: Inputs) -> Axes:
    """The first directions of a kind, both ways from the sample."""
    name, config = options.directions, run.config.latents
    found = choose(directions.DIRECTIONS, "--directions", name)
    ways = jnp.asarray(found.of(run, options, one, SHOWN))
    names, stem = [f"{name} {number + 1}" for number in range(len(ways))], f"sweep_{name}"
    files = [f"{stem}_{number + 1:02d}" for number in range(len(ways))]
    said = f" along {found.said}, in deviations of the prior"
    return Axes(names, partial(along, config, ways), (-FARTHEST, FARTHEST), files, said, stem)
