"""How many operations a training step has when each layer is computed directly."""

import itertools
import math

from gan_jax.config import Config, Network

PENALTY_PASSES = {"none": 0, "r1": 3, "wgan_gp": 4}
"""Passes of D that a penalty adds, for each layer: back to its input, and that pass forward and to
the weights when it is differentiated; WGAN-GP has images of its own that go forward first. What a
BatchNorm adds to second derivatives is not counted."""


def of_step(config: Config) -> int:
    """2 * outputs * taps * inputs for each layer and pass.

    D passes forward three times, to its weights twice, and back to each layer's input three times
    but for the images, to which only G's update goes. G makes one pass of each kind, none of them
    back to the latents.
    """
    first, *rest = of_disc(config)
    gen_first, *gen_rest = of_gen(config)
    penalty = PENALTY_PASSES[config.penalty.name]
    disc = (6 + penalty) * first + (8 + penalty) * sum(rest)
    return config.train.batch_size * (disc + 2 * gen_first + 3 * sum(gen_rest))


def of_disc(config: Config) -> list[int]:
    """Of one forward pass over one image, layer by layer."""
    data, network = config.data, config.disc
    area, sizes = data.height * data.width, [data.channels, *network.features]
    if network.name == "mlp":
        return _dense(area * data.channels, network, 1)
    costs = []
    for inputs, outputs in itertools.pairwise(sizes):
        area //= 4
        costs.append(2 * area * network.kernel_size**2 * inputs * outputs)
    return [*costs, 2 * area * sizes[-1]]


def of_gen(config: Config) -> list[int]:
    """Of one forward pass over one latent, layer by layer."""
    data, network = config.data, config.gen
    area, sizes = data.height * data.width, [*network.features, data.channels]
    if network.name == "mlp":
        return _dense(config.latents.dimension, network, area * data.channels)
    area //= 4 ** len(network.features)
    costs = [2 * config.latents.dimension * area * sizes[0]]
    for inputs, outputs in itertools.pairwise(sizes):
        costs.append(2 * area * network.kernel_size**2 * inputs * outputs)
        area *= 4
    return costs


def _dense(inputs: int, network: Network, outputs: int) -> list[int]:
    sizes = [inputs, *network.features, outputs]
    return [2 * math.prod(pair) for pair in itertools.pairwise(sizes)]
