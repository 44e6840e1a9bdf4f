"""keras-dcgan's pair: G enlarges by nearest neighbours, D shrinks by max pooling, both with tanh.

All convolutions have stride 1. All kernels start Glorot uniform, as in Keras. The dense layer that
a BatchNorm follows has no bias, for the reason that `dcgan` gives.

G's convolutions of enlarged images are computed on the small ones, as transposed convolutions.
"""

import math

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax import ops
from gan_jax.config import Config, Network
from gan_jax.errors import UserError
from gan_jax.networks.dcgan import GLOROT, check_divisible, check_hidden
from gan_jax.networks.discriminator import Discriminator, with_heads
from gan_jax.networks.layers import BatchNorm


class Generator(nn.Module):
    """Latents [n, d] to images [n, height, width, channels] in [-1, 1].

    `features` are those of a dense layer, of the map that a second one makes, and of each
    convolution but the last, which makes the image. Each follows an enlargement by two.
    """

    network: Network
    image_shape: tuple[int, int, int]
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, latents: jax.Array, labels: jax.Array, train: bool) -> jax.Array:
        network, (height, width, channels) = self.network, self.image_shape
        hidden, first, *rest = network.features
        scale = 2 ** (1 + len(rest))
        base = (height // scale, width // scale, first)
        batch_norm = network.norm == "batch"
        x = jnp.tanh(nn.Dense(hidden, dtype=self.dtype, kernel_init=GLOROT)(latents))
        dense = nn.Dense(
            math.prod(base), use_bias=not batch_norm, dtype=self.dtype, kernel_init=GLOROT
        )
        x = dense(x)
        if batch_norm:
            norm = BatchNorm(network.batch_norm_momentum, network.batch_norm_epsilon, x.dtype)
            x = norm(x, train)
        x = jnp.tanh(x).reshape(-1, *base)
        for features in rest:
            x = jnp.tanh(EnlargedConv(features, network.kernel_size, self.dtype)(x))
        x = EnlargedConv(channels, network.kernel_size, self.dtype)(x)
        return jnp.tanh(x.astype(jnp.float32))


class Body(nn.Module):
    """Images [n, height, width, channels] in [-1, 1] to features [n, features[-1]].

    `features` are those of each convolution, which max pooling by two follows, and of a dense
    layer. The first convolution keeps the size of the image, the others see whole windows only.
    """

    network: Network
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, images: jax.Array, labels: jax.Array, train: bool) -> jax.Array:
        network, x = self.network, images.astype(self.dtype)
        *maps, hidden = network.features
        for layer, features in enumerate(maps):
            conv = _conv(network, features, self.dtype, padding="VALID" if layer else "SAME")
            x = max_pool(jnp.tanh(conv(x)))
        x = x.reshape(x.shape[0], -1)
        return jnp.tanh(nn.Dense(hidden, dtype=self.dtype, kernel_init=GLOROT)(x))


def _conv(network: Network, features: int, dtype: jnp.dtype, padding: str) -> ops.Conv:
    return ops.Conv(
        features,
        kernel_size=network.kernel_size,
        padding=padding,
        kernel_init=GLOROT,
        dtype=dtype,
    )


class EnlargedConv(nn.Module):
    """[n, h, w, c], enlarged by two to nearest neighbours and convolved: [n, 2h, 2w, features]."""

    features: int
    kernel_size: int
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        shape = (self.kernel_size, self.kernel_size, x.shape[-1], self.features)
        kernel = self.param("kernel", GLOROT, shape)
        bias = self.param("bias", nn.initializers.zeros_init(), (self.features,))
        x = enlarged_conv(x.astype(self.dtype), kernel)
        return x + bias.astype(self.dtype).reshape(1, 1, 1, -1)


def enlarged_conv(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """`conv` by kernel [k, k, in, out] of x [n, h, w, in] enlarged by two to nearest neighbours.

    The enlargement is a transposed convolution with four ones, so both together are one with
    k + 1 taps a side, of which each pixel sees a quarter: 9 products in place of 25, for k = 5.
    """
    taps = len(kernel)
    kernel = jnp.pad(kernel, ((0, 1), (0, 1), (0, 0), (0, 0)))
    for axis in (0, 1):
        kernel += jnp.roll(kernel, 1, axis)  # zeros come round
    pads = ((taps - 1) // 2 + 1, taps - (taps - 1) // 2)
    return ops.conv_transpose(x, kernel.astype(x.dtype), stride=2, padding=(pads, pads))


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
    return Generator(config.gen, (data.height, data.width, data.channels), _dtype(config))


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
    return with_heads(config, Body(network, _dtype(config)), GLOROT)


def _dtype(config: Config) -> jnp.dtype:
    return jnp.dtype(config.train.compute_dtype)
