"""Figures of the lab: maps of the plane from purple, fake, over white to green, real."""

import io
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gan_jax.methods import GAN, average
from gan_jax.objectives import NonSaturating
from gan_jax.run.pictures import COLOURS
from gan_jax.run.writers import Row
from gan_jax.system.disk import write_whole

REAL, FAKE, NEITHER = "#1B7837", "#762A83", "#E4E4E4"
"""The ends of PRGn, which colour-blind people tell apart; gray where no density is."""
MANIFOLD_CELLS = 40
"""Cells along a side of the latents' grid."""
REACH = 1.0
"""The plane that is shown is [-REACH, REACH]^2."""


class Moment(NamedTuple):
    """A game at one step."""

    step: int
    disc: np.ndarray  # [m, m], D's probability that a point is real, rows upwards
    optimal: np.ndarray  # [m, m], that of the optimal D; NaN where there is no density
    gap: float  # mean of |D - D*| at real and fake points
    fakes: np.ndarray  # [n, 2]
    arrows: np.ndarray  # [n, 2], the gradient of D at the fakes
    manifold: np.ndarray | None  # [m, m, 2], G at the corners of equally probable cells


class Story(NamedTuple):
    """What a run's rows say, in addition to one moment."""

    rows: list[Row]  # of metrics.jsonl
    floor: float  # what the divergence of the data's own samples is
    modes: int
    kernel: float  # the deviation of the kernel
    config: GAN


def whole(moment: Moment, reals: np.ndarray, story: Story) -> Any:
    """One moment in full, with training points [n, 2]: D, the optimal D, G's manifold, curves."""
    figure = _figure(11, 11.2)
    figure.get_layout_engine().set(rect=(0, 0.025, 1, 0.935))  # between the title and the note
    (left, right), (below, last) = figure.subfigures(2, 2, wspace=0.02, hspace=0.02)
    axes = left.subplots()
    _heat(axes, moment.disc)
    _dots(axes, reals, moment.fakes)
    _arrows(axes, moment)
    _title(axes, "D", "green: D says real; purple: fake. Arrows: the gradient of D at the fakes")
    axes.legend(loc="lower left", fontsize=8, framealpha=0.85, markerscale=1.6)
    axes = right.subplots()
    image = _heat(axes, moment.optimal)
    words = f"off D by {moment.gap:.3f} on average at real and fake points; gray: no density"
    loss = story.config.loss
    assert isinstance(loss, NonSaturating)
    _title(axes, f"Optimal D: {formula(loss)}", words)
    bar = figure.add_axes((0.7, 0.98, 0.24, 0.009))
    figure.colorbar(image, cax=bar, orientation="horizontal", ticks=[0, 0.5, 1])
    bar.set_xticklabels(["0: fake", "0.5", "1: real"])
    bar.tick_params(labelsize=8, length=2)
    axes = below.subplots()
    _manifold(axes, moment)
    _title(axes, "G's manifold", "cells of equal probability: the darker, the denser")
    _curves(last.subplots(2, 1, sharex=True), story)
    title = f"{story.config.experiment} at step {moment.step:,}"
    figure.text(0.012, 0.975, title, fontsize=14, weight="bold")
    note = f"p_data is exact; p_G is a Gaussian kernel estimate, deviation {story.kernel:.4f}."
    if average.is_kept(story.config.train):
        note += " D, the fakes and the manifold are of the raw G, the curves of the averaged one."
    figure.text(0.012, 0.008, note, fontsize=8.5, color="#555555")
    return figure


def formula(loss: NonSaturating) -> str:
    """The optimal D in terms of both densities, by D's targets."""
    targets = {"p_data": loss.real_target, "p_G": loss.fake_target}
    parts = [f"{t:g} {p}" if t != 1 else p for p, t in targets.items() if t]
    above = f"({' + '.join(parts)})" if parts[1:] else "".join(parts)
    return f"{above} / (p_data + p_G)"


def strip(moments: list[Moment], reals: np.ndarray, name: str) -> Any:
    """D with training points [n, 2] above G's manifold, one column for each moment."""
    figure = _figure(2.5 * len(moments), 5.5)
    rows = figure.subplots(2, len(moments), squeeze=False)
    for moment, upper, lower in zip(moments, *rows, strict=True):
        _heat(upper, moment.disc)
        _dots(upper, reals, moment.fakes, size=3)
        _manifold(lower, moment)
        upper.set_title(f"step {moment.step:,}", fontsize=10)
    rows[0, 0].set_ylabel("D, real and fake points", fontsize=9)
    rows[1, 0].set_ylabel("G's manifold", fontsize=9)
    figure.suptitle(f"{name} over training", x=0.012, ha="left", fontsize=13, weight="bold")
    return figure


def frame(moment: Moment, reals: np.ndarray) -> Any:
    """One moment of an animation, with training points [n, 2]: D, the optimal D, G's manifold."""
    figure = _figure(10.5, 3.95)
    first, second, third = figure.subplots(1, 3)
    _heat(first, moment.disc)
    _dots(first, reals, moment.fakes, size=4)
    _arrows(first, moment)
    _heat(second, moment.optimal)
    _manifold(third, moment)
    for axes, title in ((first, "D"), (second, "optimal D"), (third, "G's manifold")):
        axes.set_title(title, loc="left", fontsize=10)
    figure.suptitle(f"step {moment.step:,}", x=0.012, ha="left", fontsize=12, weight="bold")
    return figure


def pixels(figure: Any) -> np.ndarray:
    """A figure as uint8 [h, w, 3]."""
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())[:, :, :3].copy()


def write(figure: Any, path: Path) -> None:
    """A figure as a PNG."""
    content = io.BytesIO()
    figure.savefig(content, format="png")
    write_whole(path, content.getvalue())


def _figure(width: float, height: float) -> Any:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def _square(axes: Any) -> None:
    axes.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), aspect="equal", xticks=[], yticks=[])


def _title(axes: Any, title: str, words: str) -> None:
    axes.set_title(f"{title}\n", loc="left", fontsize=11, weight="bold")
    axes.text(0, 1.015, words, transform=axes.transAxes, fontsize=8.5, color="#555555")


def _heat(axes: Any, probability: np.ndarray) -> Any:
    axes.set_facecolor(NEITHER)
    extent = (-REACH, REACH, -REACH, REACH)
    image = axes.imshow(
        probability, origin="lower", extent=extent, cmap="PRGn", vmin=0, vmax=1, alpha=0.85
    )
    _square(axes)
    return image


def _dots(axes: Any, reals: np.ndarray, fakes: np.ndarray, size: float = 10) -> None:
    edge = {"linewidths": 0.3, "edgecolors": "white"}
    axes.scatter(*reals.T, s=size, c=REAL, label="real", **edge)
    axes.scatter(*fakes.T, s=size, c=FAKE, label="fake", **edge)


def _arrows(axes: Any, moment: Moment) -> None:
    # Gradients differ by orders of magnitude: the longest arrows are cut, so that others show.
    lengths = np.linalg.norm(moment.arrows, axis=1, keepdims=True)
    longest = max(np.quantile(lengths, 0.9), 1e-12)
    shown = moment.arrows / np.maximum(lengths, longest) * (0.15 * REACH)
    axes.quiver(
        *moment.fakes.T,
        *shown.T,
        angles="xy",
        scale_units="xy",
        scale=1,
        color="#222222",
        width=0.0025,
        alpha=0.8,
    )


def _manifold(axes: Any, moment: Moment) -> None:
    from matplotlib.collections import PolyCollection

    _square(axes)
    if moment.manifold is None:
        words = "drawn where the latents are 2 numbers"
        axes.text(0, 0, words, ha="center", fontsize=9, color="#555555")
        return
    corners = moment.manifold
    cells = np.stack(
        [corners[:-1, :-1], corners[:-1, 1:], corners[1:, 1:], corners[1:, :-1]], axis=2
    )
    cells = cells.reshape(-1, 4, 2)
    shade = np.clip(0.12 * _density(cells) ** 0.5, 0.04, 0.8)
    colours = np.tile((0x76 / 255, 0x2A / 255, 0x83 / 255, 1.0), (len(cells), 1))
    colours[:, 3] = shade
    lines = colours * (1, 1, 1, 0.6)
    axes.add_collection(
        PolyCollection(list(cells), facecolors=colours, edgecolors=lines, linewidths=0.3)
    )


def _density(cells: np.ndarray) -> np.ndarray:
    """The density of quadrilaterals [n, 4, 2] that share a mass of one evenly, where even is 1.

    That is where all points of [-1, 1]^2 are equally probable.
    """
    x, y = cells[..., 0], cells[..., 1]
    area = np.abs((x * np.roll(y, -1, axis=1) - y * np.roll(x, -1, axis=1)).sum(axis=1)) / 2
    return 4 / (len(cells) * np.maximum(area, 1e-9))


def _curves(axes: Any, story: Story) -> None:
    upper, lower = axes
    rows = [row for row in story.rows if "coverage/jensen_shannon" in row]
    steps = [row["step"] for row in rows]
    upper.plot(steps, [row["coverage/jensen_shannon"] for row in rows], color=COLOURS[0])
    upper.axhline(story.floor, color="#555555", linewidth=1, linestyle=":")
    upper.axhline(np.log(2), color="#BBBBBB", linewidth=1)
    upper.set(yscale="log", ylim=(story.floor / 2, 0.95))
    words = f"in nats, 10,000 samples in 30x30 cells; dotted: the data's own, {story.floor:.4f}"
    _title(upper, "Jensen-Shannon divergence from the density", words)
    lower.plot(steps, [row["coverage/share_at_modes"] for row in rows], color=COLOURS[0])
    lower.plot(
        steps, [row["coverage/modes"] / story.modes for row in rows], color=COLOURS[1], ls="--"
    )
    lower.set(ylim=(0, 1.05), xlabel="step")
    if rows:
        last = rows[-1]
        at_modes, covered = last["coverage/share_at_modes"], int(last["coverage/modes"])
        lower.legend(
            [
                f"samples within 3 deviations of a mode: {at_modes:.1%}",
                f"modes covered: {covered} of {story.modes}",
            ],
            loc="lower right",
            fontsize=8.5,
        )
    _title(lower, "Coverage", "2,500 samples")
    for axis in axes:
        axis.grid(alpha=0.3)
