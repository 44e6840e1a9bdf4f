"""How many operations a training step has when each layer is computed directly."""

import itertools
import math

from gan_jax.methods import GAN
from gan_jax.networks.settings import NetworkSettings
from gan_jax.objectives.penalties import GradientPenalty

PENALTY_PASSES = {
    "none": 0,
    "r1": 3,
    "r2": 3,
    "r1_r2": 6,
    "wgan_gp": 4,
    "wgan_gp_one_sided": 4,
    "dragan": 4,
}
"""Passes of D that a penalty adds, for each layer: back to its input, and that pass forward and to
the weights when it is differentiated; WGAN-GP has images of its own that go forward first. What a
BatchNorm adds to second derivatives is not counted."""


def of_step(config: GAN) -> int:
    """2 * outputs * taps * inputs for each layer and pass.

    Each update of D passes real images and fakes forward, to the weights, and back to each layer's
    input but the images'; G's passes fakes forward and back to the images. G passes forward for
    each update of D, and for its own to the weights and back, but not to the latents.
    """
    first, *rest = of_disc(config)
    gen_first, *gen_rest = of_gen(config)
    updates = config.train.disc_updates
    penalty = PENALTY_PASSES[config.penalty.choice]
    if isinstance(config.penalty, GradientPenalty):
        penalty /= config.penalty.every_steps
    disc = updates * ((4 + penalty) * first + (6 + penalty) * sum(rest)) + 2 * (first + sum(rest))
    gen = (updates + 1) * gen_first + (updates + 2) * sum(gen_rest)
    return round(config.train.batch_size * (disc + gen))


def of_disc(config: GAN) -> list[int]:
    """Of one forward pass over one image, layer by layer."""
    data, network = config.data, config.disc
    area, sizes = data.height * data.width, [data.channels, *network.features]
    if network.choice == "mlp":
        return _dense(area * data.channels, network, 1)
    costs = []
    for inputs, outputs in itertools.pairwise(sizes):
        area //= 4
        costs.append(2 * area * network.kernel_size**2 * inputs * outputs)
    return [*costs, 2 * area * sizes[-1]]


def of_gen(config: GAN) -> list[int]:
    """Of one forward pass over one latent, layer by layer."""
    data, network = config.data, config.gen
    area, sizes = data.height * data.width, [*network.features, data.channels]
    if network.choice == "mlp":
        return _dense(config.latents.dimension, network, area * data.channels)
    area //= 4 ** len(network.features)
    costs = [2 * config.latents.dimension * area * sizes[0]]
    for inputs, outputs in itertools.pairwise(sizes):
        costs.append(2 * area * network.kernel_size**2 * inputs * outputs)
        area *= 4
    return costs


def _dense(inputs: int, network: NetworkSettings, outputs: int) -> list[int]:
    sizes = [inputs, *network.features, outputs]
    return [2 * math.prod(pair) for pair in itertools.pairwise(sizes)]
