"""The pair of SNGAN's plain convolutional networks, and StudioGAN's DCGAN, which is the same pair.

Miyato et al. 2018, arXiv 1802.05957, table 3: kernels of 4 where the stride is 2, else of 3, so
that no output pixel sees more taps than its neighbour. StudioGAN's DCGAN has BatchNorm and ReLU in
D and the sum of the last map (`pooling`); at 32x32 with 128 latents G has 3,812,355 parameters and
D 2,931,009. The published counts have a bias in every layer, so these have one too.
"""

import math

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.config import Config, Network
from gan_jax.networks import parts
from gan_jax.networks.dcgan import check_divisible
from gan_jax.networks.discriminator import Discriminator, with_heads
from gan_jax.networks.layers import Dropout
from gan_jax.networks.parts import pooled

STRIDED, PLAIN = 4, 3
"""Taps of a side, with stride 2 and with stride 1."""


class Generator(parts.Body):
    """Latents [n, d] to images [n, height, width, channels] in [-1, 1].

    A dense layer makes a map of `features[0]` channels; a transposed convolution for each further
    entry doubles its sides, and a plain one makes the image.
    """

    ignores = ("output",)
    image_shape: tuple[int, int, int]

    @nn.compact
    def __call__(self, latents: jax.Array, labels: jax.Array, train: bool) -> jax.Array:
        layer, (height, width, channels) = self.parts(labels, train), self.image_shape
        first, *rest = self.network.features
        base = (height >> len(rest), width >> len(rest), first)
        x = layer.dense(latents, math.prod(base)).reshape(-1, *base)
        for features in rest:
            x = layer.activated(layer.norm(layer.conv_transpose(x, features, STRIDED)))
        return jnp.tanh(layer.conv(x, channels, PLAIN).astype(jnp.float32))


class Body(parts.Body):
    """Images [n, height, width, channels] in [-1, 1] to features, by a plain and a halving
    convolution for each of `features` but the last, which has a plain one."""

    @nn.compact
    def __call__(self, images: jax.Array, labels: jax.Array, train: bool) -> jax.Array:
        layer, x = self.parts(labels, train), images.astype(self.dtype)
        *halving, last = self.network.features
        for features in halving:
            x = layer.activated(layer.norm(layer.conv(x, features, PLAIN)))
            x = layer.activated(layer.norm(layer.conv(x, features, STRIDED, stride=2)))
        x = layer.activated(layer.norm(layer.conv(x, last, PLAIN)))
        return Dropout(self.network.dropout_rate)(pooled(self.network, x), train)


def generator(config: Config) -> Generator:
    """The generator of `config`. Raises `UserError` when the strides do not divide the image."""
    data = config.data
    shape = (data.height, data.width, data.channels)
    return Generator(**_fields(config, config.gen), image_shape=shape)


def discriminator(config: Config) -> Discriminator:
    """The discriminator of `config`. Raises `UserError` as `generator` does."""
    fields = _fields(config, config.disc)
    return with_heads(config, Body(**fields), fields["kernel_init"])


def _fields(config: Config, network: Network) -> dict:
    check_divisible(config, len(network.features) - 1)
    init = nn.initializers.normal(network.kernel_stddev)
    return parts.of_config(config, network, init)
