"""BEGAN's decoder, which is also its generator, and its encoder (Berthelot et al. 2017, arXiv
1703.10717, section 3.5), with ELU and without normalisation.

G has the same number of channels in all maps; the encoder has more in each smaller one.
"""

import math

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.config import Config
from gan_jax.networks import parts
from gan_jax.networks.dcgan import check_divisible
from gan_jax.networks.discriminator import Discriminator, with_heads
from gan_jax.networks.parts import GLOROT

TAPS = 3
PER_MAP = 2
"""Convolutions of a map's size."""


class Generator(parts.Body):
    """Latents [n, d] to images [n, height, width, channels], by maps of as many sizes as there are
    `features`, each enlarged to twice the size of the one before."""

    ignores = ("norm",)
    image_shape: tuple[int, int, int]

    @nn.compact
    def __call__(self, latents: jax.Array, labels: jax.Array, train: bool) -> jax.Array:
        layer, (height, width, channels) = self.parts(labels, train), self.image_shape
        halvings = len(self.network.features) - 1
        base = (height >> halvings, width >> halvings, self.network.features[0])
        x = layer.dense(latents, math.prod(base)).reshape(-1, *base)
        for size, features in enumerate(self.network.features):
            for number in range(PER_MAP):
                conv = layer.enlarged_conv if size and not number else layer.conv
                x = nn.elu(conv(x, features, TAPS))
        x = layer.conv(x, channels, TAPS).astype(jnp.float32)
        return jnp.tanh(x) if self.network.output == "tanh" else x


class Body(parts.Body):
    """Images [n, height, width, channels] to codes [n, code_features], by maps of as many sizes as
    there are `features`; a convolution of stride 2 makes the next."""

    ignores = ("dropout_rate", "norm", "pooling")

    @nn.compact
    def __call__(self, images: jax.Array, labels: jax.Array, train: bool) -> jax.Array:
        layer, network = self.parts(labels, train), self.network
        x = nn.elu(layer.conv(images.astype(self.dtype), network.features[0], TAPS))
        for size, features in enumerate(network.features):
            if size:
                x = nn.elu(layer.conv(x, features, TAPS, stride=2))
            for _ in range(PER_MAP):
                x = nn.elu(layer.conv(x, features, TAPS))
        return layer.dense(x.reshape(x.shape[0], -1), network.code_features)


def generator(config: Config) -> Generator:
    """The generator of `config`. Raises `UserError` when the strides do not divide the image."""
    data = config.data
    check_divisible(config, len(config.gen.features) - 1)
    shape = (data.height, data.width, data.channels)
    return Generator(**parts.of_config(config, config.gen, GLOROT), image_shape=shape)


def discriminator(config: Config) -> Discriminator:
    """The encoder with linear heads. Raises `UserError` as `generator` does."""
    check_divisible(config, len(config.disc.features) - 1)
    return with_heads(config, Body(**parts.of_config(config, config.disc, GLOROT)), GLOROT)
