"""The pair of a finer level of LAPGAN (Denton et al. 2015, arXiv 1506.05751, section 3.3).

Both are told of the enlarged coarser image, where other networks have labels: G has it beside a
plane of noise, D adds it to the band that it judges.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.config import Config
from gan_jax.networks import parts
from gan_jax.networks.dcgan import check_divisible
from gan_jax.networks.discriminator import Discriminator, with_heads
from gan_jax.networks.layers import Dropout


class Generator(parts.Body):
    """Latents [n, height * width] and coarser images [n, height, width, channels] to bands of the
    same shape; `features` are those of the convolutions before the last."""

    ignores = ("norm",)

    @nn.compact
    def __call__(self, latents: jax.Array, coarse: jax.Array, train: bool) -> jax.Array:
        layer, network = self.parts(coarse, train), self.network
        *sides, channels = coarse.shape[1:]
        x = jnp.concatenate([coarse, latents.reshape(-1, *sides, 1)], axis=-1).astype(self.dtype)
        for features in network.features:
            x = layer.activated(layer.conv(x, features, network.kernel_size))
        return layer.conv(x, channels, network.kernel_size).astype(jnp.float32)


class Body(parts.Body):
    """Bands and coarser images, [n, height, width, channels] both, to features; the convolutions
    have stride 2."""

    ignores = ("norm", "pooling")

    @nn.compact
    def __call__(self, bands: jax.Array, coarse: jax.Array, train: bool) -> jax.Array:
        layer, network = self.parts(coarse, train), self.network
        x = (bands + coarse).astype(self.dtype)
        for features in network.features:
            x = layer.activated(layer.conv(x, features, network.kernel_size, stride=2))
        return Dropout(network.dropout_rate)(x.reshape(len(x), -1), train)


def generator(config: Config) -> Generator:
    """The generator of `config`, a level's."""
    return Generator(**_fields(config, "gen"))


def discriminator(config: Config) -> Discriminator:
    """The discriminator of `config`, a level's."""
    check_divisible(config, len(config.disc.features))
    fields = _fields(config, "disc")
    return with_heads(config, Body(**fields), fields["kernel_init"])


def _fields(config: Config, part: str) -> dict:
    network = getattr(config, part)
    init = nn.initializers.normal(network.kernel_stddev)
    return parts.of_config(config, network, init)
