"""Scores of pictures that were made from pictures, beside what can be made without learning."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from gan_jax.data import Dataset
from gan_jax.evaluation import sources, tables
from gan_jax.methods import GAN
from gan_jax.methods.sampling import Requests
from gan_jax.metrics import label_maps, pairs, trivial
from gan_jax.metrics.measures import Measure
from gan_jax.system import disk, layout

CAPTION = (
    "Means over pairs. psnr (dB, of 255 levels over all channels) and ssim (of luma): higher is "
    "nearer; l1 and chroma (Cb and Cr), in levels: lower is nearer; sharpness (the Laplacian of "
    "luma) and colourfulness: best where that of the target is. Of pictures made from label maps, "
    "map_accuracy (of pixels) and map_iou (mean over labels): how well a network that learned on "
    "real pairs reads the map from the picture, best where that of the target is; shuffled is the "
    "target of another pair. Of pictures that are to be their sources but for the class, "
    "l1_changed (l1 where source and target differ) and l1_kept (elsewhere); those of the source "
    "are of doing nothing."
)
MOST = 1_000
"""Pairs that are scored."""
PREFIX = "pairs/"

Rows = Mapping[str, Mapping[str, float]]
"""Scores by name, of each thing that was scored."""


def measures(requests: Requests, dataset: Dataset) -> tuple[Measure, ...]:
    """The scores of a run's first samples by their pairs, under names that begin with `PREFIX`;
    none where it makes pictures of latents, or its targets are not known.

    What they need is made at once, which may train a network: in a loop that has a state to save a
    signal would wait for it.
    """
    if not requests.has_targets:
        return ()
    assert requests.pictures is not None
    count = min(MOST, len(requests.pictures.x))
    scored = of(requests, count, label_maps.reader(dataset))

    def scalars(images: np.ndarray) -> dict[str, float]:
        return {f"{PREFIX}{name}": value for name, value in scored(images).items()}

    return (Measure(count, scalars),)


def of(
    requests: Requests, count: int, read: label_maps.Reader | None
) -> Callable[[np.ndarray], dict[str, float]]:
    """The scores of the first `count` samples [count, h, w, c], of the part that was asked for; by
    what was to change, where that is known; and by the label maps that they are made from where
    `read` reads them."""
    config, shown = requests.config, requests(range(count))
    assert isinstance(config, GAN)
    asked = config.condition.asked

    def scores(images: np.ndarray) -> dict[str, float]:
        found = pairs.scores(asked(images), asked(shown.x))
        if requests.has_counterfactuals:
            found |= pairs.by_change(images, shown.x, shown.source)
        return found | (read(images, shown.source) if read else {})

    return scores


def beside(
    requests: Requests, count: int, read: label_maps.Reader | None
) -> dict[str, dict[str, float]]:
    """The scores of what is made without learning, [count, h, w, c], and of the targets themselves,
    by name."""
    config, shown = requests.config, requests(range(count))
    assert isinstance(config, GAN)
    made = dict(trivial.answers(config.condition, sources.of(config, shown), shown.x.shape[1:]))
    if read:
        made["shuffled"] = np.roll(shown.x, 1, axis=0)
    scored = of(requests, count, read)
    return {name: scored(images) for name, images in (made | {"target": shown.x}).items()}


def write(folder: Path, count: int, rows: Rows) -> str:
    """Writes the scores of `count` pairs as JSON and as a table to the folder of a run's
    evaluation; returns the table."""
    shown = tables.markdown(*table(count, rows))
    place = disk.folder(folder, layout.EVALUATION)
    content = {"pairs": count, "scores": rows}
    disk.write_whole(place / layout.PAIRS, disk.to_json(content, indent=2).encode())
    disk.write_whole(place / layout.PAIRS_TABLE, f"{shown}\n{CAPTION}\n".encode())
    return shown


def table(count: int, rows: Rows) -> tuple[list[str], list[list[str]]]:
    """The head and the rows of a table of the scores of `count` pairs."""
    names = dict.fromkeys(name for row in rows.values() for name in row)
    lines = [
        [title, *(f"{row[name]:.4g}" if name in row else "" for name in names)]
        for title, row in rows.items()
    ]
    return [f"{count:,} pairs", *names], lines


def read(folder: Path) -> tuple[int, Rows]:
    """How many pairs were scored in a run's evaluation, and their scores; 0 and none where these
    are missing or damaged."""
    try:
        found = json.loads(disk.read(folder / layout.EVALUATION / layout.PAIRS))
        rows = {
            title: {name: value for name, value in row.items() if type(value) is float}
            for title, row in found["scores"].items()
        }
        return int(found["pairs"]), rows
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return 0, {}
