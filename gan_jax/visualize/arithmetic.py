"""Sums and differences of latents, operands the means of several (arXiv 1511.06434, figure 7)."""

import re
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax import keys
from gan_jax.errors import UserError
from gan_jax.keys import Purpose
from gan_jax.method import take
from gan_jax.networks import latents
from gan_jax.run import pictures
from gan_jax.run.runs import Run
from gan_jax.visualize import concept, panels, subject
from gan_jax.visualize.options import Options
from gan_jax.visualize.panels import Panel

EXAMPLE = "0,1,2-3,4,5+6,7,8"
NOISE = 0.25
"""The images around the result add U(-1, 1) times this to its latents, as the paper does."""


class Operand(NamedTuple):
    sign: str  # + or -
    numbers: tuple[int, ...]  # of the samples it is the mean of


def arithmetic(run: Run, options: Options, folder: Path) -> list[Path]:
    """The operands, their means and the result; for a model with an encoder also a concept.

    The result stands in the middle of eight that differ from it by small noise. Raises `UserError`
    for operands that cannot be read.
    """
    subject.pictures_only(run, "arithmetic")
    subject.latents_needed(run, "arithmetic")
    operands = parse(options.operands or EXAMPLE)
    most = max(len(operand.numbers) for operand in operands)
    result, sides = jnp.zeros(latents.size(run.config.latents)), []
    for place, operand in enumerate(operands):
        inputs = subject.numbered(run, options, operand.numbers)
        mean = inputs.latents.mean(0)
        result += mean if operand.sign == "+" else -mean
        of_mean = take(inputs, slice(1))._replace(latents=mean[None])
        shown = subject.images(
            run, jax.tree.map(lambda *parts: jnp.concatenate(parts), inputs, of_mean)
        )
        column = np.full((most + 1, *shown.shape[1:]), 255, np.uint8)
        column[: len(operand.numbers)], column[-1] = shown[:-1], shown[-1]
        names = [*map(str, operand.numbers), *[""] * (most - len(operand.numbers)), "mean"]
        sign = operand.sign.replace("-", "\N{MINUS SIGN}") if place else ""
        sides.append(Panel(column[:, None], rows=names, breaks=(most,), sign=sign))
    first = subject.numbered(run, options, operands[0].numbers[:1])
    around = result[None] + NOISE * _noise(run, options)
    images = subject.images(run, subject.spread(first, around))
    sides.append(Panel(panels.table(images, 3), sign="="))
    said = ["Around the result: itself with small noise"]
    said += [] if options.operands else ["Choose samples of your own by --operands"]
    note = subject.note(run, f"Samples of seed {options.seed} by their numbers", *said)
    written = [folder / "arithmetic.png"]
    sheet = panels.sheet(sides, "Arithmetic of latents", note)
    pictures.write_png(written[0], sheet)
    if run.method.encode is not None or options.concept:
        written += concept.concept(run, options, folder)
    return written


def parse(text: str) -> list[Operand]:
    """Reads 1,2,3-4,5,6+7,8,9: groups of sample numbers, and their signs."""
    group = r"\d{1,9}(?:,\d{1,9})*"
    compact = text.replace(" ", "")
    if not re.fullmatch(rf"{group}(?:[+-]{group})+", compact):
        raise UserError(
            f"--operands={text} cannot be read; join sample numbers by commas and groups of them "
            "by + or -, such as 1,2,3-4,5,6+7,8,9."
        )
    found = re.findall(rf"([+-]?)({group})", compact)
    return [Operand(sign or "+", tuple(map(int, numbers.split(",")))) for sign, numbers in found]


def _noise(run: Run, options: Options) -> jax.Array:
    """U(-1, 1) for nine latents [9, d], zero for the one in the middle."""
    key = keys.stream(keys.root(options.seed), Purpose.NOISE)
    uniform = latents.Uniform(latents.size(run.config.latents))
    noise = latents.sampler(uniform)(keys.per_example(key, jnp.arange(9)))
    return noise.at[4].set(0)
