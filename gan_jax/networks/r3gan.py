"""R3GAN's modernised residual pair (Huang et al. 2025, arXiv 2501.05441, section 4 and appendix).

Inverted bottlenecks with a grouped convolution, bilinear resampling, LeakyReLU after each bias, no
normalisation. It stays stable by its start (fix-up, arXiv 1901.09321): the last convolution of a
block is zero, and the others shrink with the number of blocks. Kernels start normal with variance
gain^2 / inputs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

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
from gan_jax.networks.generator import ConditionalGen
from gan_jax.networks.resampling import bilinear_down, bilinear_up
from gan_jax.networks.settings import Activated, ModuleDef, Shape, SizedKernels, check_image

BLOCKS = 2
"""Residual blocks of a size."""
EXPANSION = 2
"""Channels inside a block for each of its own."""
GROUP = 16
"""Channels of a group."""


class Block(nn.Module):
    """[n, h, w, c] to the same shape."""

    kernel_size: int
    conv: ModuleDef
    grouped_conv: ModuleDef
    act: Callable
    kernel_init: Callable  # of all convolutions but the last, which starts at zero

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        channels, wide = x.shape[-1], EXPANSION * x.shape[-1]
        init, zero = self.kernel_init, nn.initializers.zeros_init()
        y = self.act(self.conv(wide, 1, kernel_init=init)(x))
        fields = {"kernel_init": init, "groups": max(1, wide // GROUP)}
        y = self.act(self.grouped_conv(wide, self.kernel_size, **fields)(y))
        return x + self.conv(channels, 1, use_bias=False, kernel_init=zero)(y)


class GroupedConv(ops.KernelLayer):
    """[n, h, w, c] to [n, h, w, features]; a group of the output sees its group of the input."""

    groups: int = 1

    def _inputs(self, channels: int) -> int:
        return channels // self.groups

    def _apply(self, x: jax.Array, kernel: jax.Array) -> jax.Array:
        return ops.grouped_conv(x, kernel, self.groups)


def starting(variance: float) -> nn.initializers.Initializer:
    """Normal with this variance times the number of inputs to an output, inverted."""
    return nn.initializers.variance_scaling(variance, "fan_in", "normal")


class R3GANGenerator(nn.Module):
    """Latents [n, d] to images [n, *shape], by one size of map for each of `features`.

    The smallest map is a learned one, its channels weighed by a linear function of z.
    """

    settings: "R3GANGen"
    shape: Shape
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, latents: jax.Array, condition: jax.Array | None, train: bool) -> jax.Array:
        settings, (height, width, channels) = self.settings, self.shape
        layer = partial(settings.layer, train=train, dtype=self.dtype)
        conv = layer(ops.Conv, kernel_init=starting(1.0), use_bias=False)
        block = blocks_of(settings, train, self.dtype)
        first, *rest = settings.features
        base = (height >> len(rest), width >> len(rest), first)
        basis = self.param("basis", nn.initializers.normal(1.0), base).astype(self.dtype)
        dense = layer(nn.Dense, kernel_init=starting(1.0), use_bias=False)
        weights = dense(first)(latents)
        x = basis[None] * weights[:, None, None]
        for size, features in enumerate(settings.features):
            if size:
                x = bilinear_up(_widened(conv, x, features))
            for _ in range(BLOCKS):
                x = block()(x)
        x = conv(channels, 1)(x).astype(jnp.float32)
        return jnp.tanh(x) if settings.output == "tanh" else x


class R3GANDiscriminator(nn.Module):
    """Images [n, height, width, channels] to features [n, features[-1]], by one size of map for
    each of `features`.

    Each feature is a learned mean over its channel of the smallest map; where the label's row is to
    weigh them, a linear function of these means.
    """

    settings: "R3GANDisc"
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: jax.Array, condition: jax.Array | None, train: bool) -> jax.Array:
        settings = self.settings
        layer = partial(settings.layer, train=train, dtype=self.dtype)
        conv = layer(ops.Conv, kernel_init=starting(1.0), use_bias=False)
        block = blocks_of(settings, train, self.dtype)
        x = conv(settings.features[0], 1)(x.astype(self.dtype))
        for size, features in enumerate(settings.features):
            if size:
                x = _widened(conv, bilinear_down(x), features)
            for _ in range(BLOCKS):
                x = block()(x)
        shape = x.shape[1:]
        init = nn.initializers.normal((shape[0] * shape[1]) ** -0.5)
        basis = self.param("basis", init, shape).astype(self.dtype)
        means = (x * basis[None]).sum(axis=(1, 2))
        if settings.conditioning != "projection":
            return means
        dense = layer(nn.Dense, kernel_init=starting(1.0), use_bias=False)
        return dense(means.shape[-1])(means)


def blocks_of(settings: "R3GANGen | R3GANDisc", train: bool, dtype: jnp.dtype) -> ModuleDef:
    """Makes the blocks of a network; the more it has, the smaller their kernels start."""
    layer = partial(settings.layer, train=train, dtype=dtype)
    blocks = BLOCKS * len(settings.features)
    return partial(
        Block,
        kernel_size=settings.kernel_size,
        conv=layer(ops.Conv),
        grouped_conv=layer(GroupedConv),
        act=settings.act,
        # sqrt(2 / (1 + slope^2)) keeps the variance, and three layers make the power -1 / 4
        kernel_init=starting(2 / (1 + settings.slope**2) * blocks**-0.5),
    )


def _widened(conv: ModuleDef, x: jax.Array, features: int) -> jax.Array:
    return x if x.shape[-1] == features else conv(features, 1)(x)


@dataclass(frozen=True, kw_only=True)
class R3GANGen(SizedKernels, Activated, ConditionalGen, name="r3gan"):
    """Images by residual blocks of maps that double their sides."""

    output: Literal["tanh", "linear"] = "tanh"

    @property
    def code_init(self) -> Callable:
        """The initialiser of an embedding's codes: that of a layer after the one-hot label."""
        return starting(1.0)

    def build(self, shape: Shape, num_classes: int, dtype: jnp.dtype) -> nn.Module:
        check_image(self, shape, len(self.features) - 1, self.kernel_size)
        return self.conditional(R3GANGenerator(self, shape, dtype), num_classes, dtype)


@dataclass(frozen=True, kw_only=True)
class R3GANDisc(SizedKernels, Activated, ConditionalDisc, name="r3gan"):
    """Images by residual blocks of maps that halve their sides."""

    def build(
        self, shape: Shape, num_classes: int, dtype: jnp.dtype, codes: CodeSizes = NO_CODES
    ) -> ConditionalDiscriminator:
        check_image(self, shape, len(self.features) - 1, self.kernel_size)
        fields = {"kernel_init": starting(1.0), "projection_init": projection_init}
        body = R3GANDiscriminator(self, dtype)
        return self.conditional(body, num_classes, dtype, codes, **fields)


def projection_init(key: jax.Array, shape: tuple[int, int], dtype: jnp.dtype) -> jax.Array:
    """The label's rows [classes, f]: normal, with variance 1 / (f * classes)."""
    return starting(1 / shape[-1])(key, shape, dtype)
