"""keras-dcgan's pair: G upsamples by nearest neighbours, D shrinks by max pooling, both with tanh.

All convolutions have stride 1. All kernels start Glorot uniform, as in Keras. The dense layer that
a BatchNorm follows has no bias, for the reason that `dcgan` gives.
"""

import math
from dataclasses import dataclass
from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax import ops
from gan_jax.errors import UserError
from gan_jax.networks.discriminator import (
    NO_CODES,
    CodeSizes,
    ConditionalDisc,
    ConditionalDiscriminator,
)
from gan_jax.networks.generator import NormalisedGen
from gan_jax.networks.resampling import UpsampleConv
from gan_jax.networks.settings import GLOROT, Shape, SizedKernels, check_hidden, check_image


class KerasDCGANGenerator(nn.Module):
    """Latents [n, d] to images [n, *shape] in [-1, 1].

    `features` are those of a dense layer, of the map that a second one makes, and of each
    convolution but the last, which makes the image. Each follows an upsampling by two.
    """

    settings: "KerasDCGANGen"
    shape: Shape
    num_classes: int
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, latents: jax.Array, condition: jax.Array | None, train: bool) -> jax.Array:
        settings, (height, width, channels) = self.settings, self.shape
        layer = partial(settings.layer, train=train, kernel_init=GLOROT, dtype=self.dtype)
        dense, conv = layer(nn.Dense), layer(UpsampleConv)
        norm = settings.conditional_norm(train, self.dtype, condition, self.num_classes)
        hidden, first, *rest = settings.features
        scale = 2 ** (1 + len(rest))
        base = (height // scale, width // scale, first)
        x = jnp.tanh(dense(hidden)(latents))
        x = dense(math.prod(base), use_bias=not settings.normalised)(x)
        x = jnp.tanh(norm()(x)).reshape(-1, *base)
        for number, features in enumerate(rest):
            x = jnp.tanh(conv(features, settings.kernel_size, name=f"EnlargedConv_{number}")(x))
        x = conv(channels, settings.kernel_size, name=f"EnlargedConv_{len(rest)}")(x)
        return jnp.tanh(x.astype(jnp.float32))


class KerasDCGANDiscriminator(nn.Module):
    """Images [n, height, width, channels] in [-1, 1] to features [n, features[-1]].

    `features` are those of each convolution, which max pooling by two follows, and of a dense
    layer. The first convolution keeps the size of the image, the others see whole windows only.
    """

    settings: "KerasDCGANDisc"
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: jax.Array, condition: jax.Array | None, train: bool) -> jax.Array:
        settings, x = self.settings, x.astype(self.dtype)
        layer = partial(settings.layer, train=train, kernel_init=GLOROT, dtype=self.dtype)
        dense, conv = layer(nn.Dense), layer(ops.Conv)
        *maps, hidden = settings.features
        for number, features in enumerate(maps):
            padding = "VALID" if number else "SAME"
            x = conv(features, settings.kernel_size, padding=padding)(x)
            x = max_pool(jnp.tanh(x))
        return jnp.tanh(dense(hidden)(x.reshape(len(x), -1)))


def max_pool(x: jax.Array) -> jax.Array:
    """[n, h, w, c] to [n, h // 2, w // 2, c], the largest of each 2x2; an odd last line is left.

    Equal to flax's `max_pool` but where values tie, which here share the gradient. XLA's gradient
    of a window's maximum is slow on the CPU.
    """
    n, height, width, channels = x.shape
    x = x[:, : height // 2 * 2, : width // 2 * 2]
    return x.reshape(n, height // 2, 2, width // 2, 2, channels).max(axis=(2, 4))


@dataclass(frozen=True, kw_only=True)
class KerasDCGANGen(SizedKernels, NormalisedGen, name="dcgan_upsampling"):
    """Images by two dense layers and convolutions of upsampled maps."""

    def build(self, shape: Shape, num_classes: int, dtype: jnp.dtype) -> nn.Module:
        check_hidden(self)
        check_image(self, shape, len(self.features) - 1, self.kernel_size)
        network = KerasDCGANGenerator(self, shape, num_classes, dtype)
        return self.conditional(network, num_classes, dtype)


@dataclass(frozen=True, kw_only=True)
class KerasDCGANDisc(SizedKernels, ConditionalDisc, name="dcgan_upsampling"):
    """Images by convolutions with max pooling and a dense layer."""

    def build(
        self, shape: Shape, num_classes: int, dtype: jnp.dtype, codes: CodeSizes = NO_CODES
    ) -> ConditionalDiscriminator:
        check_hidden(self)
        check_image(self, shape, 0, self.kernel_size)
        for side, whole in (("height", shape[0]), ("width", shape[1])):
            size = whole
            for layer in range(len(self.features) - 1):
                size = (size - (self.kernel_size - 1 if layer else 0)) // 2
            if size < 1:
                raise UserError(
                    f"data.{side}={whole} is too small for {self.section}.name={self.choice} with "
                    f"{self.section}.features={self.features}; enlarge it."
                )
        body = KerasDCGANDiscriminator(self, dtype)
        return self.conditional(body, num_classes, dtype, codes, GLOROT)
