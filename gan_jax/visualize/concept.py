"""A concept as a direction of the latents: the mean code of some images minus that of others."""

import dataclasses
from pathlib import Path
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from gan_jax import data
from gan_jax.config import choose_other
from gan_jax.data import Dataset
from gan_jax.errors import UserError
from gan_jax.method import Example
from gan_jax.run import pictures
from gan_jax.run.runs import Run
from gan_jax.visualize import panels, subject
from gan_jax.visualize.options import NotForThisRun, Options
from gan_jax.visualize.panels import Panel

SHOWN = 8
"""Images that the concept is added to."""
SHARES = (-0.5, 0.0, 0.5, 1.0)
"""How much of it is added."""


class Side(NamedTuple):
    name: str
    images: np.ndarray
    label: int = 0  # of its class, for a conditional G


def concept(run: Run, options: Options, folder: Path) -> list[Path]:
    """Images of the second kind as they are, encoded, and with shares of the concept added.

    The kinds are classes of the data, by default the second and the first, or folders of pictures.
    Raises `NotForThisRun` without an encoder or a label for G, and `UserError` for kinds that there
    are not.
    """
    subject.encoder_needed(run, "--concept")
    chosen = _two_kinds(run, options.concept)
    if not chosen:
        return []
    more, base = chosen
    direction = subject.codes(run, more.images).mean(0) - subject.codes(run, base.images).mean(0)
    begun = base.images[:SHOWN]
    z = subject.codes(run, begun)[:, None] + np.outer(SHARES, direction)
    shown = Example(None, label=jnp.full(len(z), base.label))
    inputs = subject.conditioned(run, z[:, 0], shown)
    made = subject.images(run, subject.spread(inputs, jnp.asarray(z)))
    table = np.concatenate([begun[:, None], made], axis=1)
    columns = ["image", *(f"{share:+.1f}" if share else "encoded" for share in SHARES)]
    title = f"{base.name} with shares of {more.name} minus {base.name}"
    note = subject.note(
        run,
        f"The mean code of {len(more.images):,} images minus that of {len(base.images):,}, "
        "so much of it added to the code of each image",
    )
    path = folder / "concept.png"
    pictures.write_png(path, panels.sheet([Panel(table, columns=columns)], title, note))
    return [path]


def _two_kinds(run: Run, text: str) -> list[Side]:
    """Both kinds; none without a word and without classes."""
    names = [name.strip() for name in text.split(",")] if text else []
    if names and all(Path(name).is_dir() for name in names) and len(names) == 2:
        if run.config.data.num_classes:
            raise NotForThisRun(
                f"--concept={text} are folders, and this run's G is class-conditional; "
                "choose two classes of the run's data."
            )
        return [Side(Path(name).name, _pictures_of(run, name)) for name in names]
    known = subject.dataset(run, "--concept")
    if not names:
        names = list(known.class_names[1::-1])
        if len(names) < 2:
            return []
    if len(names) != 2 or not set(names) <= set(known.class_names):
        there_are = ", ".join(known.class_names) or "none"
        raise UserError(
            f"--concept={text} must be two folders of pictures, or two classes of the run's data, "
            f"of which there are {there_are}; join them by a comma."
        )
    return [_class_of(known, name) for name in names]


def _class_of(known: Dataset, name: str) -> Side:
    label = known.class_names.index(name)
    images = known.test.x[known.test.label == label]
    if not len(images):
        raise UserError(
            f"There are no {subject.held_out(known)} of the class {name}; choose another --concept."
        )
    return Side(name, images, label)


def _pictures_of(run: Run, path: str) -> np.ndarray:
    known = choose_other(run.config.data, "folder", "data.source")
    return data.load(dataclasses.replace(known, path=path, pattern="*")).train.x
