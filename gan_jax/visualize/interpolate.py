"""The way from one sample to another: straight, and on the arc (arXiv 1511.06434, 1609.04468)."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.networks import latents
from gan_jax.networks.latents import Latents
from gan_jax.run import pictures, runs
from gan_jax.run.runs import Run
from gan_jax.visualize import panels, subject
from gan_jax.visualize.options import Options
from gan_jax.visualize.panels import Panel

PAIRS, IMAGES, FRAMES, MILLISECONDS = 8, 8, 17, 100


def interpolate(run: Run, options: Options, folder: Path) -> list[Path]:
    """Rows from sample 2i to sample 2i + 1, by lerp and by slerp; with `animate` also as a GIF."""
    subject.pictures_only(run, "interpolate")
    subject.latents_needed(run, "interpolate")
    note = subject.note(run, f"Latents of seed {options.seed}", _said(run))
    straight, arc, names = _both(run, options, IMAGES)
    written = [folder / "interpolate.png"]
    sides = [
        Panel(straight, "Straight (lerp)", rows=names),
        Panel(arc, "Along the arc (slerp)"),
    ]
    sheet = panels.sheet(sides, "From one sample to another", note)
    pictures.write_png(written[0], sheet)
    if options.animate:
        straight, arc, _ = _both(run, options, FRAMES)
        frames = []
        for at in panels.there_and_back(FRAMES):
            sides = [
                Panel(panels.table(straight[:, at], PAIRS // 2), "Straight (lerp)"),
                Panel(panels.table(arc[:, at], PAIRS // 2), "Along the arc (slerp)"),
            ]
            frames.append(panels.sheet(sides, "From one sample to another and back", note))
        written.append(folder / "interpolate.gif")
        panels.write_gif(written[-1], frames, MILLISECONDS)
    return written


def ways(config: Latents, a: jax.Array, b: jax.Array, t: jax.Array):
    """From a [n, d] to b [n, d] at the times t [k]: by lerp and by slerp, [n, k, d] each.

    The arc is one between draws of N(0, 1). Uniform latents pass it by their quantiles, so that
    they too stay in their distribution on the way. Structured codes go straight in both.
    """
    straight, noise = latents.lerp(a, b, t), config.dimension
    start, end = (config.to_normal(z[:, :noise]) for z in (a, b))
    arc = config.from_normal(latents.slerp(start, end, t))
    return straight, jnp.concatenate([arc, straight[:, :, noise:]], axis=2)


def _both(run: Run, options: Options, count: int) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Images [pairs, count, h, w, c] by lerp and by slerp, and the names of the pairs."""
    z, classes = subject.numbered(run, options, range(2 * PAIRS)).latents, runs.class_names(run)
    pairs = subject.numbered(run, options, range(PAIRS))  # both ends have the condition of a pair
    both = ways(run.config.latents, z[::2], z[1::2], jnp.linspace(0, 1, count))
    straight, arc = (subject.images(run, subject.spread(pairs, way)) for way in both)
    names = [f"{2 * i} to {2 * i + 1}" for i in range(PAIRS)]
    if classes:
        labels = subject.labels(run, options, range(PAIRS))
        names = [f"{classes[label]}: {name}" for name, label in zip(names, labels, strict=True)]
    return straight, arc, names


def _said(run: Run) -> str:
    if run.config.latents.choice == "uniform":
        return "The arc runs through the normal quantiles of the uniform latents"
    return "The arc keeps the latents as far from zero as draws are"
