"""Settings of every encoder of a VAE."""

from dataclasses import dataclass
from typing import ClassVar

import flax.linen as nn
import jax.numpy as jnp

from gan_jax.config.part import Part
from gan_jax.networks.settings import NetworkSettings, Shape


@dataclass(frozen=True, kw_only=True)
class EncoderSettings(Part, NetworkSettings):
    """One of the encoders."""

    section: ClassVar[str] = "encoder"

    def build(self, shape: Shape, latents: int, dtype: jnp.dtype) -> nn.Module:
        """A module that maps (examples [n, *shape], train) to mean and log-variance of latents,
        [n, latents] each, computed in `dtype`. Raises `UserError` for what cannot be built."""
        raise NotImplementedError
