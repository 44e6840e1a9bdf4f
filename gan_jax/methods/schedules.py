"""Values that change while a run trains, each a function of the step.

All of a run's schedules share one form and one length, as R3GAN's burn-in has them (Huang et al.
2024, arXiv 2501.05441, appendix on training): `train.schedule` over `train.schedule_images` images,
constant before it, for `train.schedule_after_images`, and after it.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from gan_jax.errors import UserError
from gan_jax.methods.sections import Train

Schedule = Callable[[jax.Array], jax.Array | float]
"""(step) -> value."""

FORMS: dict[str, Callable[[jax.Array], jax.Array]] = {
    "linear": lambda time: time,
    "cosine": lambda time: (1 - jnp.cos(jnp.pi * time)) / 2,
}
"""How much of the way is gone at a time of [0, 1]."""


def make(train: Train, start: float, final: float | None, field: str) -> Schedule:
    """By step from `start` to `final`; constant where that is None. `field` is where it ends.

    Raises `UserError` for an end that nothing leads to.
    """
    if final is None:
        return lambda step: start
    if train.schedule == "none" or not train.schedule_images:
        raise UserError(
            f"{field}={final} is the end of a schedule; set train.schedule=cosine or linear, and "
            "train.schedule_images to its length."
        )
    form, each = FORMS[train.schedule], train.batch_size / train.schedule_images
    waits = train.schedule_after_images / train.schedule_images

    def at(step: jax.Array) -> jax.Array:
        time = jnp.asarray(step, jnp.float32) * each
        if is_there(waits):
            time = jnp.maximum(0.0, time - waits)
        return start + (final - start) * form(jnp.minimum(1.0, time))

    return at


def is_there(weight: jax.Array | float) -> bool:
    """Whether a weight, a scalar, may be other than 0; one that is varied may."""
    return isinstance(weight, jax.Array) or weight != 0


def halved(value: Schedule, every_steps: int) -> Schedule:
    """`value`, a scalar, halved after every so many steps."""
    return lambda step: value(step) * 0.5 ** (step // every_steps)
