"""BEGAN's decoder, which is also its generator, and its encoder (Berthelot et al. 2017, arXiv
1703.10717, section 3.5), with ELU and without normalisation.

G has the same number of channels in all maps; the encoder has more in each smaller one.
"""

import math
from dataclasses import dataclass
from functools import partial
from typing import Literal

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax import ops
from gan_jax.networks.generator import ConditionalGen
from gan_jax.networks.resampling import UpsampleConv
from gan_jax.networks.settings import GLOROT, NetworkSettings, Shape, check_image

KERNEL_SIZE = 3
PER_MAP = 2
"""Convolutions of a map's size."""


class BEGANGenerator(nn.Module):
    """Latents [n, d] to images [n, *shape], by maps of as many sizes as there are `features`, each
    upsampled to twice the size of the one before."""

    settings: "BEGANGen"
    shape: Shape
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, latents: jax.Array, condition: jax.Array | None, train: bool) -> jax.Array:
        settings, (height, width, channels) = self.settings, self.shape
        layer = partial(settings.layer, train=train, kernel_init=GLOROT, dtype=self.dtype)
        dense, conv, upsample_conv = layer(nn.Dense), layer(ops.Conv), layer(UpsampleConv)
        halvings = len(settings.features) - 1
        base = (height >> halvings, width >> halvings, settings.features[0])
        x = dense(math.prod(base))(latents).reshape(-1, *base)
        for size, features in enumerate(settings.features):
            for number in range(PER_MAP):
                if size and not number:
                    name = f"EnlargedConv_{size - 1}"
                    x = nn.elu(upsample_conv(features, KERNEL_SIZE, name=name)(x))
                else:
                    x = nn.elu(conv(features, KERNEL_SIZE)(x))
        x = conv(channels, KERNEL_SIZE)(x).astype(jnp.float32)
        return jnp.tanh(x) if settings.output == "tanh" else x


class BEGANEncoder(nn.Module):
    """Images [n, height, width, channels] to codes [n, code_features], by maps of as many sizes as
    there are `features`; a convolution of stride 2 makes the next."""

    settings: NetworkSettings
    code_features: int
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: jax.Array, condition: jax.Array | None, train: bool) -> jax.Array:
        layer = partial(self.settings.layer, train=train, kernel_init=GLOROT, dtype=self.dtype)
        dense, conv = layer(nn.Dense), layer(ops.Conv)
        first, *rest = self.settings.features
        x = nn.elu(conv(first, KERNEL_SIZE)(x.astype(self.dtype)))
        for size, features in enumerate((first, *rest)):
            if size:
                x = nn.elu(conv(features, KERNEL_SIZE, stride=2)(x))
            for _ in range(PER_MAP):
                x = nn.elu(conv(features, KERNEL_SIZE)(x))
        return dense(self.code_features)(x.reshape(len(x), -1))


@dataclass(frozen=True, kw_only=True)
class BEGANGen(ConditionalGen, name="began"):
    """Images by convolutions of maps that are upsampled in between."""

    output: Literal["tanh", "linear"] = "tanh"

    def build(self, shape: Shape, num_classes: int, dtype: jnp.dtype) -> nn.Module:
        check_image(self, shape, len(self.features) - 1)
        return self.conditional(BEGANGenerator(self, shape, dtype), num_classes, dtype)
