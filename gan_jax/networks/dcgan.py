"""The deep convolutional pair (Radford et al. 2015, arXiv 1511.06434), at any size.

Each convolution has stride 2, so `n` of them need images whose sides are multiples of 2**n. One
that a BatchNorm follows has no bias: the mean that is taken off cancels it, so its gradient is
rounding noise, which Adam would scale up to a random walk that differs from device to device.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax import ops
from gan_jax.config import Config, Network
from gan_jax.errors import UserError
from gan_jax.networks.layers import BatchNorm, Dropout


class Generator(nn.Module):
    """Latents [n, d] to images [n, height, width, channels] in [-1, 1].

    A dense layer makes a map of `features[0]` channels; then one transposed convolution for each
    further entry and one to the image, all with stride 2.
    """

    network: Network
    image_shape: tuple[int, int, int]
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, latents: jax.Array, labels: jax.Array, train: bool) -> jax.Array:
        network, (height, width, channels) = self.network, self.image_shape
        first, *rest = network.features
        scale = 2 ** len(network.features)
        base = (height // scale, width // scale, first)
        x = nn.Dense(base[0] * base[1] * first, dtype=self.dtype, kernel_init=GLOROT)(latents)
        x = x.reshape(-1, *base)  # [n, height / scale, width / scale, first]
        x = _activated(network, x, train)
        for features in rest:
            x = ops.ConvTranspose(features, **_convolution(network, self.dtype))(x)
            x = _activated(network, x, train)  # twice the height and width
        x = ops.ConvTranspose(channels, **_convolution(network, self.dtype, normalised=False))(x)
        return jnp.tanh(x.astype(jnp.float32))


class Discriminator(nn.Module):
    """Images [n, height, width, channels] in [-1, 1] to logits [n], one convolution per feature.

    No BatchNorm on the first layer, as in the paper.
    """

    network: Network
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, images: jax.Array, labels: jax.Array, train: bool) -> jax.Array:
        network, x = self.network, images.astype(self.dtype)
        for layer, features in enumerate(network.features):
            x = ops.Conv(features, **_convolution(network, self.dtype, normalised=layer > 0))(x)
            x = _activated(network, x, train, normalised=layer > 0)
        x = x.reshape(x.shape[0], -1)
        x = Dropout(network.dropout_rate)(x, train)
        x = nn.Dense(1, dtype=self.dtype, kernel_init=GLOROT)(x)
        return x[:, 0].astype(jnp.float32)


GLOROT = nn.initializers.glorot_uniform()


def _convolution(network: Network, dtype: jnp.dtype, normalised: bool = True) -> dict:
    return {
        "use_bias": network.norm == "none" or not normalised,
        "kernel_size": network.kernel_size,
        "stride": 2,
        "padding": "SAME",
        "kernel_init": nn.initializers.normal(network.kernel_stddev),
        "dtype": dtype,
    }


def _activated(network: Network, x: jax.Array, train: bool, normalised: bool = True) -> jax.Array:
    if normalised and network.norm == "batch":
        x = BatchNorm(network.batch_norm_momentum, network.batch_norm_epsilon, x.dtype)(x, train)
    return nn.leaky_relu(x, network.negative_slope)


def generator(config: Config) -> Generator:
    """The generator of `config`. Raises `UserError` when the strides do not divide the image."""
    data = config.data
    _check_divisible(config, config.gen)
    return Generator(config.gen, (data.height, data.width, data.channels), _dtype(config))


def discriminator(config: Config) -> Discriminator:
    """The discriminator of `config`. Raises `UserError` as `generator` does."""
    _check_divisible(config, config.disc)
    return Discriminator(config.disc, _dtype(config))


def _dtype(config: Config) -> jnp.dtype:
    return jnp.dtype(config.train.compute_dtype)


def _check_divisible(config: Config, network: Network) -> None:
    scale = 2 ** len(network.features)
    for side in ("height", "width"):
        size = getattr(config.data, side)
        if size % scale:
            near = max(scale, round(size / scale) * scale)
            raise UserError(
                f"data.{side}={size} is not a multiple of {scale}, which {len(network.features)} "
                f"stride-2 layers need; set data.{side}={near}."
            )
