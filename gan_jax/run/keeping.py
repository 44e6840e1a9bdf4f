"""Which checkpoints of a run are kept: the last ones, those at an interval and the best."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from orbax.checkpoint.checkpoint_managers import AnyPreservationPolicy, EveryNSteps, LatestN

from gan_jax.methods import Checkpoint

Scores = dict[str, dict[str, float]]
"""By the number of a seed in the run, and by a name that carries the protocol; lower is better."""


def kept(config: Checkpoint) -> Any:
    """Orbax's policy for a run."""
    policies: list[Any] = [LatestN(config.keep_last), _Best()]
    if config.keep_every_steps:
        policies.append(EveryNSteps(config.keep_every_steps))
    return AnyPreservationPolicy(policies)


def best(scores: Mapping[int, Scores], number: int) -> int | None:
    """Of the scores of checkpoints by step, in order, the step with the lowest one of a seed, the
    first of equal ones; None where none was scored. The protocol of the last one alone counts."""
    found = {step: scores[step].get(str(number), {}) for step in scores}
    name = next((name for step in reversed(found) for name in found[step]), "")
    scored = [step for step in found if name in found[step]]
    return min(scored, key=lambda step: found[step][name], default=None)


def read_scores(values: Any) -> Scores:
    """The scores that a checkpoint has; none where they are anything else."""
    rows = values.items() if isinstance(values, dict) else ()
    return {
        str(number): {
            str(name): float(value)
            for name, value in row.items()
            if isinstance(value, int | float) and math.isfinite(value)
        }
        for number, row in rows
        if isinstance(row, dict)
    }


class _Best:
    """Keeps the best checkpoint of each seed."""

    def should_preserve(self, checkpoints: Sequence[Any], *, context: Any) -> list[bool]:
        """Whether each of the checkpoints is kept, as orbax asks."""
        scores = {info.step: read_scores(info.metrics) for info in checkpoints}
        numbers = {int(number) for found in scores.values() for number in found}
        steps = {best(scores, number) for number in numbers}
        return [info.step in steps for info in checkpoints]
