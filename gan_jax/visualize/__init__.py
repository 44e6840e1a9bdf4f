"""Pictures of a run by name: `python launch.py --mode=visualize --workdir=RUN --what=NAME,...`.

Each row of `PICTURES` is a function that looks at a run and writes files into a folder. Where a
picture makes no sense for a run, it raises `NotForThisRun` with one sentence that says why.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from gan_jax import runs, user_cache
from gan_jax.disk import full_disk_is_an_error
from gan_jax.errors import UserError, choose
from gan_jax.runs import Run
from gan_jax.visualize.arithmetic import arithmetic
from gan_jax.visualize.interpolate import interpolate
from gan_jax.visualize.lab import lab
from gan_jax.visualize.manifold import manifold
from gan_jax.visualize.neighbours import neighbours
from gan_jax.visualize.options import NotForThisRun, Options
from gan_jax.visualize.progress import progress
from gan_jax.visualize.reconstruct import reconstruct
from gan_jax.visualize.samples import samples
from gan_jax.visualize.sweep import sweep

__all__ = ["PICTURES", "NotForThisRun", "Options", "Picture", "run"]


class Picture(NamedTuple):
    """draw: (run, options, folder) -> the files it wrote, the one to look at first first."""

    draw: Callable[[Run, Options, Path], list[Path]]
    title: str  # what it shows, for a reader of the report


PICTURES: dict[str, Picture] = {
    "samples": Picture(samples, "Random samples"),
    "sweep": Picture(sweep, "One latent coordinate at a time"),
    "interpolate": Picture(interpolate, "From one sample to another"),
    "arithmetic": Picture(arithmetic, "Arithmetic of latents"),
    "manifold": Picture(manifold, "The latent plane"),
    "reconstruct": Picture(reconstruct, "Reconstructions"),
    "progress": Picture(progress, "The training"),
    "neighbours": Picture(neighbours, "The nearest training images"),
    "lab": Picture(lab, "The game in the plane, beside the optimal D"),
}


def run(
    workdir: str | Path, what: tuple[str, ...], options: Options, step: int | None = None
) -> list[Path]:
    """Writes the named pictures, or `all` that make sense, to pictures/step_NNNNNNNN in `workdir`.

    Raises `UserError` for no name or an unknown one and for no run; and, after all others are
    drawn, for a picture that a run cannot have, unless it was asked for by `all`.
    """
    user_cache.keep_compiled_programs()
    if not what:
        raise UserError(f"Which pictures? Add --what=all, or some of {', '.join(PICTURES)}.")
    chosen = [(name, choose(PICTURES, "--what", name)) for name in what if name != "all"]
    if "all" in what:
        chosen = list(PICTURES.items())
    opened = runs.open_run(workdir, step)
    folder = opened.workdir / "pictures" / f"step_{opened.step:08d}"
    written: list[Path] = []
    refused: list[str] = []
    with full_disk_is_an_error(folder):
        folder.mkdir(parents=True, exist_ok=True)
        for name, picture in chosen:
            try:
                files = picture.draw(opened, options, folder)
            except NotForThisRun as reason:
                if "all" in what:
                    print(f"{name}: left out. {reason}")
                else:
                    refused.append(str(reason))
                continue
            print(f"{name}: {files[0]}" + (f" and {len(files) - 1} more" if files[1:] else ""))
            written += files
    if refused:
        raise NotForThisRun(" ".join(refused))
    return written
