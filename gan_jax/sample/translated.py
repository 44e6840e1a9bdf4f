"""Pictures of the user's own, through a run that makes pictures from pictures."""

import functools
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import jax
import numpy as np
from tqdm import tqdm

from gan_jax import keys, methods
from gan_jax.data import Folder, folder, sheets
from gan_jax.data.pictures import fit, opened
from gan_jax.errors import UserError
from gan_jax.evaluation import sources
from gan_jax.keys import Purpose
from gan_jax.method import Example
from gan_jax.methods import Config, State, sampling
from gan_jax.methods.sampling import Requests
from gan_jax.metrics.trivial import as_target
from gan_jax.run import pictures, runs
from gan_jax.run.runs import Run
from gan_jax.sample import drawn
from gan_jax.system import disk, layout, user_cache
from gan_jax.system.names import expanded, printable

MOST_IN_GRID = 64


class Translated(NamedTuple):
    """A picture of the user's, by its path in the folder, and what was made of it."""

    path: Path
    source: np.ndarray  # uint8 [h, w, c]
    made: np.ndarray  # uint8 [h', w', c']


def run(
    workdir: str | Path,
    inputs: str,
    seed: int,
    step: int | str | None = None,
    output: str | Path | None = None,
    classes: Sequence[str] = (),
) -> Path:
    """Makes a picture of each one in the folder `inputs`, by the averaged generator.

    They are what the run's `condition` would make: small pictures to enlarge, outlines, pictures
    with a white gap; each in its own size, of which networks take those that they can halve. Where
    there are classes, `classes` are those to make in turn, by name or number.
    Writes a PNG under the name of each, and grid.png of the first ones of one size beside their
    sources, to `output`, by default generated/step_NNNNNNNN_seed_N in the run directory; returns
    that folder. Raises `UserError` for a run that draws latents, one of classes where none is
    named, and where no picture can be made.
    """
    user_cache.keep_compiled_programs()
    of = runs.open_run(workdir, step)
    if not sampling.takes_pictures(of.config):
        raise UserError("This run makes pictures of latents alone; leave --inputs out.")
    names = runs.class_names(of)
    if names and not classes:
        raise UserError(f"Pictures of which class? Add --classes, one of {', '.join(names)}.")
    numbers = runs.class_numbers(of, classes)
    root = expanded(inputs)
    if not root.is_dir():
        raise UserError(f"There is no folder {printable(inputs)}; check --inputs.")
    found = folder.files(Folder(path=inputs))
    place = drawn.place(of, output, seed, numbers)
    requests = Requests(of.config, numbers)
    shown: list[Translated] = []
    with disk.explained(place, "--output"):
        count = 0
        for each in _translated(of, root, found, requests, seed):
            path = each.path.with_suffix(".png")
            pictures.write_png(disk.folder(place, *path.parts[:-1]) / path.name, each.made)
            count += 1
            if len(shown) < MOST_IN_GRID and (not shown or each.made.shape == shown[0].made.shape):
                shown.append(each)
        if not shown:
            raise UserError(f"None of the pictures in {printable(inputs)} could be used.")
        sheet = sheets.grid(np.stack([_beside(each) for each in shown]))
        scale = sheets.legible(*shown[0].made.shape[:2])
        pictures.write_png(place / layout.GENERATED_GRID, sheet, scale)
    print(f"Wrote {count} pictures of step {of.step} to {printable(place)}")
    return place


def _translated(
    run: Run, root: Path, paths: Sequence[Path], requests: Requests, seed: int
) -> Iterator[Translated]:
    """Each picture that can be used, in order; of the others it is said why not."""
    channels = sources.shape(run.config)[-1]
    for number, path in enumerate(tqdm(paths, desc="making", disable=None, leave=False)):
        name = path.relative_to(root)
        try:
            with opened(path) as picture:
                source = fit(picture, picture.height, picture.width, channels)
            make = _maker(run.config, *source.shape[:2])
            shown = Example(None, requests.labels([number]), source=source[None])
            made = np.asarray(make(run.state, seed, np.array([number]), shown))[0]
        except (UserError, OSError, ValueError, SyntaxError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0]
            tqdm.write(f"{printable(name)} is left out: {printable(reason)}", file=sys.stderr)
            continue
        yield Translated(name, source, made)


@functools.lru_cache(maxsize=8)
def _maker(config: Config, height: int, width: int) -> Callable[..., jax.Array]:
    """Compiled for source pictures of one size: (state, seed, numbers [n], examples that have them)
    to pictures, all of them stored."""
    times = config.data.kind.shape[0] // sources.shape(config)[0]
    method = methods.at_size(config, times * height, times * width)

    @jax.jit
    def make(state: State, seed: int, numbers: jax.Array, shown: Example) -> jax.Array:
        key = keys.stream(keys.root(seed), Purpose.USER_SAMPLE)
        given = sampling.inputs(config, method, key, numbers, shown)
        return config.data.kind.from_model(method.sample(state, given, True)["image"])

    return make


def _beside(each: Translated) -> np.ndarray:
    """The source at the size of what was made of it, and that, side by side."""
    return np.concatenate([as_target(each.source[None], each.made.shape)[0], each.made], axis=1)
