"""The residual pair of WGAN-GP, SNGAN, projection GAN and SAGAN, at any size that halves.

Gulrajani et al. 2017, arXiv 1704.00028, appendix C; Miyato et al. 2018, arXiv 1802.05957, tables 4
to 6; Zhang et al. 2018, arXiv 1805.08318, with `attention` and `kernel_norm`. Of the last map,
WGAN-GP takes the mean over its pixels and SNGAN the sum: `pooling`. At 32x32 D halves
twice of four times (`resampled` 2), at 48x48 and at 128x128 in every block but the last.

Kernels of residual convolutions start at Xavier uniform times the square root of 2, others at
Xavier uniform, as in the code of arXiv 1802.05957. Only a layer that a BatchNorm follows directly
has no bias, for the reason that `dcgan` gives.
"""

import math

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.config import Config
from gan_jax.errors import UserError
from gan_jax.networks import parts
from gan_jax.networks.attention import SelfAttention
from gan_jax.networks.dcgan import check_divisible
from gan_jax.networks.discriminator import Discriminator, with_heads
from gan_jax.networks.layers import Dropout
from gan_jax.networks.parts import GLOROT, Parts, pooled
from gan_jax.networks.resampling import enlarged, mean_pooled

RESIDUAL = nn.initializers.variance_scaling(2.0, "fan_avg", "uniform")


class UpBlock(nn.Module):
    """[n, h, w, c] to [n, 2h, 2w, features]: twice normalised, activated and convolved, and added
    to a convolution by single pixels."""

    features: int

    @nn.compact
    def __call__(self, x: jax.Array, layer: Parts) -> jax.Array:
        taps, biased = layer.network.kernel_size, not layer.normalises
        y = layer.activated(layer.norm(x))
        y = layer.enlarged_conv(y, self.features, taps, use_bias=biased, kernel_init=RESIDUAL)
        y = layer.activated(layer.norm(y))
        y = layer.conv(y, self.features, taps, kernel_init=RESIDUAL)
        return y + enlarged(layer.conv(x, self.features, 1, name="shortcut"))


class DownBlock(nn.Module):
    """[n, h, w, c] to `features` channels, and to half the sides where it is `halved`.

    The first block of a network takes the image as it is. What changes nothing has no shortcut's
    convolution.
    """

    features: int
    halved: bool
    first: bool

    @nn.compact
    def __call__(self, x: jax.Array, layer: Parts) -> jax.Array:
        taps, biased = layer.network.kernel_size, not layer.normalises
        y = x if self.first else layer.activated(layer.norm(x))
        y = layer.conv(y, self.features, taps, use_bias=biased, kernel_init=RESIDUAL)
        y = layer.activated(layer.norm(y))
        last = layer.pooled_conv if self.halved else layer.conv
        y = last(y, self.features, taps, kernel_init=RESIDUAL)
        if self.halved:
            x = mean_pooled(x)
        elif x.shape[-1] == self.features:
            return y + x
        return y + layer.conv(x, self.features, 1, name="shortcut")


class Generator(parts.Body):
    """Latents [n, d] to images [n, height, width, channels] in [-1, 1].

    A dense layer makes a map of `features[0]` channels; each further entry is a block that doubles
    its sides, and a convolution makes the image.
    """

    ignores = ("output",)
    image_shape: tuple[int, int, int]

    @nn.compact
    def __call__(self, latents: jax.Array, labels: jax.Array, train: bool) -> jax.Array:
        layer, network = self.parts(labels, train), self.network
        height, width, channels = self.image_shape
        first, *rest = network.features
        base = (height >> len(rest), width >> len(rest), first)
        x = layer.dense(latents, math.prod(base)).reshape(-1, *base)
        for features in rest:
            x = UpBlock(features)(x, layer)
            if x.shape[1] == network.attention:
                x = SelfAttention()(x, layer)
        x = layer.activated(layer.norm(x, of_labels=False))
        return jnp.tanh(layer.conv(x, channels, network.kernel_size).astype(jnp.float32))


class Body(parts.Body):
    """Images [n, height, width, channels] in [-1, 1] to features, by one block for each of
    `features`, of which the first `resampled` halve the sides; 0 is all of them."""

    @nn.compact
    def __call__(self, images: jax.Array, labels: jax.Array, train: bool) -> jax.Array:
        layer, network = self.parts(labels, train), self.network
        x, halved = images.astype(self.dtype), network.resampled or len(network.features)
        for number, features in enumerate(network.features):
            x = DownBlock(features, halved=number < halved, first=number == 0)(x, layer)
            if x.shape[1] == network.attention and number < halved:
                x = SelfAttention()(x, layer)
        x = layer.activated(layer.norm(x))
        return Dropout(network.dropout_rate)(pooled(network, x), train)


def generator(config: Config) -> Generator:
    """The generator of `config`. Raises `UserError` for what cannot be built."""
    data = config.data
    check_divisible(config, len(config.gen.features) - 1)
    _check_attention(config, "gen")
    shape = (data.height, data.width, data.channels)
    return Generator(**parts.of_config(config, config.gen, GLOROT), image_shape=shape)


def discriminator(config: Config) -> Discriminator:
    """The discriminator of `config`. Raises `UserError` as `generator` does."""
    network = config.disc
    check_divisible(config, network.resampled or len(network.features))
    _check_attention(config, "disc")
    return with_heads(config, Body(**parts.of_config(config, network, GLOROT)), GLOROT)


def _check_attention(config: Config, part: str) -> None:
    network = getattr(config, part)
    blocks = network.resampled or len(network.features) - (part == "gen")
    heights = [config.data.height >> block for block in range(blocks + 1)]
    heights = heights[:-1] if part == "gen" else heights[1:]
    if network.attention and network.attention not in heights:
        raise UserError(
            f"{part}.attention={network.attention} is the height of none of its maps; choose one "
            f"of {', '.join(map(str, heights))}, or 0 for no attention."
        )
