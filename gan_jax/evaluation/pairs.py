"""Scores of pictures that were made from pictures, beside what can be made without learning."""

import functools
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from gan_jax.evaluation import sources, tables
from gan_jax.methods import GAN
from gan_jax.methods.sampling import Requests
from gan_jax.metrics import pairs, trivial
from gan_jax.metrics.measures import Measure
from gan_jax.system import disk, layout

CAPTION = (
    "Means over pairs. psnr (dB, of 255 levels over all channels) and ssim (of luma): higher is "
    "nearer; l1 and chroma (Cb and Cr), in levels: lower is nearer; sharpness (the Laplacian of "
    "luma) and colourfulness: best where that of the target is."
)
MOST = 1_000
"""Pairs that are scored."""
PREFIX = "pairs/"


def measures(requests: Requests) -> tuple[Measure, ...]:
    """The scores of a run's first samples by their pairs, under names that begin with `PREFIX`;
    none where it makes pictures of latents, or its targets are not known."""
    if not requests.has_targets:
        return ()
    assert requests.pictures is not None
    count = min(MOST, len(requests.pictures.x))
    scored = functools.cache(
        lambda: of(requests, count)
    )  # when first needed: it copies the targets

    def scalars(images: np.ndarray) -> dict[str, float]:
        return {f"{PREFIX}{name}": value for name, value in scored()(images).items()}

    return (Measure(count, scalars),)


def of(requests: Requests, count: int) -> Callable[[np.ndarray], dict[str, float]]:
    """The scores of the first `count` samples [count, h, w, c], of the part that was asked for."""
    config = requests.config
    assert isinstance(config, GAN)
    asked, target = config.condition.asked, requests(range(count)).x
    return lambda images: pairs.scores(asked(images), asked(target))


def beside(requests: Requests, count: int) -> dict[str, dict[str, float]]:
    """The scores of what is made without learning, and of the targets themselves, by name."""
    config, shown = requests.config, requests(range(count))
    assert isinstance(config, GAN)
    scored, given = of(requests, count), sources.of(config, shown)
    found = trivial.answers(config.condition, given, config.data.kind.shape)
    return {name: scored(made) for name, made in found.items()} | {"target": scored(shown.x)}


def write(folder: Path, count: int, rows: Mapping[str, Mapping[str, float]]) -> str:
    """Writes the scores of `count` pairs by what they are of, as JSON and as a table to the folder
    of a run's evaluation; returns the table."""
    names = list(next(iter(rows.values())))
    lines = [[title, *(f"{row[name]:.4g}" for name in names)] for title, row in rows.items()]
    table = tables.markdown([f"{count:,} pairs", *names], lines)
    place = disk.folder(folder, layout.EVALUATION)
    content = {"pairs": count, "scores": rows}
    disk.write_whole(place / layout.PAIRS, disk.to_json(content, indent=2).encode())
    disk.write_whole(place / layout.PAIRS_TABLE, f"{table}\n{CAPTION}\n".encode())
    return table
