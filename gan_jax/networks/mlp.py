"""Dense networks: `features` are the widths of the hidden layers, each with LeakyReLU."""

import math

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.config import Config, Network
from gan_jax.networks.discriminator import Discriminator, with_heads
from gan_jax.networks.layers import BatchNorm


class Hidden(nn.Module):
    """The hidden layers: x [n, any shape] to [n, features[-1]].

    Kernels are Glorot uniform, biases zero, as in Keras and in TensorFlow 1; a layer before a
    BatchNorm has no bias (`dcgan` says why).
    """

    network: Network
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        network, x = self.network, x.reshape(x.shape[0], -1).astype(self.dtype)
        for features in network.features:
            bias = network.norm == "none"
            x = nn.Dense(features, use_bias=bias, dtype=self.dtype, kernel_init=GLOROT)(x)
            if network.norm == "batch":
                norm = BatchNorm(network.batch_norm_momentum, network.batch_norm_epsilon, x.dtype)
                x = norm(x, train)
            x = nn.leaky_relu(x, network.negative_slope)
        return x


class Generator(nn.Module):
    """Latents [n, d] to images [n, height, width, channels]; in [-1, 1] where it ends in tanh."""

    network: Network
    image_shape: tuple[int, int, int]
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, latents: jax.Array, labels: jax.Array, train: bool) -> jax.Array:
        x = Hidden(self.network, self.dtype)(latents, train)
        x = nn.Dense(math.prod(self.image_shape), dtype=self.dtype, kernel_init=GLOROT)(x)
        x = x.reshape(-1, *self.image_shape).astype(jnp.float32)
        return jnp.tanh(x) if self.network.output == "tanh" else x


class Body(nn.Module):
    """Images [n, height, width, channels] to features [n, features[-1]]."""

    network: Network
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, images: jax.Array, labels: jax.Array, train: bool) -> jax.Array:
        return Hidden(self.network, self.dtype)(images, train)


class Encoder(nn.Module):
    """Images [n, height, width, channels] to mean and log-variance of latents, [n, d] each."""

    network: Network
    latent_dimension: int
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, images: jax.Array, train: bool) -> tuple[jax.Array, jax.Array]:
        x = Hidden(self.network, self.dtype)(images, train)
        mean, log_var = (
            nn.Dense(self.latent_dimension, dtype=self.dtype, kernel_init=GLOROT, name=name)(x)
            for name in ("mean", "log_var")
        )
        return mean.astype(jnp.float32), log_var.astype(jnp.float32)


GLOROT = nn.initializers.glorot_uniform()


def generator(config: Config) -> Generator:
    """The generator of `config`."""
    data = config.data
    return Generator(config.gen, (data.height, data.width, data.channels), _dtype(config))


def discriminator(config: Config) -> Discriminator:
    """The discriminator of `config`."""
    return with_heads(config, Body(config.disc, _dtype(config)), GLOROT)


def encoder(config: Config) -> Encoder:
    """The encoder of `config`."""
    return Encoder(config.encoder, config.latents.dimension, _dtype(config))


def _dtype(config: Config) -> jnp.dtype:
    return jnp.dtype(config.train.compute_dtype)
