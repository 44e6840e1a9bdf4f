"""Dense networks: `features` are the widths of the hidden layers, each with LeakyReLU.

Kernels are Glorot uniform, biases zero, as in Keras and in TensorFlow 1.
"""

import math

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.config import Config
from gan_jax.networks import parts
from gan_jax.networks.discriminator import Discriminator, with_heads
from gan_jax.networks.layers import Dropout
from gan_jax.networks.parts import GLOROT, Parts


class Hidden(nn.Module):
    """The hidden layers: x [n, any shape] to [n, features[-1]].

    A layer before a BatchNorm has no bias (`dcgan` says why).
    """

    @nn.compact
    def __call__(self, x: jax.Array, layer: Parts) -> jax.Array:
        x = x.reshape(x.shape[0], -1).astype(layer.dtype)
        for features in layer.network.features:
            x = layer.dense(x, features, use_bias=not layer.normalises)
            x = layer.activated(layer.norm(x))
        return x


class Generator(parts.Body):
    """Latents [n, d] to images [n, height, width, channels]; in [-1, 1] where it ends in tanh."""

    image_shape: tuple[int, int, int]

    @nn.compact
    def __call__(self, latents: jax.Array, labels: jax.Array, train: bool) -> jax.Array:
        layer = self.parts(labels, train)
        x = layer.dense(Hidden()(latents, layer), math.prod(self.image_shape))
        x = x.reshape(-1, *self.image_shape).astype(jnp.float32)
        return jnp.tanh(x) if self.network.output == "tanh" else x


class Body(parts.Body):
    """Images [n, height, width, channels], or rows [n, numbers], to features [n, features[-1]]."""

    takes_rows = True
    ignores = ("pooling",)

    @nn.compact
    def __call__(self, images: jax.Array, labels: jax.Array, train: bool) -> jax.Array:
        x = Hidden()(images, self.parts(labels, train))
        return Dropout(self.network.dropout_rate)(x, train)


class Encoder(parts.Body):
    """Images [n, height, width, channels] to mean and log-variance of latents, [n, d] each."""

    ignores = ("dropout_rate", "pooling")
    latent_dimension: int

    @nn.compact
    def __call__(self, images: jax.Array, train: bool) -> tuple[jax.Array, jax.Array]:
        layer = self.parts(jnp.zeros(len(images), jnp.int32), train)
        x = Hidden()(images, layer)
        mean, log_var = (
            layer.dense(x, self.latent_dimension, name=name) for name in ("mean", "log_var")
        )
        return mean.astype(jnp.float32), log_var.astype(jnp.float32)


def generator(config: Config) -> Generator:
    """The generator of `config`."""
    data = config.data
    shape = (data.height, data.width, data.channels)
    return Generator(**parts.of_config(config, config.gen, GLOROT), image_shape=shape)


def discriminator(config: Config) -> Discriminator:
    """The discriminator of `config`."""
    body = Body(**parts.of_config(config, config.disc, GLOROT))
    return with_heads(config, body, GLOROT)


def encoder(config: Config) -> Encoder:
    """The encoder of `config`."""
    fields = parts.of_config(config, config.encoder, GLOROT)
    parts.check_plain(config, "encoder", Encoder.ignores)
    return Encoder(**fields, latent_dimension=config.latents.dimension)
