"""With which probability what D sees is augmented: a fixed one, a scheduled or an adaptive one."""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from gan_jax.config import Config
from gan_jax.errors import UserError
from gan_jax.method import Metrics
from gan_jax.methods import schedules
from gan_jax.objectives.losses import Control, Loss


class Augmenting(NamedTuple):
    """How the probability is had from the control and the step, and how the control follows.

    follow: (control, mean sign of D's logits on real examples, step) -> (control, reports).
    """

    probability: Callable[[Control, jax.Array], jax.Array | float]
    start: tuple[tuple[str, float], ...] = ()
    follow: Callable[[Control, jax.Array, jax.Array], tuple[Control, Metrics]] = (
        lambda control, sign, step: (control, {})
    )


def make(config: Config, loss: Loss) -> Augmenting:
    """What `config.augment` asks for. Raises `UserError` for two ways at once, and for a target
    that nothing can follow."""
    section = config.augment
    if not section.adapt_target:
        end = section.final_probability
        at = schedules.make(config.train, section.probability, end, "augment.final_probability")
        return Augmenting(lambda control, step: at(step))
    if section.final_probability is not None:
        raise UserError(
            "augment.adapt_target and augment.final_probability are two ways to move the "
            "probability; leave one out."
        )
    if not section.names:
        raise UserError(
            "augment.adapt_target moves the probability of changes, and there are none; set "
            "augment.names=color,translation,cutout or some of these."
        )
    if not loss.on_signs:
        raise UserError(
            f"augment.adapt_target is of the signs of D's logits, by which loss.name="
            f"{config.loss.name} does not tell real from fake; set loss.name=non_saturating or "
            "augment.adapt_target=0."
        )
    return _adaptive(config)


def _adaptive(config: Config) -> Augmenting:
    """The probability rises while D is more certain of real examples than the target, and falls
    while it is less (Karras et al. 2020, arXiv 2006.06676, section 3.1 and r_t of equation 1)."""
    section, every = config.augment, config.augment.adapt_every_steps
    change = config.train.batch_size * every / section.adapt_images

    def follow(control: Control, sign: jax.Array, step: jax.Array) -> tuple[Control, Metrics]:
        signs = control["signs"] + sign / every
        moved = control["probability"] + jnp.sign(signs - section.adapt_target) * change
        due = (step + 1) % every == 0
        probability = jnp.where(due, jnp.maximum(moved, 0), control["probability"])
        after = {"probability": probability, "signs": jnp.where(due, 0, signs)}
        return after, {"augment/probability": probability, "d/sign_real": sign}

    return Augmenting(
        probability=lambda control, step: control["probability"],
        start=(("probability", section.probability), ("signs", 0.0)),
        follow=follow,
    )
