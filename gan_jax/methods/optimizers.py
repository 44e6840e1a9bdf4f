"""Optimizers by name, from optax, with the rates that the config schedules."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import jax
import optax

from gan_jax.config import Decay, NonNegative, Part, Positive
from gan_jax.methods import schedules
from gan_jax.methods.sections import Train

Rate = jax.Array | float


@dataclass(frozen=True)
class Optimizer(Part):
    """A rule by which gradients become updates; `final_...` is where `train.schedule` leads."""

    learning_rate: NonNegative = 2e-4
    final_learning_rate: NonNegative | None = None

    decay_field: ClassVar[str] = ""
    """The other field that has a `final_...` one."""

    def rule(self, rate: Rate, decay: Rate) -> optax.GradientTransformation:
        """The optimizer, with rates that may change from step to step."""
        raise NotImplementedError


@dataclass(frozen=True)
class Adam(Optimizer, name="adam"):
    """Kingma and Ba 2014, arXiv 1412.6980."""

    b1: Decay = 0.5
    b2: Decay = 0.999
    epsilon: Positive = 1e-8
    final_b2: Decay | None = None

    decay_field: ClassVar[str] = "b2"

    def rule(self, rate: Rate, decay: Rate) -> optax.GradientTransformation:
        return optax.adam(rate, b1=self.b1, b2=decay, eps=self.epsilon)


@dataclass(frozen=True)
class SGD(Optimizer, name="sgd"):
    """Gradient descent with momentum."""

    momentum: Decay = 0.5

    def rule(self, rate: Rate, decay: Rate) -> optax.GradientTransformation:
        return optax.sgd(rate, momentum=self.momentum)


class Nesterov(SGD, name="nesterov"):
    """Gradient descent with Nesterov's momentum."""

    def rule(self, rate: Rate, decay: Rate) -> optax.GradientTransformation:
        return optax.sgd(rate, momentum=self.momentum, nesterov=True)


@dataclass(frozen=True)
class RMSProp(Optimizer, name="rmsprop"):
    """Gradients over the root of the running mean of their squares.

    `epsilon` is added to the root, as in Keras and PyTorch; under it, 1e-7 would act as 3e-4.
    """

    decay: Decay = 0.999
    epsilon: Positive = 1e-8
    final_decay: Decay | None = None

    decay_field: ClassVar[str] = "decay"

    def rule(self, rate: Rate, decay: Rate) -> optax.GradientTransformation:
        return optax.rmsprop(rate, decay=decay, eps=self.epsilon, eps_in_sqrt=False)


def make(
    optimizer: Optimizer, field: str, train: Train, updates_per_step: int = 1
) -> optax.GradientTransformation:
    """The optax optimizer of its settings; `field` is where they stand, for errors."""
    ranges = [(0.0, None, ""), (0.0, None, "")]
    for number, name in enumerate(("learning_rate", optimizer.decay_field)):
        if name:
            ends = getattr(optimizer, name), getattr(optimizer, f"final_{name}")
            ranges[number] = (*ends, f"{field}.final_{name}")
    if all(end is None for _, end, _ in ranges):
        return optimizer.rule(*(start for start, _, _ in ranges))
    made = [schedules.make(train, *each) for each in ranges]
    # optax counts updates, and schedules are of steps
    in_steps: list[Callable] = [lambda count, at=at: at(count // updates_per_step) for at in made]
    return optax.inject_hyperparams(optimizer.rule)(*in_steps)
