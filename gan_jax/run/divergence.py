"""Why a run cannot go on: values that are not finite, or a generator that has collapsed."""

import json
from collections.abc import Sequence

import numpy as np

from gan_jax.devices import hosts
from gan_jax.devices.parallel import Outcome
from gan_jax.errors import Collapsed, Diverged
from gan_jax.methods import Config, variation
from gan_jax.run.checkpoint import Checkpoints
from gan_jax.run.seed_hooks import COLLAPSE
from gan_jax.run.writers import Row
from gan_jax.system.names import printable


def not_finite(config: Config, outcome: Outcome, checkpoints: Checkpoints) -> Diverged:
    """The error of a call in which a metric or a part of the state was not finite."""
    checkpoints.wait()
    finite = np.ravel(outcome.finite)
    ill = int(np.argmin(finite))  # the first such seed of several
    step = int(np.ravel(outcome.state.step)[ill])
    values = {name: np.ravel(value)[ill] for name, value in outcome.metrics.items()}
    bad = [f"{name} is {value}" for name, value in values.items() if not np.isfinite(value)]
    why = ", ".join(bad) or "a parameter is not finite"
    where = f" in {variation.named(config, ill)}" if config.num_members > 1 else ""
    steps = checkpoints.steps()
    last = f"the last good checkpoint is of step {steps[-1]}" if steps else "there is no checkpoint"
    return Diverged(
        step,
        np.flatnonzero(~finite).tolist(),
        why,
        f"Training stopped at step {step}{where}: {why}; {last} "
        f"in {printable(checkpoints.folder)}. Lower the learning rates or choose another seed, in "
        "a new run; or go on from the checkpoint by --set=train.on_nan=rollback.",
    )


def check_collapse(config: Config, step: int, values: Sequence[Row] | None) -> None:
    """Raises `Collapsed` in all processes where the generator of a seed has collapsed, as the first
    process found in the rows of the seeds."""
    rows = enumerate(values or ())
    found = hosts.exchange(json.dumps([number for number, row in rows if COLLAPSE in row]))[0]
    if seeds := json.loads(found):
        named = ", ".join(variation.named(config, number) for number in seeds)
        why = f"the generator of {named} has collapsed"
        raise Collapsed(
            step,
            seeds,
            why,
            f"Training stopped at step {step}: {why}; --step=best is the best checkpoint in the "
            "other modes.",
        )
