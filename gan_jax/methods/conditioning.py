"""The inputs of a generator and their condition, which all methods make alike."""

from collections.abc import Callable

import jax

from gan_jax.data.conditions import NOTHING, Given
from gan_jax.method import Condition, Example, Inputs, LabelledSource
from gan_jax.methods.sections import Config
from gan_jax.networks import latents


def condition_of(config: Config, given: Given = NOTHING) -> Callable[[Example], Condition]:
    """What networks are conditioned on for examples [n] in the model's range: their classes
    int32 [n], source pictures [n, h, w, c], both or neither."""
    given.check(config.data.kind)

    def condition(examples: Example) -> Condition:
        label, source = config.data.condition(examples), given.picture(examples)
        if source is None:
            return label
        return source if label is None else LabelledSource(source, label)

    return condition


def inputs_of(
    config: Config, condition: Callable[[Example], Condition]
) -> Callable[[jax.Array, Example | None], Inputs]:
    """The function `inputs` of a `Method` for `config`: (keys [n], examples) -> Inputs."""
    draw = latents.sampler(config.latents)

    def inputs(keys: jax.Array, examples: Example | None = None) -> Inputs:
        return Inputs(draw(keys), None if examples is None else condition(examples))

    return inputs
