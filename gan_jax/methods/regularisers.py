"""What keeps D regular: the penalty that its updates descend, and the projection after them."""

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp

from gan_jax import config
from gan_jax.config import Config
from gan_jax.errors import choose
from gan_jax.methods import schedules
from gan_jax.methods.player import Tree
from gan_jax.objectives import penalties

Penalty = Callable[[penalties.View, jax.Array], jax.Array]
"""(view, step) -> what D's loss has added, a scalar of this device's examples."""


def penalty(config: Config) -> Penalty | None:
    """The weighted penalty that `config` names.

    With `every_steps` k it is there at every k-th step alone, and k times as heavy (lazy
    regularisation, Karras et al. 2020, arXiv 1912.04958, appendix B). It is a term of D's one
    update, so Adam's rates need none of the corrections that an update of its own would.
    """
    section = config.penalty
    measure = choose(penalties.PENALTIES, "penalty.name", section.name)
    if section.name == "none":
        return None
    weight = schedules.make(
        config.train, section.weight, section.final_weight, "penalty.final_weight"
    )
    every = section.every_steps

    def term(view: penalties.View, step: jax.Array) -> jax.Array:
        return weight(step) * every * measure(view).mean()

    def lazy(view: penalties.View, step: jax.Array) -> jax.Array:
        return jax.lax.cond(step % every == 0, lambda: term(view, step), lambda: jnp.zeros(()))

    return term if every == 1 else lazy


def projection(section: config.Penalty) -> Callable[[Tree], Tree]:
    """Parameters to the nearest ones within `clip_weights` of zero (Arjovsky et al. 2017, arXiv
    1701.07875, algorithm 1, line 7); where that is 0, to themselves."""
    if not section.clip_weights:
        return lambda params: params
    clip = partial(jnp.clip, min=-section.clip_weights, max=section.clip_weights)
    return partial(jax.tree.map, clip)
