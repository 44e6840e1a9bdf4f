"""Samples from a finished or running run, as one grid, single pictures and an array."""

import contextlib
import zipfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import IO

import jax
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
    numbers = runs.class_numbers(opened, classes)
    requests = runs.requests(opened, numbers)
    folder = place(opened, output, seed, numbers)
    with disk.explained(folder, "--output"):
        Writer(opened, requests)(seed, num_samples, formats, folder)
    print(f"Wrote {num_samples} samples of step {opened.step} to {printable(folder)}")
    return folder


def place(run: Run, output: str | Path | None, seed: int, classes: tuple[int, ...] = ()) -> Path:
    """The folder for what is made of a run: `output`, by default one in the run directory."""
    with disk.explained(run.workdir, "--output"):
        if output:
            return disk.folder(expanded(output))
        name = layout.generated(run.step, seed, classes)
        return disk.folder(run.workdir, layout.GENERATED, name)


class Writer:
    """Draws the samples that are requested from a run and writes them; compiled once."""

    def __init__(self, run: Run, requests: Requests):
        self._run, self._requests = run, requests
        self._images = sampling.streamer(run.config, run.method, requests)
        self._latents = sampling.latents_streamer(run.config, run.method, requests)

    def __call__(self, seed: int, count: int, formats: Sequence[str], folder: Path) -> None:
        """Writes to a folder, as `run` does, on a thread that the drawing does not wait for."""
        kind, shown = self._run.config.data.kind, list[np.ndarray]()
        key = keys.stream(keys.root(seed), Purpose.USER_SAMPLE)
        with contextlib.ExitStack() as files:
            writers: list[Callable[[int, np.ndarray], None]] = []
            if "png" in formats and kind.suffix:
                writers.append(partial(_write_files, kind, folder))
            if "npz" in formats:
                writers.append(files.enter_context(self._archive(key, count, folder)))
            thread = files.enter_context(ThreadPoolExecutor(max_workers=1))
            pending: deque[Future[None]] = deque()
            for first, part in self._parts(key, count):
                pending.extend(thread.submit(writer, first, part) for writer in writers)
                if first < kind.most_in_sheet:
                    shown.append(part[: kind.most_in_sheet - first].copy())
                while len(pending) > len(writers):  # no more than this part and the one before
                    pending.popleft().result()
            for writing in pending:
                writing.result()
        made = np.concatenate(shown)
        requested = self._requests(range(len(made)))
        grid = kind.sheet(sources.beside(self._run.config, requested, made))
        pictures.write_png(folder / layout.GENERATED_GRID, grid, kind.scale)

    def _parts(self, key: jax.Array, count: int) -> Iterator[tuple[int, np.ndarray]]:
        """Parts [n, ...] of the images, as they come from the devices, with their first numbers."""
        first = 0
        with tqdm(total=count, desc="drawing", disable=None, leave=False) as bar:
            for part in self._images(self._run.state, key, count):
                yield first, part
                first += len(part)
                bar.update(len(part))

    @contextlib.contextmanager
    def _archive(
        self, key: jax.Array, count: int, folder: Path
    ) -> Iterator[Callable[[int, np.ndarray], None]]:
        """Writes samples.npz, whose images are handed to it part by part: no more is in memory."""
        with (
            disk.whole(folder / layout.GENERATED_ARRAYS) as file,
            zipfile.ZipFile(file, "w") as archive,
        ):
            with _array(archive, "images", count) as add:
                yield add
            _write_array(archive, "latents", self._latents(key, count), count)
            if names := runs.class_names(self._run):
                labels = self._requests.labels(np.arange(count))
                _write_array(archive, "labels", [labels], count)
                _write_array(archive, "class_names", [np.array(names)], len(names))


def _write_files(kind: Kind, folder: Path, first: int, images: np.ndarray) -> None:
    """Writes images [n, ...], one file each, from the number `first` on."""
    for number, image in enumerate(images, first):
        disk.write_whole(folder / f"{number:05d}{kind.suffix}", kind.file(image))


def _write_array(
    archive: zipfile.ZipFile, name: str, parts: Iterable[np.ndarray], count: int
) -> None:
    with _array(archive, name, count) as add:
        first = 0
        for part in parts:
            add(first, part)
            first += len(part)


@contextlib.contextmanager
def _array(
    archive: zipfile.ZipFile, name: str, count: int
) -> Iterator[Callable[[int, np.ndarray], None]]:
    """A function that adds rows, from a number on, to an array of `count` rows, which is written as
    np.savez does: compressing pictures saves a twentieth and takes as long as a fifth of drawing
    them."""
    member = zipfile.ZipInfo(f"{name}.npy")  # dated 1980, so that equal arrays are equal files
    with archive.open(member, "w", force_zip64=True) as file:

        def add(first: int, part: np.ndarray) -> None:
            if first == 0:
                _write_header(file, part, count)
            file.write(np.ascontiguousarray(part).tobytes())

        yield add


def _write_header(file: IO[bytes], part: np.ndarray, count: int) -> None:
    described = {
        "descr": np.lib.format.dtype_to_descr(part.dtype),
        "fortran_order": False,
        "shape": (count, *part.shape[1:]),
    }
    np.lib.format.write_array_header_2_0(file, described)
