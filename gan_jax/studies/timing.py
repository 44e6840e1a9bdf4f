"""How long a step of each arm takes, by training the first run of each for a moment."""

from collections.abc import Sequence
from pathlib import Path

from gan_jax.config import override
from gan_jax.methods import Config
from gan_jax.run import environment
from gan_jax.run.writers import read_rows
from gan_jax.studies.plan import Job
from gan_jax.system import layout

STAGE = "timing"
SHARE, FEWEST = 100, 8
"""A hundredth of a run's steps is timed, and no fewer steps than these."""


def jobs(planned: Sequence[Job]) -> list[Job]:
    """A short run for each arm, of one seed, as its first job has it."""
    first = {job.arm: job for job in reversed(planned)}
    return [
        job._replace(stage=STAGE, config=_short(job.config)) for job in reversed(first.values())
    ]


def _short(config: Config) -> Config:
    steps = max(config.train.num_steps // SHARE, FEWEST) // 2 * 2
    changes = {"train.num_steps": steps, "train.num_seeds": 1, "log.every_steps": steps // 2}
    changes |= {f"{part}.every_steps": 0 for part in ("sample", "checkpoint", "evaluate")}
    return override(config, changes)


def on_accelerators(study: Path, timed: Sequence[Job]) -> bool:
    """Whether what was timed trained on other devices than CPUs."""
    found = [environment.recorded(study / job.folder).get("devices", ()) for job in timed]
    return any(not str(device).startswith("cpu") for devices in found for device in devices)


def seconds(study: Path, timed: Sequence[Job]) -> dict[str, float]:
    """Seconds of a step, by arm, of those that were timed; the last row counts, as the first has
    what happens once."""
    found = {}
    for job in timed:
        last = next(reversed(read_rows(study / job.folder / layout.METRICS)), {})
        if rate := last.get("images_per_second"):
            found[job.arm] = job.config.train.batch_size / rate
    return found
