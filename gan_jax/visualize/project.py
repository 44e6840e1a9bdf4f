"""Pictures inverted to latents: what G makes of them, beside the nearest training pictures.

The squared error of all pixels plus 0.001 |z|^2, as Bora et al. 2017 (arXiv 1703.03208, section 6)
weigh a DCGAN's prior. How badly a picture comes out is its anomaly score (Schlegl et al.
2017, arXiv 1703.05921, the residual loss; D's term is left out).
"""

from pathlib import Path
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from gan_jax import keys
from gan_jax.data import Dataset
from gan_jax.errors import UserError
from gan_jax.keys import Purpose
from gan_jax.method import Example, num_examples, take
from gan_jax.metrics import neighbours, pairs
from gan_jax.run import pictures, runs
from gan_jax.run.runs import Run
from gan_jax.system import disk, layout
from gan_jax.visualize import inverse, panels, subject, targets
from gan_jax.visualize.inverse import Goal
from gan_jax.visualize.options import Options
from gan_jax.visualize.panels import Panel
from gan_jax.visualize.targets import Targets

STARTS, MOST_STARTS = 4, 16
"""Latents that Adam begins with for each picture, and at most, where each class needs one."""
PRIOR = 0.001
SHOWN, SIDES, BLOCK = 24, 3, 1_000
"""Pictures in the sheet, side by side in it, and training pictures that are compared at once."""


class Answer(NamedTuple):
    """What was found for pictures [n, h, w, c]."""

    made: np.ndarray  # of the same shape
    numbers: np.ndarray  # int [n], of the nearest training pictures
    psnr: np.ndarray  # [n], of those that were made
    nearest_psnr: np.ndarray  # [n]

    @property
    def anomaly(self) -> np.ndarray:
        """The mean squared error [n] of what was made, in levels of 0 to 255."""
        return 255**2 / 10 ** (self.psnr / 10)


def project(run: Run, options: Options, place: Path) -> list[Path]:
    """The folder `inputs`, or held-out images, beside what G makes of them and their nearest
    training pictures; the figures as JSON.

    A class-conditional G makes an image of the class that the data say; of pictures in a folder it
    tries its classes in turn. Where the run learns some classes of its data alone, and is not
    conditioned on them, as many images of the others say how well the error tells them apart.
    """
    subject.pictures_only(run, "project")
    subject.latents_alone(run, "project")
    known = subject.dataset(run, "project")
    own = targets.own(run, options.inputs) if options.inputs else None
    shown = own or targets.held_out(run, known, options)
    found = answer(run, known, shown.examples, options)
    report = figures(run, shown.names, found)
    others = None if own else targets.left_out(run, len(shown.names), options.seed)
    if others:
        report["auroc"] = auroc(found, answer(run, known, others, options))
    said = f"{len(shown.names):,} pictures by their latents"
    sheet = panels.sheet(_panels(known, shown, found), said, _note(run, report, options))
    paths = [place / "project.png", place / layout.PROJECTIONS]
    pictures.write_png(paths[0], sheet)
    disk.write_whole(paths[1], disk.to_json(report, indent=2).encode())
    return paths


def answer(run: Run, known: Dataset, shown: Example, options: Options) -> Answer:
    """What G makes of pictures [n, h, w, c], and the training pictures nearest to them."""
    made = _inverted(run, shown, options)
    numbers = _nearest(known.train.x, shown.x)
    nearest = known.train.x[numbers]
    return Answer(made, numbers, pairs.psnr(made, shown.x), pairs.psnr(nearest, shown.x))


def figures(run: Run, names: list[str], found: Answer) -> dict:
    """What is written: means over pictures, and each of them; the errors in squared levels."""
    rows = [
        {
            "name": name,
            "psnr": float(found.psnr[at]),
            "nearest": int(found.numbers[at]),
            "nearest_psnr": float(found.nearest_psnr[at]),
            "anomaly": float(found.anomaly[at]),
        }
        for at, name in enumerate(names)
    ]
    means = {
        "psnr": float(found.psnr.mean()),
        "nearest_psnr": float(found.nearest_psnr.mean()),
        "made_is_nearer": float((found.psnr > found.nearest_psnr).mean()),
    }
    return {"step": run.step, "means": means, "images": rows}


def _inverted(run: Run, shown: Example, options: Options) -> np.ndarray:
    """What G makes [n, h, w, c] of the best latents for pictures of this shape."""
    count, label = num_examples(shown), shown.label
    starts = STARTS
    if label is None:
        turns = len(options.classes or runs.class_names(run))
        if turns > MOST_STARTS:
            raise UserError(
                f"This run's G has {turns} classes, and the pictures' are not known; name up to "
                f"{MOST_STARTS} by --classes."
            )
        starts = max(STARTS, turns)
        label = np.tile(subject.labels(run, options, range(starts)), count)
    else:
        label = np.repeat(label, starts)
    key = keys.stream(keys.root(options.seed), Purpose.INVERSE)
    each = keys.per_example(key, jnp.arange(count * starts))
    begun = run.method.inputs(each, Example(None, jnp.asarray(label, jnp.int32)))
    target = np.repeat(shown.x, starts, axis=0)
    rows, dimension = begun.latents.shape
    goal = Goal(
        begun,
        target,
        np.ones((rows, *target.shape[1:3], 1), np.float32),
        np.zeros((rows, dimension), np.float32),
        np.full(rows, PRIOR * dimension / target[0].size, np.float32),
    )
    found = inverse.search(run, goal, "projecting")
    best = inverse.best(found, starts)
    return subject.images(run, take(begun, best)._replace(latents=found.latents[best]))


def _nearest(train: np.ndarray, shown: np.ndarray) -> np.ndarray:
    """The numbers [n] of the training pictures that are nearest by their pixels."""
    x = shown.reshape(len(shown), -1).astype(np.float64)
    least, numbers = np.full(len(x), np.inf), np.zeros(len(x), np.int64)
    for first in range(0, len(train), BLOCK):
        block = train[first : first + BLOCK].reshape(-1, x.shape[1]).astype(np.float64)
        found = neighbours.nearest(x, block)
        nearer = found.squared[:, 0] < least
        least[nearer] = found.squared[nearer, 0]
        numbers[nearer] = found.numbers[nearer, 0] + first
    return numbers


def auroc(known: Answer, others: Answer) -> dict[str, float]:
    """How often an image of a class that was left out has the larger error, by what is made and by
    the nearest training picture: the areas under their ROC curves."""
    from sklearn.metrics import roc_auc_score

    is_other = np.repeat([0, 1], [len(known.made), len(others.made)])
    both = {
        "made": (known.psnr, others.psnr),
        "nearest": (known.nearest_psnr, others.nearest_psnr),
    }
    return {
        name: float(roc_auc_score(is_other, -np.concatenate(psnr))) for name, psnr in both.items()
    }


def _panels(known: Dataset, shown: Targets, found: Answer) -> list[Panel]:
    columns = ("target", "made", "nearest")
    some, sides = np.arange(min(SHOWN, len(shown.names))), []
    for part in np.array_split(some, min(SIDES, len(some))):
        rows = [shown.examples.x[part], found.made[part], known.train.x[found.numbers[part]]]
        captions = []
        for at in part:
            psnr, nearest = found.psnr[at], found.nearest_psnr[at]
            captions += [shown.names[at][-16:], f"{psnr:.1f} dB", f"{nearest:.1f} dB"]
        sides.append(Panel(np.stack(rows, axis=1), columns=columns, captions=captions))
    return sides


def _note(run: Run, report: dict, options: Options) -> str:
    means = report["means"]
    more = [
        f"Mean PSNR {means['psnr']:.2f} dB, of the nearest training pictures "
        f"{means['nearest_psnr']:.2f} dB; {means['made_is_nearer']:.0%} come out nearer than those"
    ]
    if "auroc" in report:
        areas = report["auroc"]
        more.append(
            f"AUROC of classes that the run has not learnt: {areas['made']:.3f} by the error, "
            f"{areas['nearest']:.3f} by that of the nearest training picture"
        )
    return subject.note(run, f"Starts of seed {options.seed}", *more)
