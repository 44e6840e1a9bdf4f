"""The pair of SNGAN's plain convolutional networks, and StudioGAN's DCGAN, which is the same pair.

Miyato et al. 2018, arXiv 1802.05957, table 3: kernels of 4 where the stride is 2, else of 3, so
that each output pixel sees as many products as its neighbour. StudioGAN's DCGAN has BatchNorm and
ReLU in D and the sum of the last map (`pooling`); at 32x32 with 128 latents G has 3,812,355
parameters and D 2,931,009. The published counts have a bias in every layer, so these have one too.
"""

import math
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
    Activated,
    BatchNormalised,
    NormalKernels,
    PooledFeatures,
    Shape,
    check_image,
)

STRIDED, PLAIN = 4, 3
"""The sides of kernels with stride 2 and with stride 1."""


class SNDCGANGenerator(nn.Module):
    """Latents [n, d] to images [n, *shape] in [-1, 1].

    A dense layer makes a map of `features[0]` channels; a transposed convolution for each further
    entry doubles its sides, and a plain one makes the image.
    """

    settings: "SNDCGANGen"
    shape: Shape
    num_classes: int
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, latents: jax.Array, condition: jax.Array | None, train: bool) -> jax.Array:
        settings, (height, width, channels) = self.settings, self.shape
        init = settings.kernel_init
        layer = partial(settings.layer, train=train, kernel_init=init, dtype=self.dtype)
        dense, conv, conv_transpose = layer(nn.Dense), layer(ops.Conv), layer(ops.ConvTranspose)
        norm = settings.conditional_norm(train, self.dtype, condition, self.num_classes)
        first, *rest = settings.features
        base = (height >> len(rest), width >> len(rest), first)
        x = dense(math.prod(base))(latents).reshape(-1, *base)
        for features in rest:
            x = settings.act(norm()(conv_transpose(features, STRIDED)(x)))
        return jnp.tanh(conv(channels, PLAIN)(x).astype(jnp.float32))


class SNDCGANDiscriminator(nn.Module):
    """Images [n, height, width, channels] in [-1, 1] to features, by a plain and a halving
    convolution for each of `features` but the last, which has a plain one."""

    settings: "SNDCGANDisc"
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: jax.Array, condition: jax.Array | None, train: bool) -> jax.Array:
        settings, x = self.settings, x.astype(self.dtype)
        fields = {"kernel_init": settings.kernel_init, "dtype": self.dtype}
        conv = settings.layer(ops.Conv, train, **fields)
        norm = settings.norm_layer(train, self.dtype)
        *halving, last = settings.features
        for features in halving:
            x = settings.act(norm()(conv(features, PLAIN)(x)))
            x = settings.act(norm()(conv(features, STRIDED, stride=2)(x)))
        x = settings.act(norm()(conv(last, PLAIN)(x)))
        return Dropout(settings.dropout_rate)(pooled(x, settings.pooling), train)


@dataclass(frozen=True, kw_only=True)
class SNDCGANGen(NormalKernels, Activated, NormalisedGen, name="sndcgan"):
    """Images by transposed convolutions and a plain one."""

    def build(self, shape: Shape, num_classes: int, dtype: jnp.dtype) -> nn.Module:
        check_image(self, shape, len(self.features) - 1)
        network = SNDCGANGenerator(self, shape, num_classes, dtype)
        return self.conditional(network, num_classes, dtype)


@dataclass(frozen=True, kw_only=True)
class SNDCGANDisc(
    NormalKernels, Activated, BatchNormalised, PooledFeatures, ConditionalDisc, name="sndcgan"
):
    """Images by plain and halving convolutions."""

    def build(
        self, shape: Shape, num_classes: int, dtype: jnp.dtype, codes: CodeSizes = NO_CODES
    ) -> ConditionalDiscriminator:
        check_image(self, shape, len(self.features) - 1)
        body = SNDCGANDiscriminator(self, dtype)
        return self.conditional(body, num_classes, dtype, codes, self.kernel_init)
