"""The pair of InfoGAN and that of DCGAN-tensorflow's MNIST: dense layers as well as convolutions.

`infogan` is that of Chen et al. 2016 (arXiv 1606.03657, table 1, which has ReLU in G).
`dcgan_labelled` is the same, conditioned on the class in each layer of G and of D: a dense layer
has the one-hot label concatenated to its input, a convolution has it as constant maps concatenated
to its channels; Mirza and Osindero 2014 (arXiv 1411.1784) condition the first layer alone. A layer
that a BatchNorm follows has no bias, for the reason that `dcgan` gives. All kernels start at
N(0, kernel_stddev).
"""

import math
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal

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
from gan_jax.networks.encoder import EncoderSettings
from gan_jax.networks.generator import NormalisedGen
from gan_jax.networks.layers import concatenated
from gan_jax.networks.settings import (
    Activated,
    BatchNormalised,
    NormalKernels,
    Shape,
    SizedKernels,
    check_classes,
    check_hidden,
    check_image,
)


class InfoGANGenerator(nn.Module):
    """Latents [n, d], and labels [n] where it sees them, to images [n, *shape]; in [-1, 1] where it
    ends in tanh.

    `features` are those of a dense layer, of the map that a second one makes, and of each
    transposed convolution but the last, which makes the image; these have stride 2.
    """

    settings: "InfoGANGen"
    shape: Shape
    num_classes: int
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, latents: jax.Array, condition: jax.Array | None, train: bool) -> jax.Array:
        settings, (height, width, channels) = self.settings, self.shape
        fields = {"kernel_init": settings.kernel_init, "dtype": self.dtype}
        dense = settings.layer(nn.Dense, train, use_bias=not settings.normalised, **fields)
        conv_transpose = settings.layer(ops.ConvTranspose, train, **fields)
        norm = settings.conditional_norm(train, self.dtype, condition, self.num_classes)
        labels = condition if settings.sees_labels else None
        labelled = partial(_labelled, labels, self.num_classes, self.dtype)
        hidden, first, *rest = settings.features
        scale = 2 ** (1 + len(rest))
        base = (height // scale, width // scale, first)
        x = settings.act(norm()(dense(hidden)(labelled(latents))))
        x = settings.act(norm()(dense(math.prod(base))(labelled(x)))).reshape(-1, *base)
        for features in rest:
            conv = conv_transpose(features, settings.kernel_size, use_bias=not settings.normalised)
            x = settings.act(norm()(conv(labelled(x))))  # twice the height and width
        x = conv_transpose(channels, settings.kernel_size)(labelled(x)).astype(jnp.float32)
        return jnp.tanh(x) if settings.output == "tanh" else x


class InfoGANDiscriminator(nn.Module):
    """Images [n, height, width, channels] in [-1, 1], and labels [n] where it sees them, to
    features, with the one-hot labels among them.

    `features` are those of each convolution, with stride 2, and of a dense layer. No BatchNorm on
    the first layer.
    """

    settings: "InfoGANDisc | InfoGANEncoderSettings"
    num_classes: int
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: jax.Array, condition: jax.Array | None, train: bool) -> jax.Array:
        settings, x = self.settings, x.astype(self.dtype)
        layer = partial(settings.layer, train=train, dtype=self.dtype)
        conv = layer(ops.Conv, kernel_init=settings.kernel_init, stride=2)
        dense = layer(nn.Dense, kernel_init=settings.kernel_init)
        norm = settings.norm_layer(train, self.dtype)
        labels = condition if settings.sees_labels else None
        labelled = partial(_labelled, labels, self.num_classes, self.dtype)
        first, *rest, hidden = settings.features
        x = settings.act(conv(first, settings.kernel_size)(labelled(x)))
        for features in rest:
            before_norm = conv(features, settings.kernel_size, use_bias=not settings.normalised)
            x = settings.act(norm()(before_norm(labelled(x))))
        x = labelled(x.reshape(len(x), -1))
        x = settings.act(norm()(dense(hidden, use_bias=not settings.normalised)(x)))
        return labelled(x)


class InfoGANEncoder(nn.Module):
    """Images [n, height, width, channels] to mean and log-variance of latents, [n, latents] each,
    by the layers of the discriminator."""

    settings: "InfoGANEncoderSettings"
    latents: int
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> tuple[jax.Array, jax.Array]:
        settings = self.settings
        features = InfoGANDiscriminator(settings, 0, self.dtype, name="body")(x, None, train)
        kernels = {"kernel_init": settings.kernel_init, "dtype": self.dtype}
        dense = settings.layer(nn.Dense, train, **kernels)
        mean, log_var = (dense(self.latents, name=name)(features) for name in ("mean", "log_var"))
        return mean.astype(jnp.float32), log_var.astype(jnp.float32)


def _labelled(
    labels: jax.Array | None, num_classes: int, dtype: jnp.dtype, x: jax.Array
) -> jax.Array:
    """x [n, ..., c] with the one-hot labels [n] after its channels, if there are any."""
    if labels is None:
        return x
    return concatenated(x, jax.nn.one_hot(labels, num_classes, dtype=dtype))


@dataclass(frozen=True, kw_only=True)
class InfoGANGen(SizedKernels, NormalKernels, Activated, NormalisedGen, name="infogan"):
    """Images by two dense layers and transposed convolutions."""

    output: Literal["tanh", "linear"] = "tanh"

    sees_labels: ClassVar[bool] = False

    def build(self, shape: Shape, num_classes: int, dtype: jnp.dtype) -> nn.Module:
        check_hidden(self)
        check_image(self, shape, len(self.features) - 1, self.kernel_size)
        if self.sees_labels:
            check_classes(f"{self.section}.name={self.choice}", num_classes)
        network = InfoGANGenerator(self, shape, num_classes, dtype)
        return self.conditional(network, num_classes, dtype)


@dataclass(frozen=True, kw_only=True)
class DCGANLabelledGen(InfoGANGen, name="dcgan_labelled"):
    """As `infogan`, with the label in each layer."""

    sees_labels: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class InfoGANDisc(
    SizedKernels, NormalKernels, Activated, BatchNormalised, ConditionalDisc, name="infogan"
):
    """Images by convolutions and a dense layer."""

    sees_labels: ClassVar[bool] = False

    def build(
        self, shape: Shape, num_classes: int, dtype: jnp.dtype, codes: CodeSizes = NO_CODES
    ) -> ConditionalDiscriminator:
        check_hidden(self)
        check_image(self, shape, len(self.features) - 1, self.kernel_size)
        if self.sees_labels:
            check_classes(f"{self.section}.name={self.choice}", num_classes)
        body = InfoGANDiscriminator(self, num_classes, dtype)
        return self.conditional(body, num_classes, dtype, codes, self.kernel_init)


@dataclass(frozen=True, kw_only=True)
class DCGANLabelledDisc(InfoGANDisc, name="dcgan_labelled"):
    """As `infogan`, with the label in each layer."""

    sees_labels: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class InfoGANEncoderSettings(
    SizedKernels, NormalKernels, Activated, BatchNormalised, EncoderSettings, name="infogan"
):
    """Images by the layers of the discriminator."""

    sees_labels: ClassVar[bool] = False

    def build(self, shape: Shape, latents: int, dtype: jnp.dtype) -> InfoGANEncoder:
        check_hidden(self)
        check_image(self, shape, len(self.features) - 1, self.kernel_size)
        return InfoGANEncoder(self, latents, dtype)
