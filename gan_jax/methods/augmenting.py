"""The augmentation probability: fixed, scheduled or adaptive (ADA)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar, NamedTuple

import jax
import jax.numpy as jnp
from annotated_types import MinLen

from gan_jax.config import Count, Part, Positive, Share
from gan_jax.method import Metrics
from gan_jax.methods import schedules
from gan_jax.methods.sections import Train

State = dict[str, jax.Array]
"""Scalars of the adaptive probability, part of the training state."""

Names = Annotated[tuple[str, ...], MinLen(1)]


class Augmenting(NamedTuple):
    """How the probability follows from the scalars and the step, and how these are updated.

    update: (scalars, mean sign of D's logits on real examples, step) -> (scalars, reports).
    """

    probability: Callable[[State, jax.Array], jax.Array | float]
    start: tuple[tuple[str, float], ...] = ()
    update: Callable[[State, jax.Array, jax.Array], tuple[State, Metrics]] = (
        lambda state, sign, step: (state, {})
    )


class Augment(Part):
    """What all that D sees goes through, real and fake: the augmentations that `names` lists, rows
    of gan_jax.objectives.augmentations.AUGMENTATIONS, each made to each image with a probability.
    """

    names: tuple[str, ...]

    def make(self, train: Train) -> Augmenting:
        """The probability in training."""
        raise NotImplementedError


@dataclass(frozen=True)
class NoAugment(Augment, name="none"):
    """D sees images as they are."""

    names: ClassVar[tuple[str, ...]] = ()  # type: ignore[misc]

    def make(self, train: Train) -> Augmenting:
        return Augmenting(lambda state, step: 0.0)


@dataclass(frozen=True)
class FixedAugment(Augment, name="fixed"):
    """A constant probability, or one that `train.schedule` leads to `final_probability`."""

    implied_by: ClassVar[str] = "names"

    names: Names = ("color", "translation", "cutout")
    probability: Share = 1.0
    final_probability: Share | None = None

    def make(self, train: Train) -> Augmenting:
        end = self.final_probability
        at = schedules.make(train, self.probability, end, "augment.final_probability")
        return Augmenting(lambda state, step: at(step))


@dataclass(frozen=True)
class AdaptiveAugment(Augment, name="adaptive"):
    """The probability rises while D is more certain of real examples than the target, and falls
    while it is less (Karras et al. 2020, arXiv 2006.06676, section 3.1 and r_t of equation 1).

    target: of the mean sign of D's logits on real examples, in [0, 1].
    adapt_images: how many images a change of the probability by 1 takes.
    """

    names: Names = ("color", "translation", "cutout")
    probability: Share = 0.0  # at first
    target: Share = 0.6
    adapt_images: Positive = 500_000.0
    adapt_every_steps: Count = 4

    def make(self, train: Train) -> Augmenting:
        every = self.adapt_every_steps
        change = train.batch_size * every / self.adapt_images

        def update(state: State, sign: jax.Array, step: jax.Array) -> tuple[State, Metrics]:
            signs = state["signs"] + sign / every
            moved = state["probability"] + jnp.sign(signs - self.target) * change
            due = (step + 1) % every == 0
            probability = jnp.where(due, jnp.maximum(moved, 0), state["probability"])
            after = {"probability": probability, "signs": jnp.where(due, 0, signs)}
            return after, {"augment/probability": probability, "d/sign_real": sign}

        return Augmenting(
            probability=lambda state, step: state["probability"],
            start=(("probability", self.probability), ("signs", 0.0)),
            update=update,
        )
