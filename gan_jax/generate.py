"""Samples from a finished or running run, as one grid, single pictures and an array."""

from pathlib import Path

import numpy as np
from tqdm import tqdm

from gan_jax import keys, pictures, runs, sampling, user_cache
from gan_jax.disk import full_disk_is_an_error
from gan_jax.keys import Purpose


def run(workdir: str | Path, num_samples: int, seed: int, step: int | None = None) -> Path:
    """Draws samples from the averaged generator of a checkpoint, the last one by default.

    Writes grid.png, one PNG each and samples.npz (`images`, uint8 [n, h, w, c]; `latents`) to
    generated/step_NNNNNNNN_seed_N in the run directory and returns that folder. Points have no
    PNGs of their own, and grid.png is a scatter. Sample i depends on the seed and on i alone.
    Raises `UserError` when there is no run or no such checkpoint.
    """
    user_cache.keep_compiled_programs()
    opened = runs.open_run(workdir, step)
    key = keys.stream(keys.root(seed), Purpose.USER_SAMPLE)
    images = sampling.sampler(opened.config, opened.method)(opened.state, key, num_samples)
    folder = opened.workdir / "generated" / f"step_{opened.step:08d}_seed_{seed}"
    with full_disk_is_an_error(folder):
        folder.mkdir(parents=True, exist_ok=True)
        pictures.write_png(folder / "grid.png", *pictures.sheet(images))
        alone = images[:0] if opened.config.data.is_points else images
        for number, image in enumerate(tqdm(alone, desc="writing", disable=None, leave=False)):
            pictures.write_png(folder / f"{number:05d}.png", image)
        z = np.asarray(sampling.draw_latents(opened.config, key, 0, num_samples))
        np.savez_compressed(folder / "samples.npz", images=images, latents=z)
    print(f"Wrote {num_samples} samples of step {opened.step} to {folder}")
    return folder
