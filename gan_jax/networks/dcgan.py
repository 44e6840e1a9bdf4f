"""The deep convolutional pair (Radford et al. 2015, arXiv 1511.06434), at any size.

Each convolution has stride 2, so `n` of them need images whose sides are multiples of 2**n. One
that a BatchNorm follows has no bias: the mean that is taken off cancels it, so its gradient is
rounding noise, which Adam would scale up to a random walk that differs from device to device.

Dense layers start Glorot uniform, as in Keras (`dcgan`), or like the convolutions at
N(0, kernel_stddev), as in the paper (`dcgan_normal`).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax import ops
from gan_jax.networks.discriminator import (
    NO_CODES,
    CodeSizes,
    ConditionalDisc,
    ConditionalDiscriminator,
)
from gan_jax.networks.generator import NormalisedGen
from gan_jax.networks.layers import Dropout, pooled
from gan_jax.networks.settings import (
    GLOROT,
    Activated,
    BatchNormalised,
    NormalKernels,
    PooledFeatures,
    Shape,
    SizedKernels,
    check_image,
)


class DCGANGenerator(nn.Module):
    """Latents [n, d] to images [n, *shape] in [-1, 1].

    A dense layer makes a map of `features[0]` channels; then one transposed convolution for each
    further entry and one to the image, all with stride 2.
    """

    settings: "DCGANGen"
    shape: Shape
    num_classes: int
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, latents: jax.Array, condition: jax.Array | None, train: bool) -> jax.Array:
        settings, (height, width, channels) = self.settings, self.shape
        layer = partial(settings.layer, train=train, dtype=self.dtype)
        dense = layer(nn.Dense, kernel_init=settings.dense_init)
        conv_transpose = layer(ops.ConvTranspose, kernel_init=settings.kernel_init)
        norm = settings.conditional_norm(train, self.dtype, condition, self.num_classes)
        first, *rest = settings.features
        scale = 2 ** len(settings.features)
        base = (height // scale, width // scale, first)
        x = dense(math.prod(base))(latents).reshape(-1, *base)
        x = settings.act(norm()(x))  # [n, height / scale, width / scale, first]
        for features in rest:
            conv = conv_transpose(features, settings.kernel_size, use_bias=not settings.normalised)
            x = settings.act(norm()(conv(x)))  # twice the height and width
        x = conv_transpose(channels, settings.kernel_size)(x)
        return jnp.tanh(x.astype(jnp.float32))


class DCGANDiscriminator(nn.Module):
    """Images [n, height, width, channels] in [-1, 1] to features, by one convolution for each of
    `features`.

    No BatchNorm on the first layer, as in the paper.
    """

    settings: "DCGANDisc"
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: jax.Array, condition: jax.Array | None, train: bool) -> jax.Array:
        settings, x = self.settings, x.astype(self.dtype)
        fields = {"kernel_init": settings.kernel_init, "dtype": self.dtype}
        conv = settings.layer(ops.Conv, train, stride=2, **fields)
        norm = settings.norm_layer(train, self.dtype)
        first, *rest = settings.features
        x = settings.act(conv(first, settings.kernel_size)(x))
        for features in rest:
            x = conv(features, settings.kernel_size, use_bias=not settings.normalised)(x)
            x = settings.act(norm()(x))
        return Dropout(settings.dropout_rate)(pooled(x, settings.pooling), train)


@dataclass(frozen=True, kw_only=True)
class DCGANGen(SizedKernels, NormalKernels, Activated, NormalisedGen, name="dcgan"):
    """Images by transposed convolutions; each doubles the sides."""

    @property
    def dense_init(self) -> Callable:
        """The initialiser of dense kernels."""
        return GLOROT

    def build(self, shape: Shape, num_classes: int, dtype: jnp.dtype) -> nn.Module:
        check_image(self, shape, len(self.features), self.kernel_size)
        network = DCGANGenerator(self, shape, num_classes, dtype)
        return self.conditional(network, num_classes, dtype)


@dataclass(frozen=True, kw_only=True)
class DCGANNormalGen(DCGANGen, name="dcgan_normal"):
    """As `dcgan`, its dense kernels at N(0, kernel_stddev) as well."""

    @property
    def dense_init(self) -> Callable:
        """The initialiser of dense kernels."""
        return self.kernel_init


@dataclass(frozen=True, kw_only=True)
class DCGANDisc(
    SizedKernels,
    NormalKernels,
    Activated,
    BatchNormalised,
    PooledFeatures,
    ConditionalDisc,
    name="dcgan",
):
    """Images by convolutions; each halves the sides."""

    @property
    def dense_init(self) -> Callable:
        """The initialiser of dense kernels."""
        return GLOROT

    def build(
        self, shape: Shape, num_classes: int, dtype: jnp.dtype, codes: CodeSizes = NO_CODES
    ) -> ConditionalDiscriminator:
        check_image(self, shape, len(self.features), self.kernel_size)
        body = DCGANDiscriminator(self, dtype)
        return self.conditional(body, num_classes, dtype, codes, self.dense_init)


@dataclass(frozen=True, kw_only=True)
class DCGANNormalDisc(DCGANDisc, name="dcgan_normal"):
    """As `dcgan`, its dense kernels at N(0, kernel_stddev) as well."""

    @property
    def dense_init(self) -> Callable:
        """The initialiser of dense kernels."""
        return self.kernel_init
