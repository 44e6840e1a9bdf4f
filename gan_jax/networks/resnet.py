"""The residual pair of WGAN-GP, SNGAN, projection GAN and SAGAN, at any size that halves.

Gulrajani et al. 2017, arXiv 1704.00028, appendix C; Miyato et al. 2018, arXiv 1802.05957, tables 4
to 6; Zhang et al. 2018, arXiv 1805.08318, with `attention` and `kernel_norm`. Of the last map,
WGAN-GP takes the mean over its pixels and SNGAN the sum: `pooling`. At 32x32 D halves
twice of four times (`downsampling_blocks` 2), at 48x48 and at 128x128 in every block but the last.

Kernels of residual convolutions start at Xavier uniform times the square root of 2, others at
Xavier uniform, as in the code of arXiv 1802.05957. Only a layer that a BatchNorm follows directly
has no bias, for the reason that `dcgan` gives.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax import ops
from gan_jax.config.values import Natural
from gan_jax.errors import UserError
from gan_jax.networks.attention import SelfAttention
from gan_jax.networks.discriminator import (
    NO_CODES,
    CodeSizes,
    ConditionalDisc,
    ConditionalDiscriminator,
)
from gan_jax.networks.generator import NormalisedGen
from gan_jax.networks.layers import Dropout, pooled
from gan_jax.networks.resampling import PooledConv, UpsampleConv, mean_pooled, upsampled
from gan_jax.networks.settings import (
    GLOROT,
    Activated,
    BatchNormalised,
    ModuleDef,
    PooledFeatures,
    Shape,
    SizedKernels,
    check_image,
)

RESIDUAL = nn.initializers.variance_scaling(2.0, "fan_avg", "uniform")


class UpBlock(nn.Module):
    """[n, h, w, c] to [n, 2h, 2w, features]: twice normalised, activated and convolved, and added
    to a convolution by single pixels."""

    features: int
    kernel_size: int
    use_bias: bool  # of the convolution that a norm follows
    conv: ModuleDef
    upsample_conv: ModuleDef
    norm: ModuleDef
    act: Callable

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        fields = {"kernel_init": RESIDUAL, "use_bias": self.use_bias, "name": "EnlargedConv_0"}
        y = self.act(self.norm()(x))
        y = self.upsample_conv(self.features, self.kernel_size, **fields)(y)
        y = self.act(self.norm()(y))
        y = self.conv(self.features, self.kernel_size, kernel_init=RESIDUAL)(y)
        return y + upsampled(self.conv(self.features, 1, name="shortcut")(x))


class DownBlock(nn.Module):
    """[n, h, w, c] to `features` channels, and to half the sides where it is `halved`.

    The first block of a network takes the image as it is. What changes nothing has no shortcut's
    convolution.
    """

    features: int
    kernel_size: int
    halved: bool
    first: bool
    use_bias: bool  # of the convolution that a norm follows
    conv: ModuleDef
    pooled_conv: ModuleDef
    norm: ModuleDef
    act: Callable

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        size, last = self.kernel_size, self.pooled_conv if self.halved else self.conv
        y = x if self.first else self.act(self.norm()(x))
        y = self.conv(self.features, size, kernel_init=RESIDUAL, use_bias=self.use_bias)(y)
        y = self.act(self.norm()(y))
        y = last(self.features, size, kernel_init=RESIDUAL)(y)
        if self.halved:
            x = mean_pooled(x)
        elif x.shape[-1] == self.features:
            return y + x
        return y + self.conv(self.features, 1, name="shortcut")(x)


class ResNetGenerator(nn.Module):
    """Latents [n, d] to images [n, *shape] in [-1, 1].

    A dense layer makes a map of `features[0]` channels; each further entry is a block that doubles
    its sides, and a convolution makes the image.
    """

    settings: "ResNetGen"
    shape: Shape
    num_classes: int
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, latents: jax.Array, condition: jax.Array | None, train: bool) -> jax.Array:
        settings, (height, width, channels) = self.settings, self.shape
        layer = partial(settings.layer, train=train, kernel_init=GLOROT, dtype=self.dtype)
        dense, conv = layer(nn.Dense), layer(ops.Conv)
        block = partial(
            UpBlock,
            kernel_size=settings.kernel_size,
            use_bias=not settings.normalised,
            conv=conv,
            upsample_conv=layer(UpsampleConv),
            norm=settings.conditional_norm(train, self.dtype, condition, self.num_classes),
            act=settings.act,
        )
        first, *rest = settings.features
        base = (height >> len(rest), width >> len(rest), first)
        x = dense(math.prod(base))(latents).reshape(-1, *base)
        for features in rest:
            x = block(features)(x)
            if x.shape[1] == settings.attention:
                x = SelfAttention(dense)(x)
        x = settings.act(settings.norm_layer(train, self.dtype)()(x))
        return jnp.tanh(conv(channels, settings.kernel_size)(x).astype(jnp.float32))


class ResNetDiscriminator(nn.Module):
    """Images [n, height, width, channels] in [-1, 1] to features, by one block for each of
    `features`, of which the first `downsampling_blocks` halve the sides."""

    settings: "ResNetDisc"
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: jax.Array, condition: jax.Array | None, train: bool) -> jax.Array:
        settings, x = self.settings, x.astype(self.dtype)
        layer = partial(settings.layer, train=train, kernel_init=GLOROT, dtype=self.dtype)
        norm = settings.norm_layer(train, self.dtype)
        block = partial(
            DownBlock,
            kernel_size=settings.kernel_size,
            use_bias=not settings.normalised,
            conv=layer(ops.Conv),
            pooled_conv=layer(PooledConv),
            norm=norm,
            act=settings.act,
        )
        for number, features in enumerate(settings.features):
            halved = number < settings.halvings
            x = block(features, halved=halved, first=number == 0)(x)
            if x.shape[1] == settings.attention and halved:
                x = SelfAttention(layer(nn.Dense))(x)
        x = settings.act(norm()(x))
        return Dropout(settings.dropout_rate)(pooled(x, settings.pooling), train)


@dataclass(frozen=True, kw_only=True)
class ResNetGen(SizedKernels, Activated, NormalisedGen, name="resnet"):
    """Images by residual blocks that upsample."""

    attention: Natural = 0  # after the map of this height; 0 is none

    def build(self, shape: Shape, num_classes: int, dtype: jnp.dtype) -> nn.Module:
        blocks = len(self.features) - 1
        check_image(self, shape, blocks, self.kernel_size)
        _check_attention(self, [shape[0] >> block for block in range(blocks)])
        network = ResNetGenerator(self, shape, num_classes, dtype)
        return self.conditional(network, num_classes, dtype)


@dataclass(frozen=True, kw_only=True)
class ResNetDisc(
    SizedKernels, Activated, BatchNormalised, PooledFeatures, ConditionalDisc, name="resnet"
):
    """Images by residual blocks, the first of which halve the sides."""

    attention: Natural = 0  # after the map of this height; 0 is none
    downsampling_blocks: Natural = 0  # 0 is all

    @property
    def halvings(self) -> int:
        """How many blocks halve the sides."""
        return self.downsampling_blocks or len(self.features)

    def build(
        self, shape: Shape, num_classes: int, dtype: jnp.dtype, codes: CodeSizes = NO_CODES
    ) -> ConditionalDiscriminator:
        check_image(self, shape, self.halvings, self.kernel_size)
        _check_attention(self, [shape[0] >> block for block in range(1, self.halvings + 1)])
        body = ResNetDiscriminator(self, dtype)
        return self.conditional(body, num_classes, dtype, codes, GLOROT)


def _check_attention(settings: ResNetGen | ResNetDisc, heights: list[int]) -> None:
    if settings.attention and settings.attention not in heights:
        raise UserError(
            f"{settings.section}.attention={settings.attention} is the height of none of its maps; "
            f"choose one of {', '.join(map(str, heights))}, or 0 for no attention."
        )
