"""Dense networks: `features` are the widths of the hidden layers.

Kernels are Glorot uniform, biases zero, as in Keras and in TensorFlow 1. A layer before a norm has
no bias (`dcgan` says why). They make and take examples of any shape.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.config.values import Count
from gan_jax.networks.discriminator import (
    NO_CODES,
    CodeSizes,
    ConditionalDisc,
    ConditionalDiscriminator,
)
from gan_jax.networks.encoder import EncoderSettings
from gan_jax.networks.generator import NormalisedGen
from gan_jax.networks.layers import Dropout
from gan_jax.networks.settings import (
    GLOROT,
    Activated,
    BatchNormalised,
    ModuleDef,
    NetworkSettings,
    Rate,
    Shape,
)


class Hidden(nn.Module):
    """The hidden layers: x [n, any shape] to [n, features[-1]]."""

    features: tuple[int, ...]
    dense: ModuleDef
    norm: ModuleDef
    act: Callable

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        x = x.reshape(len(x), -1)
        for features in self.features:
            x = self.act(self.norm()(self.dense(features)(x)))
        return x


def _dense(settings: NetworkSettings, train: bool, dtype: jnp.dtype) -> ModuleDef:
    return settings.layer(nn.Dense, train, kernel_init=GLOROT, dtype=dtype)


def _hidden(settings: NetworkSettings, norm: ModuleDef, dense: ModuleDef) -> Hidden:
    before_norm = partial(dense, use_bias=not settings.normalised)
    return Hidden(settings.features, before_norm, norm, settings.act)


class MLPGenerator(nn.Module):
    """Latents [n, d] to examples [n, *shape]; in [-1, 1] where it ends in tanh."""

    settings: "MLPGen"
    shape: Shape
    num_classes: int
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, latents: jax.Array, condition: jax.Array | None, train: bool) -> jax.Array:
        settings = self.settings
        norm = settings.conditional_norm(train, self.dtype, condition, self.num_classes)
        dense = _dense(settings, train, self.dtype)
        x = _hidden(settings, norm, dense)(latents.astype(self.dtype))
        x = dense(math.prod(self.shape))(x).reshape(-1, *self.shape).astype(jnp.float32)
        return jnp.tanh(x) if settings.output == "tanh" else x


class MLPDiscriminator(nn.Module):
    """Examples [n, *shape], or rows [n, numbers], to features [n, features[-1]]."""

    settings: "MLPDisc"
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: jax.Array, condition: jax.Array | None, train: bool) -> jax.Array:
        settings = self.settings
        norm = settings.norm_layer(train, self.dtype)
        x = _hidden(settings, norm, _dense(settings, train, self.dtype))(x.astype(self.dtype))
        return Dropout(settings.dropout_rate)(x, train)


class MLPEncoder(nn.Module):
    """Examples [n, *shape] to mean and log-variance of latents, [n, latents] each."""

    settings: "MLPEncoderSettings"
    latents: int
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> tuple[jax.Array, jax.Array]:
        settings, dense = self.settings, _dense(self.settings, train, self.dtype)
        norm = settings.norm_layer(train, self.dtype)
        x = _hidden(settings, norm, dense)(x.astype(self.dtype))
        mean, log_var = (dense(self.latents, name=name)(x) for name in ("mean", "log_var"))
        return mean.astype(jnp.float32), log_var.astype(jnp.float32)


@dataclass(frozen=True, kw_only=True)
class MLPGen(Activated, NormalisedGen, name="mlp"):
    """Examples of any shape by dense layers."""

    features: tuple[Count, ...] = (64, 128, 256)
    output: Literal["tanh", "linear"] = "tanh"

    def build(self, shape: Shape, num_classes: int, dtype: jnp.dtype) -> nn.Module:
        network = MLPGenerator(self, shape, num_classes, dtype)
        return self.conditional(network, num_classes, dtype)


@dataclass(frozen=True, kw_only=True)
class MLPDisc(Activated, BatchNormalised, ConditionalDisc, name="mlp"):
    """Examples of any shape, each seen as one row of numbers."""

    features: tuple[Count, ...] = (64, 128, 256)
    dropout_rate: Rate = 0.0

    def build(
        self, shape: Shape, num_classes: int, dtype: jnp.dtype, codes: CodeSizes = NO_CODES
    ) -> ConditionalDiscriminator:
        network = MLPDiscriminator(self, dtype)
        return self.conditional(network, num_classes, dtype, codes, GLOROT, takes_rows=True)


@dataclass(frozen=True, kw_only=True)
class MLPEncoderSettings(Activated, BatchNormalised, EncoderSettings, name="mlp"):
    """Examples of any shape, each seen as one row of numbers."""

    features: tuple[Count, ...] = (64, 128, 256)

    def build(self, shape: Shape, latents: int, dtype: jnp.dtype) -> MLPEncoder:
        return MLPEncoder(self, latents, dtype)
