"""The pair of DCGAN-tensorflow's MNIST and that of InfoGAN: dense layers beside convolutions.

`dcgan_labelled` is told the class in each layer of G and of D. A dense layer has the one-hot label
beside its input, a convolution has it as constant maps beside its channels; Mirza and Osindero
2014 (arXiv 1411.1784) condition the first layer alone. `infogan` is the same without labels (Chen
et al. 2016, arXiv 1606.03657, table 1, which has ReLU in G). A layer that a BatchNorm follows has
no bias, for the reason that `dcgan` gives. All kernels start at N(0, kernel_stddev).
"""

import math
from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.config import Config, Network
from gan_jax.networks import parts
from gan_jax.networks.dcgan import check_divisible, check_hidden
from gan_jax.networks.discriminator import Discriminator, check_classes, with_heads
from gan_jax.networks.layers import beside
from gan_jax.networks.parts import Parts


class Told(parts.Body):
    """A network whose layers are told the class, or not."""

    told: bool

    def beside_labels(self, x: jax.Array, layer: Parts) -> jax.Array:
        """x [n, ..., c] with the one-hot labels after its channels, where the layers are told."""
        return beside(x, layer.code(0)) if self.told else x


class Generator(Told):
    """Latents [n, d] and labels [n] to images [n, height, width, channels] in [-1, 1].

    `features` are those of a dense layer, of the map that a second one makes, and of each
    transposed convolution but the last, which makes the image; these have stride 2.
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
        biased = not layer.normalises
        told = partial(self.beside_labels, layer=layer)
        x = layer.dense(told(latents), hidden, use_bias=biased)
        x = layer.activated(layer.norm(x))
        x = layer.dense(told(x), math.prod(base), use_bias=biased)
        x = layer.activated(layer.norm(x)).reshape(-1, *base)
        for features in rest:
            x = layer.conv_transpose(told(x), features, kernel_size, use_bias=biased)
            x = layer.activated(layer.norm(x))  # twice the height and width
        x = layer.conv_transpose(told(x), channels, kernel_size)
        return jnp.tanh(x.astype(jnp.float32))


class Body(Told):
    """Images [n, height, width, channels] in [-1, 1] and labels [n] to features, with the one-hot
    labels among them.

    `features` are those of each convolution, with stride 2, and of a dense layer. No BatchNorm on
    the first layer.
    """

    ignores = ("dropout_rate", "pooling")

    @nn.compact
    def __call__(self, images: jax.Array, labels: jax.Array, train: bool) -> jax.Array:
        layer, x = self.parts(labels, train), images.astype(self.dtype)
        *maps, hidden = self.network.features
        told = partial(self.beside_labels, layer=layer)
        for number, features in enumerate(maps):
            normalised = number > 0 and layer.normalises
            fields = {"stride": 2, "use_bias": not normalised}
            x = layer.conv(told(x), features, self.network.kernel_size, **fields)
            x = layer.activated(layer.norm(x) if normalised else x)
        x = x.reshape(x.shape[0], -1)
        x = layer.dense(told(x), hidden, use_bias=not layer.normalises)
        return told(layer.activated(layer.norm(x)))


def generator(config: Config, told: bool = True) -> Generator:
    """The generator of `config`, told the classes. Raises `UserError` for what cannot be."""
    data = config.data
    shape = (data.height, data.width, data.channels)
    return Generator(**_fields(config, "gen", config.gen, told), image_shape=shape)


def discriminator(config: Config, told: bool = True) -> Discriminator:
    """The discriminator of `config`, told the classes. Raises `UserError` as `generator` does."""
    fields = _fields(config, "disc", config.disc, told)
    return with_heads(config, Body(**fields), fields["kernel_init"])


def _fields(config: Config, part: str, network: Network, told: bool) -> dict:
    check_hidden(network, part)
    check_divisible(config, len(network.features) - 1)
    init = nn.initializers.normal(network.kernel_stddev)
    if told:
        check_classes(config, f"{part}.name={network.name}")
    return parts.of_config(config, network, init) | {"told": told}
