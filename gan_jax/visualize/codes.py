"""What InfoGAN's structured latents do: each code through its values, in several samples."""

from pathlib import Path

import jax
import jax.numpy as jnp

from gan_jax.run import pictures
from gan_jax.run.runs import Run
from gan_jax.visualize import panels, subject
from gan_jax.visualize.options import Options
from gan_jax.visualize.panels import Panel

SAMPLES, VALUES = 5, 9


def codes(run: Run, options: Options, folder: Path) -> list[Path]:
    """A panel for each code, with a row for each of several samples and a column for each class or
    value; nothing for a run without codes."""
    section, sides = run.config.latents, []
    inputs = subject.numbered(run, options, range(SAMPLES))
    at = section.dimension
    for number, count in enumerate(section.categories):
        hot = jnp.eye(count)
        sides.append((f"Categorical code {number}", at, hot, [str(i) for i in range(count)]))
        at += count
    for number in range(section.continuous):
        values = jnp.linspace(-1, 1, VALUES)
        names = [f"{value:+.2f}" for value in values]
        sides.append((f"Continuous code {number}", at, values[:, None], names))
        at += 1
    written = []
    for title, first, values, names in sides:
        ways = through(inputs.latents, first, values)
        shown = subject.images(run, subject.spread(inputs, ways))
        panel = Panel(shown, rows=[str(i) for i in range(SAMPLES)], columns=names)
        note = subject.note(run, f"Samples of seed {options.seed}, a row each, at its values")
        written.append(folder / f"sweep_{title.lower().replace(' ', '_')}.png")
        pictures.write_png(written[-1], panels.sheet([panel], title, note))
    return written


def through(z: jax.Array, first: int, values: jax.Array) -> jax.Array:
    """z [n, d] with the coordinates from `first` on at each of values [k, width]: [n, k, d]."""
    ways = jnp.broadcast_to(z[:, None], (len(z), len(values), z.shape[1]))
    return ways.at[:, :, first : first + values.shape[1]].set(values[None])
