"""Optimizers by name, from optax, with the rates that the config schedules."""

from collections.abc import Callable
from functools import partial

import jax
import optax

from gan_jax.config import Optimizer, Train
from gan_jax.errors import choose
from gan_jax.methods import schedules

Rate = jax.Array | float

OPTIMIZERS: dict[str, Callable[[Optimizer, Rate, Rate], optax.GradientTransformation]] = {
    "adam": lambda c, rate, b2: optax.adam(rate, b1=c.b1, b2=b2, eps=c.epsilon),
    "sgd": lambda c, rate, b2: optax.sgd(rate, momentum=c.b1),
    "nesterov": lambda c, rate, b2: optax.sgd(rate, momentum=c.b1, nesterov=True),
    # epsilon is added to the root, as in Keras and PyTorch; under it, 1e-7 would act as 3e-4
    "rmsprop": lambda c, rate, b2: optax.rmsprop(rate, decay=b2, eps=c.epsilon, eps_in_sqrt=False),
}
"""Each row takes its section, its learning rate and its b2, which may change from step to step."""


def make(
    section: Optimizer, field: str, train: Train, updates_per_step: int = 1
) -> optax.GradientTransformation:
    """The optimizer that `section.name` names; `field` is where it stands, for errors."""
    row = partial(choose(OPTIMIZERS, f"{field}.name", section.name), section)
    ends = section.final_learning_rate, section.final_b2
    if ends == (None, None):
        return row(section.learning_rate, section.b2)
    rate, b2 = (
        schedules.make(train, start, end, f"{field}.{name}")
        for start, end, name in (
            (section.learning_rate, ends[0], "final_learning_rate"),
            (section.b2, ends[1], "final_b2"),
        )
    )
    # optax counts updates, and schedules are of steps
    in_steps = (lambda count, at=at: at(count // updates_per_step) for at in (rate, b2))
    return optax.inject_hyperparams(row)(*in_steps)
