"""A sample edited by coloured strokes: the nearest picture to it that G can make of them.

iGAN (Zhu et al. 2016, arXiv 1609.03552, with the weights of its code): the masked mean squared
error of the colours plus 5 times the mean of (z - z0)^2, by Adam from z0 and from points around it.
Left out are its sketched edges (0.2 of HOG features), warping, D's term, and the optical flow that
carries an edit over to a photograph.
"""

import re
from pathlib import Path

import jax.numpy as jnp
import numpy as np
from PIL import Image

from gan_jax import keys
from gan_jax.data.pictures import opened
from gan_jax.errors import UserError
from gan_jax.keys import Purpose
from gan_jax.method import Inputs, take
from gan_jax.networks import latents
from gan_jax.run import pictures
from gan_jax.run.runs import Run
from gan_jax.system.names import expanded, printable
from gan_jax.visualize import inverse, panels, subject
from gan_jax.visualize.inverse import Goal
from gan_jax.visualize.options import NotForThisRun, Options
from gan_jax.visualize.panels import Panel

STARTS, AROUND, STAY = 32, 0.5, 5.0
"""Latents to begin with: z0, and of draws the points so far on the way from it to them; the weight
of the way that Adam goes from z0."""
OPAQUE = {1: "L", 3: "RGB", 4: "RGBA"}


def edit(run: Run, options: Options, place: Path) -> list[Path]:
    """A sample, the first one or that which the operands name, the strokes over it, and what G
    makes of both.

    Raises `NotForThisRun` without strokes and for operands other than one number, and `UserError`
    for a file that holds no strokes.
    """
    subject.pictures_only(run, "edit")
    subject.latents_alone(run, "edit")
    if not options.strokes:
        raise NotForThisRun(
            "edit needs strokes; add --strokes=FILE, a PNG that is transparent elsewhere."
        )
    number = options.operands or "0"
    if not re.fullmatch(r"\d{1,9}", number):
        raise NotForThisRun(
            f"edit takes one sample by its number, such as --operands=5, not {number}."
        )
    colours, mask = strokes(options.strokes, run.config.data.kind.shape)
    first = subject.numbered(run, options, [int(number)])
    before = subject.images(run, first)[0]
    after = edited(run, first, colours, mask, options.seed)
    shown = np.round(mask * colours + (1 - mask) * before).astype(np.uint8)
    errors = [_error(picture, colours, mask) for picture in (before, after)]
    panel = Panel(
        np.stack([before, shown, after])[None],
        columns=["before", "strokes", "after"],
        captions=[f"{errors[0]:.1f}", "", f"{errors[1]:.1f}"],
    )
    note = subject.note(
        run,
        f"Sample {int(number)} of seed {options.seed}",
        "Below them the mean difference from the strokes, in levels of 0 to 255",
    )
    path = place / "edit.png"
    pictures.write_png(path, panels.sheet([panel], "A sample edited by strokes", note))
    return [path]


def edited(run: Run, first: Inputs, colours: np.ndarray, mask: np.ndarray, seed: int) -> np.ndarray:
    """The picture [h, w, c] that G makes of the inputs of one sample [1, d] and strokes: colours
    [h, w, c] where the mask [h, w, 1] is above 0."""
    z, noise = first.latents, run.config.latents.dimension
    key = keys.stream(keys.root(seed), Purpose.INVERSE)
    draws = latents.sampler(run.config.latents)(keys.per_example(key, jnp.arange(STARTS)))
    away = AROUND * (draws - z).at[0].set(0).at[:, noise:].set(0)
    begun = subject.spread(first, z + away)
    target, weights, anchor = (
        np.broadcast_to(part, (STARTS, *part.shape)) for part in (colours, mask, z[0])
    )
    goal = Goal(begun, target, weights, anchor, np.full(STARTS, STAY, np.float32))
    found = inverse.search(run, goal, "editing")
    best = inverse.best(found, STARTS)
    return subject.images(run, take(begun, best)._replace(latents=found.latents[best]))[0]


def strokes(file: str, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """The colours, uint8 [h, w, c], and the opacity, float32 [h, w, 1] of 0 to 1, of a PNG.

    Raises `UserError` for a file that cannot be read, is of another size, is not transparent
    anywhere, or everywhere.
    """
    name, (height, width, channels) = printable(file), shape
    try:
        with opened(expanded(file)) as picture:
            if picture.size != (width, height):
                raise UserError(
                    f"{name} has {picture.width}x{picture.height} pixels, and this run's pictures "
                    f"{width}x{height}; draw the strokes on one of these."
                )
            drawn = picture.convert("RGBA")
    except (OSError, ValueError, SyntaxError) as error:
        raise UserError(
            f"{name} cannot be read as a picture ({printable(str(error))}); check --strokes."
        ) from error
    mask = np.asarray(drawn.getchannel("A"), np.float32)[:, :, None] / 255
    if mask.min() == 1:
        raise UserError(
            f"{name} has no transparency, so that all of it would be a stroke; save a PNG that is "
            "transparent where nothing is drawn."
        )
    if not mask.any():
        raise UserError(f"{name} is transparent everywhere; draw a stroke.")
    drawn.putalpha(Image.new("L", drawn.size, 255))
    return np.asarray(drawn.convert(OPAQUE[channels]), np.uint8).reshape(shape), mask


def _error(picture: np.ndarray, colours: np.ndarray, mask: np.ndarray) -> float:
    apart = np.abs(picture.astype(np.float64) - colours) * mask
    return float(apart.sum() / (mask.sum() * colours.shape[-1]))
