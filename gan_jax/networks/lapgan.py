"""The pair of a finer level of LAPGAN (Denton et al. 2015, arXiv 1506.05751, section 3.3).

Both are conditioned on the upsampled coarser image: G has it concatenated to a plane of noise, D
adds it to the band that it sees.
"""

from dataclasses import dataclass

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax import ops
from gan_jax.networks.discriminator import (
    NO_CODES,
    CodeSizes,
    Discriminator,
    DiscSettings,
    refuse_codes,
)
from gan_jax.networks.generator import GenSettings
from gan_jax.networks.layers import Dropout
from gan_jax.networks.settings import (
    Activated,
    NormalKernels,
    Rate,
    Shape,
    SizedKernels,
    check_image,
)


class LAPGANGenerator(nn.Module):
    """Latents [n, height * width] and coarser images [n, height, width, channels] to bands of the
    same shape; `features` are those of the convolutions before the last."""

    settings: "LAPGANGen"
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, latents: jax.Array, condition: jax.Array, train: bool) -> jax.Array:
        settings = self.settings
        fields = {"kernel_init": settings.kernel_init, "dtype": self.dtype}
        conv = settings.layer(ops.Conv, train, **fields)
        *sides, channels = condition.shape[1:]
        plane = latents.reshape(-1, *sides, 1)
        x = jnp.concatenate([condition, plane], axis=-1).astype(self.dtype)
        for features in settings.features:
            x = settings.act(conv(features, settings.kernel_size)(x))
        return conv(channels, settings.kernel_size)(x).astype(jnp.float32)


class LAPGANDiscriminator(nn.Module):
    """Bands and coarser images, [n, height, width, channels] both, to features; the convolutions
    have stride 2."""

    settings: "LAPGANDisc"
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: jax.Array, condition: jax.Array, train: bool) -> jax.Array:
        settings = self.settings
        fields = {"kernel_init": settings.kernel_init, "dtype": self.dtype}
        conv = settings.layer(ops.Conv, train, stride=2, **fields)
        x = (x + condition).astype(self.dtype)
        for features in settings.features:
            x = settings.act(conv(features, settings.kernel_size)(x))
        return Dropout(settings.dropout_rate)(x.reshape(len(x), -1), train)


@dataclass(frozen=True, kw_only=True)
class LAPGANGen(SizedKernels, NormalKernels, Activated, GenSettings, name="lapgan"):
    """Bands by convolutions of a plane of noise and the coarser image."""

    def build(self, shape: Shape, num_classes: int, dtype: jnp.dtype) -> LAPGANGenerator:
        check_image(self, shape, 0, self.kernel_size)
        return LAPGANGenerator(self, dtype)


@dataclass(frozen=True, kw_only=True)
class LAPGANDisc(SizedKernels, NormalKernels, Activated, DiscSettings, name="lapgan"):
    """Bands, added to the coarser image, by convolutions."""

    dropout_rate: Rate = 0.0

    def build(
        self, shape: Shape, num_classes: int, dtype: jnp.dtype, codes: CodeSizes = NO_CODES
    ) -> Discriminator:
        check_image(self, shape, len(self.features), self.kernel_size)
        refuse_codes(self, codes)
        return Discriminator(LAPGANDiscriminator(self, dtype), self, dtype, self.kernel_init)
