"""Settings of every generator, and what a conditional one has in addition to its latents."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.config.part import Part
from gan_jax.config.values import Decay, Positive
from gan_jax.networks.layers import (
    REFERENCE,
    BatchNorm,
    ConditionalBatchNorm,
    VirtualBatchNorm,
    concatenated,
)
from gan_jax.networks.settings import (
    LabelEmbedding,
    ModuleDef,
    NetworkSettings,
    Shape,
    check_classes,
)


@dataclass(frozen=True, kw_only=True)
class GenSettings(Part, NetworkSettings):
    """One of the generators."""

    section: ClassVar[str] = "gen"
    takes_pictures: ClassVar[bool] = False
    """Whether examples are made from source pictures, and not of latents alone."""

    def build(self, shape: Shape, num_classes: int, dtype: jnp.dtype) -> nn.Module:
        """A module that maps (latents [n, d], condition, train) to examples [n, *shape], computed
        in `dtype`. Raises `UserError` for what cannot be built."""
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class ConditionalGen(LabelEmbedding, GenSettings):
    """Generators that may have the class as a code concatenated to their latents (Mirza and
    Osindero 2014, arXiv 1411.1784)."""

    conditioning: Literal["none", "embedding"] = "none"

    @property
    def code_init(self) -> Callable:
        """The initialiser of an embedding's codes: as spread as z is."""
        return nn.initializers.normal(1.0)

    @property
    def has_reference(self) -> bool:
        """Whether a reference batch passes through the network ahead of every other."""
        return False

    def conditional(self, network: nn.Module, num_classes: int, dtype: jnp.dtype) -> nn.Module:
        """`network` of the same signature, with what these settings ask for in addition to it."""
        if self.conditioning == "none" and not self.has_reference:
            return network
        if self.conditioning != "none":
            check_classes(f"{self.section}.conditioning={self.conditioning}", num_classes)
        return ConditionalGenerator(network, self, num_classes, dtype)


@dataclass(frozen=True, kw_only=True)
class NormalisedGen(ConditionalGen):
    """Generators with a norm, which may be one of each class, or of a reference batch."""

    norm: Literal["batch", "conditional_batch", "virtual_batch", "none"] = "batch"
    batch_norm_momentum: Decay = 0.9
    batch_norm_epsilon: Positive = 1e-5

    @property
    def normalised(self) -> bool:
        """Whether there is a norm, so that the layer before it needs no bias."""
        return self.norm != "none"

    def norm_layer(self, train: bool, dtype: jnp.dtype) -> ModuleDef:
        """Makes the norm of maps or rows [n, ..., c] for all classes."""
        if not self.normalised:
            return super().norm_layer(train, dtype)
        if self.norm == "virtual_batch":
            return partial(VirtualBatchNorm, self.batch_norm_epsilon, dtype)
        norm = partial(BatchNorm, self.batch_norm_momentum, self.batch_norm_epsilon, dtype)
        return lambda: partial(norm(), train=train)

    def conditional_norm(
        self, train: bool, dtype: jnp.dtype, labels: jax.Array | None, num_classes: int
    ) -> ModuleDef:
        """As `norm_layer`, or for conditional_batch the norm of the labels' [n] classes."""
        if self.norm != "conditional_batch":
            return self.norm_layer(train, dtype)
        fields = num_classes, self.batch_norm_momentum, self.batch_norm_epsilon, dtype
        norm = partial(ConditionalBatchNorm, *fields)
        return lambda: partial(norm(), labels=labels, train=train)

    @property
    def has_reference(self) -> bool:
        """Whether a reference batch passes through the network ahead of every other."""
        return self.norm == "virtual_batch"

    def conditional(self, network: nn.Module, num_classes: int, dtype: jnp.dtype) -> nn.Module:
        """`network` of the same signature, with what these settings ask for in addition to it."""
        if self.norm == "conditional_batch":
            check_classes(f"{self.section}.norm={self.norm}", num_classes)
        return super().conditional(network, num_classes, dtype)


class ConditionalGenerator(nn.Module):
    """(latents [n, d], labels [n], train) to images [n, h, w, c], by a body of the same signature.

    With `conditioning` embedding, a code of the label is concatenated to z. With `norm`
    virtual_batch, the latents that the network is initialised with, and all classes in turn, are
    the reference batch.
    """

    body: nn.Module
    settings: ConditionalGen
    num_classes: int
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, latents: jax.Array, labels: jax.Array | None, train: bool) -> jax.Array:
        count, settings = 0, self.settings
        if settings.has_reference:
            reference = self.variable("batch_stats", "reference", _reference, latents).value
            latents, count = jnp.concatenate([reference, latents]), REFERENCE
            if labels is not None:
                classes = jnp.arange(REFERENCE, dtype=labels.dtype) % max(1, self.num_classes)
                labels = jnp.concatenate([classes, labels])
        if settings.conditioning == "embedding":
            encode = settings.label_code(train, self.num_classes, settings.code_init, self.dtype)
            latents = concatenated(latents, encode(labels))
        return self.body(latents, labels, train)[count:]


def _reference(latents: jax.Array) -> jax.Array:
    if len(latents) != REFERENCE:
        raise ValueError(f"virtual batch normalisation starts with {REFERENCE} latents")
    return latents
