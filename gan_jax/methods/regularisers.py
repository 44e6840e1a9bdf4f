"""What keeps D regular: the penalty that its updates descend, and the projection after them."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp

from gan_jax.methods import schedules
from gan_jax.methods.network_state import Tree
from gan_jax.methods.sections import Train
from gan_jax.objectives import penalties

Term = Callable[[penalties.View, jax.Array], jax.Array]
"""(view, step) -> what D's loss has added, a scalar of this device's examples."""


def penalty(settings: penalties.Penalty, train: Train) -> Term | None:
    """The weighted penalty, a scalar of a view and a step; None where there is none.

    With `every_steps` k it is applied every k steps and scaled by k (lazy regularisation, Karras et
    al. 2020, arXiv 1912.04958, appendix B). It is a term of D's one update, so Adam's rates need
    none of the corrections that an update of its own would.
    """
    if not isinstance(settings, penalties.GradientPenalty):
        return None
    measure, every = settings.measure, settings.every_steps
    ends = settings.weight, settings.final_weight
    weight = schedules.make(train, *ends, "penalty.final_weight")

    def term(view: penalties.View, step: jax.Array) -> jax.Array:
        return weight(step) * every * measure(view).mean()

    def lazy(view: penalties.View, step: jax.Array) -> jax.Array:
        return jax.lax.cond(step % every == 0, lambda: term(view, step), lambda: jnp.zeros(()))

    return term if every == 1 else lazy


def projection(settings: penalties.Penalty) -> Callable[[Tree], Tree]:
    """Parameters to the nearest ones within `clip_weights` of zero (Arjovsky et al. 2017, arXiv
    1701.07875, algorithm 1, line 7); where that is 0, to themselves."""
    bound = settings.clip_weights
    if isinstance(bound, jax.Array):  # varied, and of some settings none
        bound = jnp.where(bound == 0, jnp.inf, bound)
    elif not bound:
        return lambda params: params
    clip = partial(jnp.clip, min=-bound, max=bound)
    return partial(jax.tree.map, clip)
