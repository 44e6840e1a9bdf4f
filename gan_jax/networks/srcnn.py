"""SRCNN (Dong et al. 2014, arXiv 1501.00092, section 3): three convolutions of an enlarged picture.

The authors' convolutions leave the border out; these put zeros around it, so that an image has the
whole shape.
"""

from dataclasses import dataclass

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.config.values import NonNegative
from gan_jax.errors import UserError
from gan_jax.method import Condition
from gan_jax.networks.layers import concatenated
from gan_jax.networks.padding import PaddedConv
from gan_jax.networks.settings import Channels, NormalKernels, Shape, check_image
from gan_jax.networks.sources import SourceGen, source_of

FIRST, MIDDLE, LAST = 9, 1, 5
"""Sides of kernels."""


class SRCNNGenerator(nn.Module):
    """Latents [n, d] and source pictures [n, h', w', c'] to images [n, *shape].

    A source is enlarged by bicubic interpolation; a convolution for each of `features` and one to
    the image follow. Latents are planes of the input.
    """

    settings: "SRCNNGen"
    shape: Shape
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, latents: jax.Array, condition: Condition, train: bool) -> jax.Array:
        settings, (height, width, channels) = self.settings, self.shape
        fields = {"kernel_init": settings.kernel_init, "dtype": self.dtype}
        conv = settings.layer(PaddedConv, train, **fields)
        x = bicubic(settings, source_of(settings, condition), height, width)
        x = concatenated(x, latents).astype(self.dtype)
        for number, features in enumerate(settings.features):
            size = MIDDLE if number else FIRST
            x = nn.relu(conv(features, size, padding=size // 2)(x))
        return conv(channels, LAST, padding=LAST // 2)(x).astype(jnp.float32)


@dataclass(frozen=True, kw_only=True)
class SRCNNGen(NormalKernels, SourceGen, name="srcnn"):
    """Images by convolutions of a source picture, which is enlarged first."""

    features: Channels = (64, 32)
    kernel_stddev: NonNegative = 0.001

    def build(self, shape: Shape, num_classes: int, dtype: jnp.dtype) -> SRCNNGenerator:
        check_image(self, shape, 0)
        return SRCNNGenerator(self, shape, dtype)


def bicubic(settings: SRCNNGen, source: jax.Array, height: int, width: int) -> jax.Array:
    """Pictures [n, h', w', c] enlarged to [n, height, width, c] by Keys' cubic with a = -1/2.
    Raises `UserError` for larger ones."""
    n, rows, columns, channels = source.shape
    if rows > height or columns > width:
        raise UserError(
            f"gen.name={settings.choice} enlarges its source, and one of {rows}x{columns} is "
            f"larger than {height}x{width}; choose sources of at most that size."
        )
    return jax.image.resize(source, (n, height, width, channels), "cubic")
