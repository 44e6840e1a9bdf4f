"""The inputs of a generator and their condition, which all methods make alike."""

from collections.abc import Callable

import jax

from gan_jax.method import Example, Inputs
from gan_jax.methods.sections import Config
from gan_jax.networks import latents


def inputs_of(config: Config) -> Callable[[jax.Array, Example | None], Inputs]:
    """The function `inputs` of a `Method` for `config`: (keys [n], examples) -> Inputs."""
    draw, condition = latents.sampler(config.latents), config.data.condition

    def inputs(keys: jax.Array, examples: Example | None = None) -> Inputs:
        return Inputs(draw(keys), None if examples is None else condition(examples))

    return inputs
