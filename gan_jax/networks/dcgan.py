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

from gan_jax import ops
from gan_jax.config import Config, Network
from gan_jax.errors import UserError
from gan_jax.networks.discriminator import Discriminator, with_heads
from gan_jax.networks.layers import BatchNorm, Dropout


class Generator(nn.Module):
    """Latents [n, d] to images [n, height, width, channels] in [-1, 1].

    A dense layer makes a map of `features[0]` channels; then one transposed convolution for each
    further entry and one to the image, all with stride 2.
    """

    network: Network
    image_shape: tuple[int, int, int]
    dtype: jnp.dtype
    dense_init: Callable

    @nn.compact
    def __call__(self, latents: jax.Array, labels: jax.Array, train: bool) -> jax.Array:
        network, (height, width, channels) = self.network, self.image_shape
        first, *rest = network.features
        scale = 2 ** len(network.features)
        base = (height // scale, width // scale, first)
        x = nn.Dense(math.prod(base), dtype=self.dtype, kernel_init=self.dense_init)(latents)
        x = x.reshape(-1, *base)  # [n, height / scale, width / scale, first]
        x = activated(network, x, train)
        for features in rest:
            x = ops.ConvTranspose(features, **convolution(network, self.dtype))(x)
            x = activated(network, x, train)  # twice the height and width
        x = ops.ConvTranspose(channels, **convolution(network, self.dtype, normalised=False))(x)
        return jnp.tanh(x.astype(jnp.float32))


class Body(nn.Module):
    """Images [n, height, width, channels] in [-1, 1] to features, one convolution for each of
    `features`.

    No BatchNorm on the first layer, as in the paper.
    """

    network: Network
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, images: jax.Array, labels: jax.Array, train: bool) -> jax.Array:
        network, x = self.network, images.astype(self.dtype)
        for layer, features in enumerate(network.features):
            x = ops.Conv(features, **convolution(network, self.dtype, normalised=layer > 0))(x)
            x = activated(network, x, train, normalised=layer > 0)
        x = x.reshape(x.shape[0], -1)
        return Dropout(network.dropout_rate)(x, train)


GLOROT = nn.initializers.glorot_uniform()


def convolution(network: Network, dtype: jnp.dtype, normalised: bool = True) -> dict:
    """The fields of a layer of `ops` that halves or doubles the sides of its input."""
    return {
        "use_bias": network.norm == "none" or not normalised,
        "kernel_size": network.kernel_size,
        "stride": 2,
        "padding": "SAME",
        "kernel_init": nn.initializers.normal(network.kernel_stddev),
        "dtype": dtype,
    }


def activated(network: Network, x: jax.Array, train: bool, normalised: bool = True) -> jax.Array:
    """BatchNorm, where the network has it and the layer is `normalised`, then LeakyReLU."""
    if normalised and network.norm == "batch":
        x = BatchNorm(network.batch_norm_momentum, network.batch_norm_epsilon, x.dtype)(x, train)
    return nn.leaky_relu(x, network.negative_slope)


def generator(config: Config, normal: bool = False) -> Generator:
    """The generator of `config`. Raises `UserError` when the strides do not divide the image."""
    network, data = config.gen, config.data
    check_divisible(config, len(network.features))
    shape = (data.height, data.width, data.channels)
    return Generator(network, shape, _dtype(config), _dense_init(network, normal))


def discriminator(config: Config, normal: bool = False) -> Discriminator:
    """The discriminator of `config`. Raises `UserError` as `generator` does."""
    network = config.disc
    check_divisible(config, len(network.features))
    return with_heads(config, Body(network, _dtype(config)), _dense_init(network, normal))


def _dense_init(network: Network, normal: bool) -> Callable:
    return nn.initializers.normal(network.kernel_stddev) if normal else GLOROT


def _dtype(config: Config) -> jnp.dtype:
    return jnp.dtype(config.train.compute_dtype)


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
