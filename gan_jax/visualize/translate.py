"""Pictures that were made from pictures, between their sources and their targets."""

from pathlib import Path

import numpy as np

from gan_jax.evaluation import sources
from gan_jax.methods import GAN, sampling
from gan_jax.metrics import pairs
from gan_jax.metrics.trivial import as_target
from gan_jax.run import pictures, runs
from gan_jax.run.runs import Run
from gan_jax.visualize import panels, subject
from gan_jax.visualize.options import NotForThisRun, Options
from gan_jax.visualize.panels import Panel

SHOWN, SIDES = 16, 2


def translate(run: Run, options: Options, folder: Path) -> list[Path]:
    """Rows of source, made, target and the difference of these two, of test pictures.

    Where G is asked for a class and no such pictures of it are known, there is no target, and rows
    end with what was made.
    """
    subject.pictures_only(run, "translate")
    if not sampling.takes_pictures(run.config):
        raise NotForThisRun(
            "translate is of runs that make pictures from pictures, and this one makes them of "
            "latents; choose samples."
        )
    assert isinstance(run.config, GAN)
    subject.dataset(run, "translate")
    numbers = range(min(SHOWN, options.num_samples))
    requests = runs.requests(run, runs.class_numbers(run, options.classes))
    shown = requests(numbers)
    made = subject.images(run, subject.numbered(run, options, numbers))
    rows = [as_target(sources.of(run.config, shown), made.shape[1:]), made]
    columns, captions, said = ["source", "made"], [["", ""]] * len(made), "Of the classes in turn"
    if requests.has_counterfactuals or not run.config.data.num_classes:
        asked = run.config.condition.asked
        psnr = pairs.psnr(asked(made), asked(shown.x))
        rows += [shown.x, np.abs(made.astype(int) - shown.x).astype(np.uint8)]
        columns += ["target", "error"]
        captions = [["", f"{value:.1f} dB", "", ""] for value in psnr]
        said = f"Under what was made its PSNR, {psnr.mean():.2f} dB in the mean"
    table = np.stack(rows, axis=1)
    sides = [
        Panel(
            table[part],
            rows=[str(i) for i in part],
            columns=columns,
            captions=[text for i in part for text in captions[i]],
        )
        for part in np.array_split(np.arange(len(made)), min(SIDES, len(made)))
    ]
    path = folder / "translate.png"
    sheet = panels.sheet(sides, "Pictures from pictures", subject.note(run, said))
    pictures.write_png(path, sheet)
    return [path]
