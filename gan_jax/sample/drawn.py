"""Samples from a finished or running run, as one grid, single pictures and an array."""

import zipfile
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np
from tqdm import tqdm

from gan_jax import keys
from gan_jax.data.kinds import Kind
from gan_jax.evaluation import sources
from gan_jax.keys import Purpose
from gan_jax.methods import sampling
from gan_jax.methods.sampling import Requests
from gan_jax.run import pictures, runs
from gan_jax.run.runs import Run
from gan_jax.system import disk, layout, user_cache
from gan_jax.system.names import expanded, printable

FORMATS = ("png", "npz")


def run(
    workdir: str | Path,
    num_samples: int,
    seed: int,
    step: int | str | None = None,
    classes: Sequence[str] = (),
    formats: Sequence[str] = FORMATS,
    output: str | Path | None = None,
) -> Path:
    """Draws samples from the averaged generator of a checkpoint, the last one by default.

    Writes grid.png, of as many as a sheet of their kind shows, and by `formats` one file each and
    samples.npz to `output`, by default generated/step_NNNNNNNN_seed_N in the run directory, and
    returns that folder. The arrays are `images`, uint8 [n, h, w, c] or points float32 [n, 2],
    `latents` [n, d] and, for a G that is conditioned on classes, `labels` [n] and `class_names`;
    `classes` are those to draw in turn, by name or number. Points have no files of their own, and
    grid.png is a scatter. Sample i depends on the seed, its class and i alone. Raises `UserError`
    when there is no run, no such checkpoint or no such class.
    """
    user_cache.keep_compiled_programs()
    opened = runs.open_run(workdir, step)
    kind = opened.config.data.kind
    numbers = runs.class_numbers(opened, classes)
    requests = runs.requests(opened, numbers)
    with disk.explained(opened.workdir, "--output"):
        if output:
            folder = disk.folder(expanded(output))
        else:
            name = layout.generated(opened.step, seed, numbers)
            folder = disk.folder(opened.workdir, layout.GENERATED, name)
    with disk.explained(folder, "--output"):
        images = _images(opened, seed, num_samples, requests)
        if "png" in formats and kind.suffix:
            images = _as_files(images, kind, folder)
        first: list[np.ndarray] = []
        images = _noting(images, first, kind.most_in_sheet)
        if "npz" in formats:
            place = folder / layout.GENERATED_ARRAYS
            _write_arrays(opened, seed, num_samples, requests, images, place)
        for _ in images:
            pass
        made = np.concatenate(first)[: kind.most_in_sheet]
        grid = kind.sheet(sources.beside(opened.config, requests(range(len(made))), made))
        pictures.write_png(folder / layout.GENERATED_GRID, grid, kind.scale)
    print(f"Wrote {num_samples} samples of step {opened.step} to {printable(folder)}")
    return folder


def _images(run: Run, seed: int, count: int, requests: Requests) -> Iterator[np.ndarray]:
    """Parts [n, ...] of the images, as they come from the device."""
    stream = sampling.streamer(run.config, run.method, requests)
    key = keys.stream(keys.root(seed), Purpose.USER_SAMPLE)
    with tqdm(total=count, desc="drawing", disable=None, leave=False) as bar:
        for part in stream(run.state, key, count):
            yield part
            bar.update(len(part))


def _as_files(parts: Iterable[np.ndarray], kind: Kind, folder: Path) -> Iterator[np.ndarray]:
    """Writes each image of the parts [n, ...] on its way."""
    number = 0
    for part in parts:
        for image in part:
            disk.write_whole(folder / f"{number:05d}{kind.suffix}", kind.file(image))
            number += 1
        yield part


def _noting(
    parts: Iterable[np.ndarray], first: list[np.ndarray], most: int
) -> Iterator[np.ndarray]:
    """Keeps as many of the parts [n, ...] as the grid shows."""
    for part in parts:
        if sum(map(len, first)) < most:
            first.append(part)
        yield part


def _write_arrays(
    run: Run,
    seed: int,
    count: int,
    requests: Requests,
    images: Iterable[np.ndarray],
    path: Path,
) -> None:
    key = keys.stream(keys.root(seed), Purpose.USER_SAMPLE)
    inputs = partial(sampling.inputs, run.config, run.method, key)
    starts = (np.arange(first, first + sampling.CHUNK) for first in range(0, count, sampling.CHUNK))
    made = ((numbers, inputs(numbers, requests(numbers)).latents) for numbers in starts)
    latents = (np.asarray(z)[: count - numbers[0]] for numbers, z in made)
    with disk.whole(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        _write_array(archive, "images", images, count)
        _write_array(archive, "latents", latents, count)
        if names := runs.class_names(run):
            _write_array(archive, "labels", [requests.labels(np.arange(count))], count)
            _write_array(archive, "class_names", [np.array(names)], len(names))


def _write_array(
    archive: zipfile.ZipFile, name: str, parts: Iterable[np.ndarray], count: int
) -> None:
    """One array of `count` rows as np.savez writes it, but part by part: no more is in memory."""
    member = zipfile.ZipInfo(f"{name}.npy")  # dated 1980, so that equal arrays are equal files
    member.compress_type = zipfile.ZIP_DEFLATED
    with archive.open(member, "w", force_zip64=True) as file:
        for number, part in enumerate(parts):
            if number == 0:
                _write_header(file, part, count)
            file.write(np.ascontiguousarray(part).tobytes())


def _write_header(file: IO[bytes], part: np.ndarray, count: int) -> None:
    described = {
        "descr": np.lib.format.dtype_to_descr(part.dtype),
        "fortran_order": False,
        "shape": (count, *part.shape[1:]),
    }
    np.lib.format.write_array_header_2_0(file, described)
