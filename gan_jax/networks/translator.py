"""CycleGAN's residual generator (Zhu et al. 2017, arXiv 1703.10593, appendix 7.2; the authors'
PyTorch program): 6 blocks for images of 128x128, 9 from 256x256 on.

The norm has no scale or bias there (`plain_instance`), and both in the authors' Lua program
(`instance`). A convolution before a norm has no bias, for the reason that `dcgan` gives.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax import ops
from gan_jax.config.values import Count
from gan_jax.errors import UserError
from gan_jax.method import Condition
from gan_jax.networks.layers import concatenated
from gan_jax.networks.padding import PaddedConv
from gan_jax.networks.settings import (
    Channels,
    InstanceNormalised,
    ModuleDef,
    NormalScales,
    Shape,
    check_image,
)
from gan_jax.networks.sources import SourceGen, source_like

OUTER = 7
"""The side of the first and of the last kernel."""
INNER = 3


class ResidualBlock(nn.Module):
    """[n, h, w, c] to the same shape: twice convolved and normalised, and added."""

    conv: ModuleDef
    norm: ModuleDef

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        conv = self.conv(x.shape[-1], INNER, padding=INNER // 2)
        y = nn.relu(self.norm()(conv(x)))
        conv = self.conv(x.shape[-1], INNER, padding=INNER // 2)
        return x + self.norm()(conv(y))


class TranslatorGenerator(nn.Module):
    """Latents [n, d] and source pictures [n, h, w, c'] to images [n, *shape] in [-1, 1].

    The first of `features` are those of a map of full size; each further entry halves the sides.
    Blocks follow, and the way back. Latents are planes of the input.
    """

    settings: "ResidualTranslator"
    shape: Shape
    num_classes: int
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, latents: jax.Array, condition: Condition, train: bool) -> jax.Array:
        settings, size = self.settings, self.settings.resampling_size
        bias = {"use_bias": not settings.normalised}
        layer = partial(settings.layer, train=train, dtype=self.dtype)
        conv = partial(layer, kernel_init=settings.kernel_init)
        padded = conv(PaddedConv, reflect=settings.reflect)
        down = conv(ops.Conv, stride=2, padding=((1, 1), (1, 1)))
        around = (size - 2, 2)  # which doubles the sides; PyTorch's padding 1
        up = layer(ops.ConvTranspose, kernel_init=settings.transposed_init, padding=(around,) * 2)
        norm = settings.norm_layer(train, self.dtype)
        x = self._seen(latents, condition).astype(self.dtype)
        first, *rest = settings.features
        x = nn.relu(norm()(padded(first, OUTER, padding=OUTER // 2, **bias)(x)))
        for features in rest:
            x = nn.relu(norm()(down(features, size, **bias)(x)))
        for _ in range(settings.blocks):
            x = ResidualBlock(partial(padded, **bias), norm)(x)
        for features in settings.features[-2::-1]:
            x = nn.relu(norm()(up(features, size, **bias)(x)))
        last = padded(self.shape[-1], OUTER, padding=OUTER // 2, use_bias=settings.last_bias)
        return jnp.tanh(last(x).astype(jnp.float32))

    def _seen(self, latents: jax.Array, condition: Condition) -> jax.Array:
        """The input [n, h, w, c]: the source picture, then planes."""
        settings = self.settings
        if settings.reflect and latents.shape[-1] and "instance" in settings.norm:
            raise UserError(
                f"gen.name={settings.choice} takes latents as planes, of which gen.norm="
                f"{settings.norm} leaves nothing where the border is mirrored; set "
                "latents.dimension=0 or gen.norm=batch."
            )
        return concatenated(source_like(settings, condition, self.shape), latents)


@dataclass(frozen=True, kw_only=True)
class ResidualTranslator(InstanceNormalised, SourceGen):
    """What generators of this form have."""

    resampling_size: ClassVar[int]  # of the kernels that halve and double
    reflect: ClassVar[bool]  # whether the other kernels see the picture mirrored around it
    last_bias: ClassVar[bool]

    features: Channels = (64, 128, 256)
    blocks: Count = 9

    @property
    def kernel_init(self) -> Callable:
        """The initialiser of kernels."""
        raise NotImplementedError

    @property
    def transposed_init(self) -> Callable:
        """The initialiser of the kernels of transposed convolutions."""
        return self.kernel_init

    def check(self, shape: Shape) -> None:
        """Raises `UserError` for a shape whose maps are not whole."""
        check_image(self, shape, len(self.features) - 1)


@dataclass(frozen=True, kw_only=True)
class TranslatorGen(NormalScales, ResidualTranslator, name="translator"):
    """Images of a source picture's size, by residual blocks of a map of a quarter of its sides."""

    resampling_size: ClassVar[int] = 3
    reflect: ClassVar[bool] = True
    last_bias: ClassVar[bool] = True

    norm: Literal["instance", "plain_instance", "batch", "none"] = "plain_instance"

    def build(self, shape: Shape, num_classes: int, dtype: jnp.dtype) -> TranslatorGenerator:
        self.check(shape)
        smallest = max(OUTER // 2 + 1, 2 ** len(self.features))
        if min(shape[:2]) < smallest:
            raise UserError(
                f"gen.name={self.choice} mirrors the border of its maps, for which images of "
                f"{shape[0]}x{shape[1]} are too small; give both sides {smallest} pixels or more."
            )
        return TranslatorGenerator(self, shape, num_classes, dtype)
