"""The deep convolutional pair (Radford et al. 2015, arXiv 1511.06434), at any size.

Each convolution has stride 2, so `n` of them need images whose sides are multiples of 2**n. One
that a BatchNorm follows has no bias: the mean that is taken off cancels it, so its gradient is
rounding noise, which Adam would scale up to a random walk that differs from device to device.

Dense layers start Glorot uniform, as in Keras (`dcgan`), or like the convolutions at
N(0, kernel_stddev), as in the paper (`dcgan_normal`).
"""

import math
from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.config import Config, Network
from gan_jax.errors import UserError
from gan_jax.networks import parts
from gan_jax.networks.discriminator import Discriminator, with_heads
from gan_jax.networks.layers import Dropout
from gan_jax.networks.parts import GLOROT, pooled


class Generator(parts.Body):
    """Latents [n, d] to images [n, height, width, channels] in [-1, 1].

    A dense layer makes a map of `features[0]` channels; then one transposed convolution for each
    further entry and one to the image, all with stride 2.
    """

    ignores = ("output",)
    image_shape: tuple[int, int, int]
    dense_init: Callable

    @nn.compact
    def __call__(self, latents: jax.Array, labels: jax.Array, train: bool) -> jax.Array:
        layer, network = self.parts(labels, train), self.network
        height, width, channels = self.image_shape
        first, *rest = network.features
        scale = 2 ** len(network.features)
        base = (height // scale, width // scale, first)
        x = layer.dense(latents, math.prod(base), kernel_init=self.dense_init)
        x = x.reshape(-1, *base)  # [n, height / scale, width / scale, first]
        x = layer.activated(layer.norm(x))
        for features in rest:
            biased = not layer.normalises
            x = layer.conv_transpose(x, features, network.kernel_size, use_bias=biased)
            x = layer.activated(layer.norm(x))  # twice the height and width
        x = layer.conv_transpose(x, channels, network.kernel_size)
        return jnp.tanh(x.astype(jnp.float32))


class Body(parts.Body):
    """Images [n, height, width, channels] in [-1, 1] to features, by one convolution for each of
    `features`.

    No BatchNorm on the first layer, as in the paper.
    """

    @nn.compact
    def __call__(self, images: jax.Array, labels: jax.Array, train: bool) -> jax.Array:
        layer, network = self.parts(labels, train), self.network
        x = images.astype(self.dtype)
        for number, features in enumerate(network.features):
            normalised = number > 0 and layer.normalises
            x = layer.conv(x, features, network.kernel_size, stride=2, use_bias=not normalised)
            x = layer.activated(layer.norm(x) if normalised else x)
        return Dropout(network.dropout_rate)(pooled(network, x), train)


def generator(config: Config, normal: bool = False) -> Generator:
    """The generator of `config`. Raises `UserError` when the strides do not divide the image."""
    network, data = config.gen, config.data
    check_divisible(config, len(network.features))
    shape = (data.height, data.width, data.channels)
    fields = parts.of_config(config, network, nn.initializers.normal(network.kernel_stddev))
    return Generator(**fields, image_shape=shape, dense_init=_dense_init(network, normal))


def discriminator(config: Config, normal: bool = False) -> Discriminator:
    """The discriminator of `config`. Raises `UserError` as `generator` does."""
    network = config.disc
    check_divisible(config, len(network.features))
    fields = parts.of_config(config, network, nn.initializers.normal(network.kernel_stddev))
    return with_heads(config, Body(**fields), _dense_init(network, normal))


def _dense_init(network: Network, normal: bool) -> Callable:
    return nn.initializers.normal(network.kernel_stddev) if normal else GLOROT


def check_divisible(config: Config, layers: int) -> None:
    """Raises `UserError` when that many layers cannot each halve the sides of the images."""
    scale = 2**layers
    for side in ("height", "width"):
        size = getattr(config.data, side)
        if size % scale:
            near = max(scale, round(size / scale) * scale)
            raise UserError(
                f"data.{side}={size} is not a multiple of {scale}, which {layers} "
                f"stride-2 layers need; set data.{side}={near}."
            )


def check_hidden(network: Network, part: str) -> None:
    """Raises `UserError` when a pair with a hidden dense layer is given no other layer."""
    if len(network.features) < 2:
        raise UserError(
            f"{part}.name={network.name} needs two {part}.features or more, one of them for a "
            f"dense layer; set {part}.features=1024,128 or the like."
        )
