"""Optimizers by name, from optax, with the rates that the config schedules."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
import optax

from gan_jax.config import Decay, Natural, NonNegative, Part, Positive
from gan_jax.methods import schedules
from gan_jax.methods.sections import Train

Rate = jax.Array | float


@dataclass(frozen=True)
class Optimizer(Part):
    """A rule by which gradients become updates; `final_...` is where `train.schedule` leads.

    halve_every_steps: the learning rate is halved after every k steps, as GAN-CLS and StackGAN have
        it (arXiv 1605.05396 and 1612.03242); 0 is never.
    weight_decay: times the weights is added to the gradient, that of weight_decay / 2 times their
        squared norm in the loss. It is the L2 regularisation of PyTorch's Adam, as DiscoGAN has it
        (arXiv 1703.05192), and not the decoupled decay of AdamW. It is of all parameters.
    clip_norm: the bound on the global norm of the gradient, that of the weight decay included, as
        C-RNN-GAN has it (arXiv 1611.09904); 0 is none.
    historical_averaging: the weight of |theta - mean theta_i|^2 in the loss, where the mean is over
        the parameters theta_i of all updates so far, this one's among them (Salimans et al. 2016,
        arXiv 1606.03498, section 3.3). The gradient is that of the sum; the loss and the norm that
        are reported are without it.
    """

    learning_rate: NonNegative = 2e-4
    final_learning_rate: NonNegative | None = None
    halve_every_steps: Natural = field(default=0, kw_only=True)
    weight_decay: NonNegative = field(default=0.0, kw_only=True)
    clip_norm: NonNegative = field(default=0.0, kw_only=True)
    historical_averaging: NonNegative = field(default=0.0, kw_only=True)

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
    made = _prepared(optimizer, _rule(optimizer, field, train, updates_per_step))
    # a weight that is varied ends the trace here: the mean is state, of all settings or of none
    return _historical(optimizer, made) if optimizer.historical_averaging > 0 else made


def _rule(
    optimizer: Optimizer, field: str, train: Train, updates_per_step: int
) -> optax.GradientTransformation:
    ranges = [(0.0, None, ""), (0.0, None, "")]
    for number, name in enumerate(("learning_rate", optimizer.decay_field)):
        if name:
            ends = getattr(optimizer, name), getattr(optimizer, f"final_{name}")
            ranges[number] = (*ends, f"{field}.final_{name}")
    every = optimizer.halve_every_steps
    if all(end is None for _, end, _ in ranges) and not every:
        return optimizer.rule(*(start for start, _, _ in ranges))
    rate, decay = (schedules.make(train, *each) for each in ranges)
    if every:
        rate = schedules.halved(rate, every)
    # optax counts updates, and schedules are of steps
    in_steps: list[Callable] = [
        lambda count, at=at: at(count // updates_per_step) for at in (rate, decay)
    ]
    return optax.inject_hyperparams(optimizer.rule)(*in_steps)


def _prepared(
    optimizer: Optimizer, rule: optax.GradientTransformation
) -> optax.GradientTransformation:
    """The rule on gradients with weight decay, then clipped; the state is the rule's own."""
    stages = []
    if schedules.is_there(optimizer.weight_decay):
        stages.append(optax.add_decayed_weights(optimizer.weight_decay))
    if schedules.is_there(bound := optimizer.clip_norm):
        # one that is varied may be none in some settings
        stages.append(optax.clip_by_global_norm(jnp.where(bound == 0, jnp.inf, bound)))
    if not stages:
        return rule

    def update(grads: Any, state: Any, params: Any = None) -> tuple[Any, Any]:
        for stage in stages:
            grads, _ = stage.update(grads, optax.EmptyState(), params)
        return rule.update(grads, state, params)

    return optax.GradientTransformation(rule.init, update)


class History(NamedTuple):
    """The parameters of all updates so far."""

    updates: jax.Array  # int32
    mean: Any
    rule: Any  # the state of what follows


def _historical(
    optimizer: Optimizer, rule: optax.GradientTransformation
) -> optax.GradientTransformation:
    """The rule on gradients to which that of historical averaging is added."""
    weight = optimizer.historical_averaging

    def init(params: Any) -> History:
        mean = jax.tree.map(jnp.zeros_like, params)
        return History(jnp.zeros((), jnp.int32), mean, rule.init(params))

    def update(grads: Any, state: History, params: Any = None) -> tuple[Any, History]:
        number = state.updates + 1
        mean = optax.incremental_update(params, state.mean, 1 / number)
        grads = jax.tree.map(
            lambda grad, now, past: grad + 2 * weight * (now - past), grads, params, mean
        )
        updates, after = rule.update(grads, state.rule, params)
        return updates, History(number, mean, after)

    return optax.GradientTransformation(init, update)
