"""What networks are conditioned on, and the inputs of a generator, which all methods make alike."""

from collections.abc import Callable

import jax

from gan_jax.method import Condition, Example, Inputs
from gan_jax.methods.sections import Config
from gan_jax.networks import latents


def condition_of(config: Config) -> Callable[[Example], Condition]:
    """(examples [n]) -> what the networks of `config` are conditioned on, as its data say."""
    return config.data.condition


def inputs_of(config: Config) -> Callable[[jax.Array, Example | None], Inputs]:
    """The function `inputs` of a `Method` for `config`: (keys [n], examples) -> Inputs."""
    draw, condition = latents.sampler(config.latents), condition_of(config)

    def inputs(keys: jax.Array, examples: Example | None = None) -> Inputs:
        return Inputs(draw(keys), None if examples is None else condition(examples))

    return inputs
