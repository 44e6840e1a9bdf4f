"""A grid of random samples."""

from pathlib import Path

from gan_jax import keys, pictures, sampling
from gan_jax.keys import Purpose
from gan_jax.runs import Run
from gan_jax.visualize.options import Options


def samples(run: Run, options: Options, folder: Path) -> list[Path]:
    """Samples by the averaged weights, in the order of their numbers."""
    key = keys.stream(keys.root(options.seed), Purpose.USER_SAMPLE)
    images = sampling.sampler(run.config, run.method)(run.state, key, options.num_samples)
    path = folder / "samples.png"
    pictures.write_png(path, pictures.grid(images), pictures.legible(images))
    return [path]
