"""What a model with two latent coordinates makes of the plane, and where it puts test images."""

import io
from pathlib import Path

import jax.numpy as jnp
import numpy as np

from gan_jax.method import Example
from gan_jax.networks import latents
from gan_jax.run import pictures, runs
from gan_jax.run.runs import Run
from gan_jax.system.disk import write_whole
from gan_jax.visualize import panels, subject
from gan_jax.visualize.options import NotForThisRun, Options
from gan_jax.visualize.panels import Panel

SIDE, ENDS = 15, 0.05
"""Images along each coordinate, at quantiles from ENDS to 1 - ENDS."""
CLASS_COLOURS = (*pictures.COLOURS, "#111111", "#882255", "#999933", "#8C8C8C")
MARKERS = "o^sD"
"""Classes take the ten colours in turn, and the next marker after the tenth."""


def manifold(run: Run, options: Options, folder: Path) -> list[Path]:
    """A grid of the latent plane, one for each class of a conditional G; the codes of test images.

    The second picture needs an encoder.
    """
    subject.pictures_only(run, "manifold")
    dimension = latents.size(run.config.latents)
    if dimension != 2:
        raise NotForThisRun(
            f"manifold lays a plane of latents out, and this run's latents have {dimension} "
            "coordinates, not 2."
        )
    plane, written = points(run), []
    note = subject.note(run, f"Quantiles {ENDS:.0%} to {1 - ENDS:.0%} of the latents' distribution")
    names = [f"{value:.2f}" for value in np.asarray(plane[0, :, 0])]
    for label, name in enumerate(runs.class_names(run) or ("",)):
        one = subject.conditioned(run, plane[0, :1], Example(None, label=jnp.full(1, label)))
        table = subject.images(run, subject.spread(one, plane))
        title = f"The latent plane, class {name}" if name else "The latent plane"
        panel = Panel(table, rows=names[::-1], columns=names)
        written.append(folder / f"manifold{f'_class_{label}' if name else ''}.png")
        pictures.write_png(written[-1], panels.sheet([panel], title, note))
    if run.method.encode is not None:
        known = subject.dataset(run, "manifold")
        codes = subject.codes(run, known.test.x)
        written.append(folder / "manifold_codes.png")
        title = f"Codes of {len(codes):,} {subject.held_out(known)}"
        labels = np.zeros(len(codes), int) if known.test.label is None else known.test.label
        _scatter(written[-1], codes, labels, known.class_names, title, run)
    return written


def points(run: Run) -> jnp.ndarray:
    """Latents [15, 15, 2], the first coordinate growing to the right and the second upwards.

    Their steps have equal probability: the inverse of the distribution function at evenly spaced
    values (arXiv 1312.6114, appendix A).
    """
    values = latents.quantile(run.config.latents, jnp.linspace(ENDS, 1 - ENDS, SIDE))
    across, upwards = jnp.meshgrid(values, values[::-1])
    return jnp.stack([across, upwards], axis=-1)


def _scatter(
    path: Path, codes: np.ndarray, labels: np.ndarray, names: tuple[str, ...], title: str, run: Run
) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.patheffects import withStroke

    figure = Figure(figsize=(8, 8), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    kinds = np.unique(labels)
    for place, label in enumerate(kinds):
        turn, colour = divmod(place, len(CLASS_COLOURS))
        mine = codes[labels == label]
        axes.scatter(
            mine[:, 0],
            mine[:, 1],
            s=9,
            color=CLASS_COLOURS[colour],
            marker=MARKERS[turn % len(MARKERS)],
            alpha=0.45,
            linewidths=0,
        )
    halo = [withStroke(linewidth=4, foreground="white")]
    for label in kinds if len(names) > 1 else ():
        middle = np.median(codes[labels == label], axis=0)
        axes.annotate(
            names[label], middle, ha="center", va="center", fontsize=15, path_effects=halo
        )
    axes.set_aspect("equal")
    axes.set(xlabel="z0", ylabel="z1")
    axes.grid(alpha=0.3)
    axes.set_title(f"{title}\n", loc="left", fontsize=13)
    axes.text(0, 1.015, subject.note(run), transform=axes.transAxes, color=panels.PALE, fontsize=9)
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=110)
    write_whole(path, content.getvalue())
