"""pix2pix's U-Net (Isola et al. 2017, arXiv 1611.07004, section 6.1; phillipi/pix2pix).

The authors' BatchNorm runs in training mode on batches of one, in sampling too: `norm` instance is
that at any batch. They reset the biases of convolutions to 0 in each step, so there are none but
the last one's. Their only noise is dropout, which rests in inference here, so that a sample depends
on its source and latents alone.
"""

from dataclasses import dataclass

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax import ops
from gan_jax.method import Condition
from gan_jax.networks.layers import Dropout, concatenated
from gan_jax.networks.settings import (
    Channels,
    InstanceNormalised,
    NormalScales,
    Rate,
    Shape,
    check_image,
)
from gan_jax.networks.sources import SourceGen, source_like

KERNEL_SIZE = 4
DROPPED = 3
"""Layers of the decoder with dropout."""


class UNetGenerator(nn.Module):
    """Latents [n, d] and source pictures [n, h, w, c'] to images [n, *shape] in [-1, 1].

    An encoder halves the sides with each of `features`; a decoder doubles them, and each of its
    layers sees the encoder's map of the same size in addition. Latents are planes of the input.
    """

    settings: "UNetGen"
    shape: Shape
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, latents: jax.Array, condition: Condition, train: bool) -> jax.Array:
        settings = self.settings
        fields = {"kernel_init": settings.kernel_init, "dtype": self.dtype}
        inner = {"stride": 2, "use_bias": not settings.normalised, **fields}
        conv = settings.layer(ops.Conv, train, **inner)
        conv_transpose = settings.layer(ops.ConvTranspose, train, **inner)
        last = settings.layer(ops.ConvTranspose, train, **fields)
        norm = settings.norm_layer(train, self.dtype)
        x = concatenated(source_like(settings, condition, self.shape), latents).astype(self.dtype)
        maps: list[jax.Array] = []
        for depth, features in enumerate(settings.features, start=1):
            x = conv(features, KERNEL_SIZE)(settings.act(x) if maps else x)
            if 1 < depth < len(settings.features):  # the last may be a pixel, 0 when normalised
                x = norm()(x)
            maps.append(x)
        for number, skip in enumerate(maps[-2::-1]):
            x = norm()(conv_transpose(skip.shape[-1], KERNEL_SIZE)(nn.relu(x)))
            if number < DROPPED:
                x = Dropout(settings.dropout_rate)(x, train)
            x = jnp.concatenate([x, skip], axis=-1)
        return jnp.tanh(last(self.shape[-1], KERNEL_SIZE)(nn.relu(x)).astype(jnp.float32))


@dataclass(frozen=True, kw_only=True)
class UNetGen(NormalScales, InstanceNormalised, SourceGen, name="unet"):
    """Images of a source picture's size, by an encoder and a decoder that sees its maps."""

    features: Channels = (64, 128, 256, 512, 512, 512, 512, 512)
    dropout_rate: Rate = 0.5

    def build(self, shape: Shape, num_classes: int, dtype: jnp.dtype) -> UNetGenerator:
        check_image(self, shape, len(self.features))
        return UNetGenerator(self, shape, dtype)
