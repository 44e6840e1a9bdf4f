"""What the figures of a comparison mean, in words."""

from collections.abc import Iterable, Mapping
from typing import Any

from jax.scipy.special import betainc

from gan_jax.metrics.memorisation.nearness import FEWEST_IMAGES, SHARE_OF_REAL

NUM_SAMPLES = 64
"""That are drawn for a measurement during training."""
PREFIX = "memorisation/"
"""Of the names of the figures among the metrics of a run."""
ALARM = 0.25
"""The share of samples from which on the generator is said to memorise, unless the samples
are so few that it may be chance."""
CHANCE = 1e-3
"""The probability below which a count is not taken for chance: a run is looked at many times."""


def exceeds(share: float, num_samples: int) -> bool:
    """Whether more samples are nearer than of as many new images would be but by chance: the tail
    of the binomial distribution."""
    count = round(share * num_samples)
    return float(betainc(float(count), num_samples - count + 1.0, SHARE_OF_REAL)) < CHANCE


def by_heart(share: float, num_samples: int) -> bool:
    """Whether the generator is said to memorise."""
    return share >= ALARM and exceeds(share, num_samples)


def sentence(figures: dict[str, float], num_samples: int) -> str:
    """The finding in plain words."""
    if "share" not in figures:
        count = int(figures["distinct"])
        return (
            f"Cannot say whether the generator memorises: {count} training images are distinct, "
            f"and bounds take {FEWEST_IMAGES} that differ enough."
        )
    share = figures["share"]
    finding = _counted(share, num_samples, "are")
    if by_heart(share, num_samples):
        return f"The generator learns by heart: {finding}; of new images at most 5 % are."
    if exceeds(share, num_samples):
        return f"More than new images would show: {finding}; of new images at most 5 % are."
    return f"No sign of memorisation: {finding}."


def report(step: int, figures: dict[str, float], num_samples: int) -> dict[str, Any]:
    """The finding at a step as plain values; `warning` is empty where there is none."""
    said, alarm = sentence(figures, num_samples), by_heart(figures.get("share", 0.0), num_samples)
    words = {"finding": "" if alarm else said, "warning": said if alarm else ""}
    return {**words, "step": step, "num_samples": num_samples, **figures}


def with_highest(report: dict[str, Any], rows: Iterable[Mapping[str, float]]) -> dict[str, Any]:
    """A report with the highest share in the rows of its run's metrics.jsonl, and its step; where
    that is by heart and the report has no warning of its own, it warns of that."""
    name = f"{PREFIX}share"
    shares = {int(row["step"]): row[name] for row in rows if name in row}
    if not shares:
        return report
    step, share = max(shares.items(), key=lambda item: item[1])
    warning = report.get("warning", "")
    if not warning and by_heart(share, NUM_SAMPLES):
        said = _counted(share, NUM_SAMPLES, "were")
        warning = f"At step {step:,} {said}; of new images at most 5 % are."
    return {**report, "warning": warning, "highest_share": share, "highest_step": step}


def _counted(share: float, num_samples: int, are: str) -> str:
    return (
        f"{100 * share:.0f} % of {num_samples} samples {are} nearer to a training image than real "
        "images are to each other"
    )
