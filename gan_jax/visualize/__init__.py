"""Pictures of a run by name: `python launch.py --mode=visualize --workdir=RUN --what=NAME,...`.

Each row of `PICTURES` is a function that looks at a run and writes files into a folder. Where a
picture makes no sense for a run, it raises `NotForThisRun` with one sentence that says why.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from gan_jax.errors import UserError, choose
from gan_jax.run import runs
from gan_jax.run.runs import Places, Run
from gan_jax.system import disk, layout, user_cache
from gan_jax.system.names import expanded, printable
from gan_jax.visualize.arithmetic import arithmetic
from gan_jax.visualize.edit import edit
from gan_jax.visualize.interpolate import interpolate
from gan_jax.visualize.lab import lab
from gan_jax.visualize.manifold import manifold
from gan_jax.visualize.neighbours import neighbours
from gan_jax.visualize.options import NotForThisRun, Options
from gan_jax.visualize.progress import progress
from gan_jax.visualize.project import project
from gan_jax.visualize.reconstruct import reconstruct
from gan_jax.visualize.samples import samples
from gan_jax.visualize.sweep import sweep
from gan_jax.visualize.translate import translate

__all__ = ["PICTURES", "NotForThisRun", "Options", "Picture", "run"]


class Picture(NamedTuple):
    """draw: (run, options, folder) -> the files it wrote, the one to look at first first."""

    draw: Callable[[Run, Options, Path], list[Path]]
    title: str  # what it shows, for a reader of the report
    uses: frozenset[str]  # the fields of the options that change it


PICTURES: dict[str, Picture] = {
    "samples": Picture(
        samples, "Random samples", frozenset({"seed", "num_samples", "nice", "classes"})
    ),
    "sweep": Picture(
        sweep,
        "One latent coordinate at a time",
        frozenset({"seed", "animate", "classes", "directions"}),
    ),
    "interpolate": Picture(
        interpolate, "From one sample to another", frozenset({"seed", "animate", "classes"})
    ),
    "arithmetic": Picture(
        arithmetic, "Arithmetic of latents", frozenset({"seed", "operands", "concept", "classes"})
    ),
    "manifold": Picture(manifold, "The latent plane", frozenset()),
    "reconstruct": Picture(reconstruct, "Reconstructions", frozenset()),
    "project": Picture(
        project, "Inversions", frozenset({"seed", "num_samples", "classes", "inputs"})
    ),
    "edit": Picture(
        edit, "Edits by strokes", frozenset({"seed", "classes", "operands", "strokes"})
    ),
    "translate": Picture(
        translate, "Pictures from pictures", frozenset({"seed", "num_samples", "classes"})
    ),
    "progress": Picture(progress, "The training", frozenset()),
    "neighbours": Picture(
        neighbours, "The nearest training images", frozenset({"seed", "num_samples", "classes"})
    ),
    "lab": Picture(lab, "The game in the plane, and the optimal D", frozenset({"seed", "animate"})),
}


def run(
    workdir: str | Path,
    what: tuple[str, ...],
    options: Options,
    step: int | str | None = None,
    output: str | Path | None = None,
    places: Places | None = None,
) -> list[Path]:
    """Writes the named pictures, or `all` that make sense, to `output`, by default to
    pictures/step_NNNNNNNN in `workdir`.

    Raises `UserError` for no name or an unknown one, for an option that none of them uses, and for
    no run; and, after all others are drawn, for a picture that a run cannot have, unless it was
    asked for by `all`.
    """
    user_cache.keep_compiled_programs()
    if not what:
        raise UserError(f"Which pictures? Add --what=all, or some of {', '.join(PICTURES)}.")
    chosen = [(name, choose(PICTURES, "--what", name)) for name in what if name != "all"]
    if "all" in what:
        chosen = list(PICTURES.items())
    _check_used(options, dict(chosen))
    opened = runs.open_run(workdir, step, places)
    runs.class_numbers(opened, options.classes)
    with disk.explained(opened.workdir, "--output"):
        if output:
            folder = disk.folder(expanded(output))
        else:
            folder = disk.folder(opened.workdir, layout.PICTURES, layout.at_step(opened.step))
    written: list[Path] = []
    refused: list[str] = []
    with disk.explained(folder, "--output"):
        for name, picture in chosen:
            try:
                files = picture.draw(opened, options, folder)
            except NotForThisRun as reason:
                if "all" in what:
                    print(f"{name}: left out. {reason}")
                else:
                    refused.append(str(reason))
                continue
            more = f" and {len(files) - 1} more" if files[1:] else ""
            print(f"{name}: {printable(files[0])}{more}")
            written += files
    if refused:
        raise NotForThisRun(" ".join(refused))
    return written


def _check_used(options: Options, chosen: dict[str, Picture]) -> None:
    """Raises `UserError` for an option other than its default that no chosen picture uses."""
    plain = Options()
    for field in Options._fields:
        uses = [name for name, picture in PICTURES.items() if field in picture.uses]
        if getattr(options, field) != getattr(plain, field) and not set(uses) & set(chosen):
            flag = "sample_seed" if field == "seed" else field
            raise UserError(
                f"--{flag} changes nothing in {', '.join(chosen)}; add one of {', '.join(uses)} to "
                f"--what, or leave --{flag} out."
            )
