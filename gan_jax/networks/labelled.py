"""The pair of DCGAN-tensorflow's MNIST: each layer of G and of D is told the class.

A dense layer has the one-hot label beside its input, a convolution has it as constant maps beside
its channels; Mirza and Osindero 2014 (arXiv 1411.1784) condition the first layer alone. A layer
that a BatchNorm follows has no bias, for the reason that `dcgan` gives. All kernels start at
N(0, kernel_stddev).
"""

import math

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax import ops
from gan_jax.config import Config, Network
from gan_jax.networks.dcgan import activated, check_divisible, check_hidden, convolution
from gan_jax.networks.discriminator import Discriminator, check_classes, with_heads
from gan_jax.networks.layers import beside


class Generator(nn.Module):
    """Latents [n, d] and labels [n] to images [n, height, width, channels] in [-1, 1].

    `features` are those of a dense layer, of the map that a second one makes, and of each
    transposed convolution but the last, which makes the image; these have stride 2.
    """

    network: Network
    image_shape: tuple[int, int, int]
    num_classes: int
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, latents: jax.Array, labels: jax.Array, train: bool) -> jax.Array:
        network, (height, width, channels) = self.network, self.image_shape
        hidden, first, *rest = network.features
        scale = 2 ** (1 + len(rest))
        base = (height // scale, width // scale, first)
        code = jax.nn.one_hot(labels, self.num_classes, dtype=self.dtype)
        x = nn.Dense(hidden, **_dense(network, self.dtype))(beside(latents, code))
        x = activated(network, x, train)
        x = nn.Dense(math.prod(base), **_dense(network, self.dtype))(beside(x, code))
        x = activated(network, x, train).reshape(-1, *base)
        for features in rest:
            x = ops.ConvTranspose(features, **convolution(network, self.dtype))(beside(x, code))
            x = activated(network, x, train)  # twice the height and width
        last = ops.ConvTranspose(channels, **convolution(network, self.dtype, normalised=False))
        return jnp.tanh(last(beside(x, code)).astype(jnp.float32))


class Body(nn.Module):
    """Images [n, height, width, channels] in [-1, 1] and labels [n] to features, the one-hot
    labels among them.

    `features` are those of each convolution, with stride 2, and of a dense layer. No BatchNorm on
    the first layer.
    """

    network: Network
    num_classes: int
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, images: jax.Array, labels: jax.Array, train: bool) -> jax.Array:
        network, x = self.network, images.astype(self.dtype)
        *maps, hidden = network.features
        code = jax.nn.one_hot(labels, self.num_classes, dtype=self.dtype)
        for layer, features in enumerate(maps):
            conv = ops.Conv(features, **convolution(network, self.dtype, normalised=layer > 0))
            x = activated(network, conv(beside(x, code)), train, normalised=layer > 0)
        x = x.reshape(x.shape[0], -1)
        x = nn.Dense(hidden, **_dense(network, self.dtype))(beside(x, code))
        return beside(activated(network, x, train), code)


def _dense(network: Network, dtype: jnp.dtype) -> dict:
    return {
        "use_bias": network.norm == "none",
        "kernel_init": nn.initializers.normal(network.kernel_stddev),
        "dtype": dtype,
    }


def generator(config: Config) -> Generator:
    """The generator of `config`. Raises `UserError` for what cannot be built."""
    data = config.data
    _check(config, "gen", config.gen)
    shape = (data.height, data.width, data.channels)
    return Generator(config.gen, shape, data.num_classes, _dtype(config))


def discriminator(config: Config) -> Discriminator:
    """The discriminator of `config`. Raises `UserError` as `generator` does."""
    network = config.disc
    _check(config, "disc", network)
    body = Body(network, config.data.num_classes, _dtype(config))
    return with_heads(config, body, nn.initializers.normal(network.kernel_stddev))


def _dtype(config: Config) -> jnp.dtype:
    return jnp.dtype(config.train.compute_dtype)


def _check(config: Config, part: str, network: Network) -> None:
    check_classes(config, f"{part}.name={network.name}")
    check_hidden(network, part)
    check_divisible(config, len(network.features) - 1)
