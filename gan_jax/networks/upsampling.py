"""keras-dcgan's pair: G enlarges by nearest neighbours, D shrinks by max pooling, both with tanh.

All convolutions have stride 1. All kernels start Glorot uniform, as in Keras. The dense layer that
a BatchNorm follows has no bias, for the reason that `dcgan` gives.
"""

import math

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.config import Config
from gan_jax.errors import UserError
from gan_jax.networks import parts
from gan_jax.networks.dcgan import check_divisible, check_hidden
from gan_jax.networks.discriminator import Discriminator, with_heads
from gan_jax.networks.parts import GLOROT


class Generator(parts.Body):
    """Latents [n, d] to images [n, height, width, channels] in [-1, 1].

    `features` are those of a dense layer, of the map that a second one makes, and of each
    convolution but the last, which makes the image. Each follows an enlargement by two.
    """

    ignores = ("output",)
    image_shape: tuple[int, int, int]

    @nn.compact
    def __call__(self, latents: jax.Array, labels: jax.Array, train: bool) -> jax.Array:
        layer, kernel_size = self.parts(labels, train), self.network.kernel_size
        height, width, channels = self.image_shape
        hidden, first, *rest = self.network.features
        scale = 2 ** (1 + len(rest))
        base = (height // scale, width // scale, first)
        x = jnp.tanh(layer.dense(latents, hidden))
        x = layer.dense(x, math.prod(base), use_bias=not layer.normalises)
        x = jnp.tanh(layer.norm(x)).reshape(-1, *base)
        for features in rest:
            x = jnp.tanh(layer.enlarged_conv(x, features, kernel_size))
        x = layer.enlarged_conv(x, channels, kernel_size)
        return jnp.tanh(x.astype(jnp.float32))


class Body(parts.Body):
    """Images [n, height, width, channels] in [-1, 1] to features [n, features[-1]].

    `features` are those of each convolution, which max pooling by two follows, and of a dense
    layer. The first convolution keeps the size of the image, the others see whole windows only.
    """

    ignores = ("dropout_rate", "norm", "pooling")

    @nn.compact
    def __call__(self, images: jax.Array, labels: jax.Array, train: bool) -> jax.Array:
        layer, x = self.parts(labels, train), images.astype(self.dtype)
        *maps, hidden = self.network.features
        for number, features in enumerate(maps):
            padding = "VALID" if number else "SAME"
            x = layer.conv(x, features, self.network.kernel_size, padding=padding)
            x = max_pool(jnp.tanh(x))
        return jnp.tanh(layer.dense(x.reshape(x.shape[0], -1), hidden))


def max_pool(x: jax.Array) -> jax.Array:
    """[n, h, w, c] to [n, h // 2, w // 2, c], the largest of each 2x2; an odd last line is left.

    Equal to flax's `max_pool` but where values tie, which here share the gradient. XLA's gradient
    of a window's maximum is slow on the CPU.
    """
    n, height, width, channels = x.shape
    x = x[:, : height // 2 * 2, : width // 2 * 2]
    return x.reshape(n, height // 2, 2, width // 2, 2, channels).max(axis=(2, 4))


def generator(config: Config) -> Generator:
    """The generator of `config`. Raises `UserError` for what cannot be built."""
    data = config.data
    check_hidden(config.gen, "gen")
    check_divisible(config, len(config.gen.features) - 1)
    shape = (data.height, data.width, data.channels)
    return Generator(**parts.of_config(config, config.gen, GLOROT), image_shape=shape)


def discriminator(config: Config) -> Discriminator:
    """The discriminator of `config`. Raises `UserError` as `generator` does."""
    network = config.disc
    check_hidden(network, "disc")
    for side in ("height", "width"):
        size = getattr(config.data, side)
        for layer in range(len(network.features) - 1):
            size = (size - (network.kernel_size - 1 if layer else 0)) // 2
        if size < 1:
            raise UserError(
                f"data.{side}={getattr(config.data, side)} is too small for disc.name="
                f"{network.name} with disc.features={network.features}; enlarge it."
            )
    return with_heads(config, Body(**parts.of_config(config, network, GLOROT)), GLOROT)
