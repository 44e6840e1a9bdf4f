"""SRGAN's pair (Ledig et al. 2017, arXiv 1609.04802, figure 4). G alone is SRResNet.

Weights start as in tensorlayer/SRGAN: the paper does not say how. Only a layer that a norm follows
directly has no bias, for the reason that `dcgan` gives.
"""

from dataclasses import dataclass
from typing import Literal

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax import ops
from gan_jax.config.values import Count
from gan_jax.errors import UserError
from gan_jax.method import Condition
from gan_jax.networks.discriminator import NO_CODES, CodeSizes, refuse_codes
from gan_jax.networks.layers import PReLU, concatenated
from gan_jax.networks.padding import PaddedConv
from gan_jax.networks.resampling import pixel_shuffle
from gan_jax.networks.settings import (
    Channels,
    InstanceNormalised,
    ModuleDef,
    NormalScales,
    Shape,
    check_hidden,
    check_image,
)
from gan_jax.networks.sources import (
    SourceDisc,
    SourceDiscriminator,
    SourceGen,
    doublings,
    source_of,
)

OUTER = 9
"""The side of the first and of the last kernel of G."""
KERNEL_SIZE = 3


class SRResNetBlock(nn.Module):
    """[n, h, w, c] to the same shape: twice convolved and normalised, and added."""

    conv: ModuleDef
    norm: ModuleDef

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        y = PReLU()(self.norm()(self.conv(x.shape[-1], KERNEL_SIZE)(x)))
        return x + self.norm()(self.conv(x.shape[-1], KERNEL_SIZE)(y))


class SRResNetGenerator(nn.Module):
    """Latents [n, d] and source pictures [n, h / r, w / r, c'], r a power of two, to images
    [n, *shape].

    Blocks of the source's size are followed by convolutions and pixel shuffles, each of which
    doubles the sides. Latents are planes of the input.
    """

    settings: "SRResNetGen"
    shape: Shape
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, latents: jax.Array, condition: Condition, train: bool) -> jax.Array:
        settings, (width,) = self.settings, self.settings.features
        fields = {"kernel_init": settings.kernel_init, "dtype": self.dtype}
        conv = settings.layer(ops.Conv, train, **fields)
        before_norm = settings.layer(ops.Conv, train, use_bias=not settings.normalised, **fields)
        outer = settings.layer(PaddedConv, train, padding=OUTER // 2, **fields)
        norm = settings.norm_layer(train, self.dtype)
        source = source_of(settings, condition)
        x = concatenated(source, latents).astype(self.dtype)
        x = start = PReLU()(outer(width, OUTER)(x))
        for _ in range(settings.blocks):
            x = SRResNetBlock(before_norm, norm)(x)
        x = start + norm()(before_norm(width, KERNEL_SIZE)(x))
        for _ in range(doublings(settings, source, self.shape)):
            x = PReLU()(pixel_shuffle(conv(4 * width, KERNEL_SIZE)(x), 2))
        x = outer(self.shape[-1], OUTER)(x).astype(jnp.float32)
        return jnp.tanh(x) if settings.output == "tanh" else x


class SRGANDiscriminator(nn.Module):
    """Images [n, h, w, c] to features [n, features[-1]], by a plain and a halving convolution for
    each of `features` but the last, which is a dense layer's."""

    settings: "SRGANDisc"
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: jax.Array, condition: Condition, train: bool) -> jax.Array:
        settings, x = self.settings, x.astype(self.dtype)
        fields = {"kernel_init": settings.kernel_init, "dtype": self.dtype}
        conv = settings.layer(ops.Conv, train, **fields)
        norm = settings.norm_layer(train, self.dtype)
        *halving, dense = settings.features
        for number, features in enumerate(halving):
            for stride in (1, 2):
                first = (number, stride) == (0, 1)
                plain = first or not settings.normalised
                x = conv(features, KERNEL_SIZE, stride=stride, use_bias=plain)(x)
                x = settings.act(x if first else norm()(x))
        return settings.act(settings.layer(nn.Dense, train, **fields)(dense)(x.reshape(len(x), -1)))


@dataclass(frozen=True, kw_only=True)
class SRResNetGen(NormalScales, InstanceNormalised, SourceGen, name="srresnet"):
    """Images several times the size of a source picture, by residual blocks and pixel shuffles."""

    features: Channels = (64,)
    norm: Literal["instance", "plain_instance", "batch", "none"] = "batch"
    blocks: Count = 16
    output: Literal["tanh", "linear"] = "linear"

    def build(self, shape: Shape, num_classes: int, dtype: jnp.dtype) -> SRResNetGenerator:
        check_image(self, shape, 0)
        if len(self.features) > 1:
            raise UserError(
                f"gen.name={self.choice} has the same features in all of its maps; give "
                f"gen.features one number, such as {self.features[0]}."
            )
        return SRResNetGenerator(self, shape, dtype)


@dataclass(frozen=True, kw_only=True)
class SRGANDisc(NormalScales, InstanceNormalised, SourceDisc, name="srgan"):
    """Images by plain and halving convolutions and a dense layer."""

    features: Channels = (64, 128, 256, 512, 1024)
    norm: Literal["instance", "plain_instance", "batch", "none"] = "batch"

    def build(
        self, shape: Shape, num_classes: int, dtype: jnp.dtype, codes: CodeSizes = NO_CODES
    ) -> SourceDiscriminator:
        check_hidden(self)
        check_image(self, shape, len(self.features) - 1)
        refuse_codes(self, codes)
        return SourceDiscriminator(SRGANDiscriminator(self, dtype), self, dtype, self.kernel_init)
