"""EBGAN-style discriminators: minus the reconstruction error is the logit, and no head is linear.

The encoder is that of another discriminator and the decoder the generator of the same pair, its
features in reverse (Zhao et al. 2016, arXiv 1609.03126, sections 2.1 and 4).
"""

from dataclasses import dataclass, fields
from functools import partial
from typing import Any, Literal, TypeVar

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.networks.began import BEGANEncoder, BEGANGen, BEGANGenerator
from gan_jax.networks.dcgan import DCGANDisc, DCGANGen, DCGANGenerator
from gan_jax.networks.discriminator import (
    NO_CODES,
    CodeSizes,
    ConditionalDisc,
    ConditionalDiscriminator,
)
from gan_jax.networks.generator import GenSettings
from gan_jax.networks.infogan import InfoGANDisc, InfoGANGen, InfoGANGenerator
from gan_jax.networks.mlp import MLPDisc, MLPGen, MLPGenerator
from gan_jax.networks.settings import GLOROT, ModuleDef, Shape, check_image

Energy = Literal["squared", "absolute"]
"""The error of a pixel."""


class Reconstruction(nn.Module):
    """(features [n, f], examples [n, *shape], train) to logits [n]: minus the energy, which is the
    mean over pixels of the squared or absolute error."""

    decoder: ModuleDef
    energy: Energy

    @nn.compact
    def __call__(self, features: jax.Array, x: jax.Array, train: bool) -> jax.Array:
        error = self.decoder(name="decoder")(features, None, train) - x
        energy = jnp.abs(error) if self.energy == "absolute" else error**2
        return -energy.mean(axis=tuple(range(1, energy.ndim)))


@dataclass(frozen=True, kw_only=True)
class AutoencoderDisc(MLPDisc, name="autoencoder"):
    """Two of `mlp`; the last of `features` is the width of the code."""

    output: Literal["tanh", "linear"] = "tanh"  # of the decoder
    energy: Energy = "squared"

    def build(
        self, shape: Shape, num_classes: int, dtype: jnp.dtype, codes: CodeSizes = NO_CODES
    ) -> ConditionalDiscriminator:
        disc = super().build(shape, num_classes, dtype, codes)
        decoder = partial(
            MLPGenerator, _mirrored(MLPGen, self, self.features[::-1]), shape, 0, dtype
        )
        return _reconstructing(disc, decoder, self.energy)


@dataclass(frozen=True, kw_only=True)
class DCGANAutoencoderDisc(DCGANDisc, name="dcgan_autoencoder"):
    """Two of `dcgan`."""

    energy: Energy = "squared"

    def build(
        self, shape: Shape, num_classes: int, dtype: jnp.dtype, codes: CodeSizes = NO_CODES
    ) -> ConditionalDiscriminator:
        disc = super().build(shape, num_classes, dtype, codes)
        decoder = partial(
            DCGANGenerator, _mirrored(DCGANGen, self, self.features[::-1]), shape, 0, dtype
        )
        return _reconstructing(disc, decoder, self.energy)


@dataclass(frozen=True, kw_only=True)
class InfoGANAutoencoderDisc(InfoGANDisc, name="infogan_autoencoder"):
    """Two of `infogan`; the last of `features` is the width of the code."""

    energy: Energy = "squared"

    def build(
        self, shape: Shape, num_classes: int, dtype: jnp.dtype, codes: CodeSizes = NO_CODES
    ) -> ConditionalDiscriminator:
        disc = super().build(shape, num_classes, dtype, codes)
        decoder = partial(
            InfoGANGenerator, _mirrored(InfoGANGen, self, self.features[::-1]), shape, 0, dtype
        )
        return _reconstructing(disc, decoder, self.energy)


@dataclass(frozen=True, kw_only=True)
class BEGANDisc(ConditionalDisc, name="began"):
    """BEGAN's, whose decoder has the first of `features` everywhere, and whose code has
    `code_features`."""

    output: Literal["tanh", "linear"] = "tanh"  # of the decoder
    energy: Energy = "squared"

    def build(
        self, shape: Shape, num_classes: int, dtype: jnp.dtype, codes: CodeSizes = NO_CODES
    ) -> ConditionalDiscriminator:
        check_image(self, shape, len(self.features) - 1)
        settings = _mirrored(BEGANGen, self, self.features[:1] * len(self.features))
        decoder = partial(BEGANGenerator, settings, shape, dtype)
        body = BEGANEncoder(self, self.code_features, dtype)
        disc = self.conditional(body, num_classes, dtype, codes, GLOROT)
        return _reconstructing(disc, decoder, self.energy)


def _reconstructing(
    disc: ConditionalDiscriminator, decoder: ModuleDef, energy: Energy
) -> ConditionalDiscriminator:
    """The discriminator with a reconstruction in place of its linear head."""
    return disc.clone(reconstruction=partial(Reconstruction, decoder, energy))


Gen = TypeVar("Gen", bound=GenSettings)


def _mirrored(kind: type[Gen], disc: ConditionalDisc, features: tuple[int, ...]) -> Gen:
    """Settings of a decoder: those that both have are the discriminator's."""
    ours = {item.name for item in fields(kind)} & {item.name for item in fields(disc)}
    shared: dict[str, Any] = {name: getattr(disc, name) for name in ours}
    return kind(**shared | {"features": features, "conditioning": "none"})
