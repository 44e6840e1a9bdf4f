"""How many operations a training step has when each layer is computed directly."""

from functools import partial
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax import keys, ops
from gan_jax.method import Example
from gan_jax.methods import GAN, conditioning
from gan_jax.networks import latents
from gan_jax.networks.resampling import PooledConv
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
    each update of D, and for its own to the weights and back, but not to the latents. Attention's
    products of pixels are not counted.
    """
    disc_layers, gen_layers = of_disc(config), of_gen(config)
    first, *rest = disc_layers
    gen_first, *gen_rest = gen_layers
    updates, train = config.train.disc_updates, config.train
    penalty = PENALTY_PASSES[config.penalty.choice]
    if isinstance(config.penalty, GradientPenalty):
        penalty /= config.penalty.every_steps
    through = 3 if config.loss.gen_sees_real else 2  # passes of D in G's update
    disc = updates * ((4 + penalty) * first + (6 + penalty) * sum(rest))
    disc += through * sum(disc_layers)
    forward = updates + (train.gen_latents == "fresh")
    gen = (forward + 1) * gen_first + (forward + 2) * sum(gen_rest)
    return round(train.batch_size * (disc + gen))


def of_disc(config: GAN) -> list[int]:
    """Of one forward pass over one image, layer by layer."""
    return _layers(config)[1]


def of_gen(config: GAN) -> list[int]:
    """Of one forward pass over one latent, layer by layer."""
    return _layers(config)[0]


def _layers(config: GAN) -> tuple[list[int], list[int]]:
    """G's and D's layers in the order in which they are called."""
    shape, classes = config.data.kind.shape, config.data.num_classes
    gen: list[int] = []
    disc: list[int] = []

    def trace(key: jax.Array) -> None:
        x = jnp.zeros((1, *shape))
        z = latents.sampler(config.latents)(keys.per_example(key, jnp.arange(1)))
        example = Example(x, jnp.zeros(1, jnp.int32), x if config.data.has_sources else None)
        condition = conditioning.condition_of(config, config.condition)(example)
        for settings, inputs, costs in ((config.gen, z, gen), (config.disc, x, disc)):
            network = settings.build(shape, classes, jnp.dtype(jnp.float32))
            variables = network.init(key, inputs, condition, train=True)
            with nn.intercept_methods(partial(_record, costs)):
                network.apply(variables, inputs, condition, train=False)

    jax.eval_shape(trace, keys.root(0))
    return gen, disc


def _record(costs: list[int], call, arguments, fields, context) -> Any:
    """Calls a layer; its cost is appended."""
    y = call(*arguments, **fields)
    if context.method_name == "__call__" and isinstance(context.module, ops.KernelLayer | nn.Dense):
        costs.append(_of_layer(context.module, arguments[0], y))
    return y


def _of_layer(layer: Any, x: jax.Array, y: jax.Array) -> int:
    """Of one call, from x to y."""
    if isinstance(layer, nn.Dense):
        return 2 * x.size * layer.features
    # direct: pooled after the convolution, and of an upsampled map all pixels but the zeros
    at = x if isinstance(layer, PooledConv | ops.ConvTranspose) else y
    inputs = layer._inputs(x.shape[-1])
    return 2 * (at.size // at.shape[-1]) * layer.kernel_size**2 * inputs * layer.features
