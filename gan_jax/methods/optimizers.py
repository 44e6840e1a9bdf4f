"""Optimizers by name, from optax."""

from collections.abc import Callable

import optax

from gan_jax.config import Optimizer
from gan_jax.errors import choose

OPTIMIZERS: dict[str, Callable[[Optimizer], optax.GradientTransformation]] = {
    "adam": lambda c: optax.adam(c.learning_rate, b1=c.b1, b2=c.b2, eps=c.epsilon),
    "sgd": lambda c: optax.sgd(c.learning_rate, momentum=c.b1),
    "nesterov": lambda c: optax.sgd(c.learning_rate, momentum=c.b1, nesterov=True),
    # epsilon is added to the root, as in Keras and PyTorch; under it, 1e-7 would act as 3e-4
    "rmsprop": lambda c: optax.rmsprop(
        c.learning_rate, decay=c.b2, eps=c.epsilon, eps_in_sqrt=False
    ),
}


def make(config: Optimizer, field: str) -> optax.GradientTransformation:
    """The optimizer that `config.name` names; `field` is where the config stands, for the error."""
    return choose(OPTIMIZERS, f"{field}.name", config.name)(config)
