"""Networks by name: each row is a function of the config that makes a Flax module.

A generator maps (latents [n, d], labels [n], train) to images in [-1, 1]; a discriminator maps
(images, labels, train) to a `Verdict`; an encoder maps (images, train) to mean and log-variance of
latents, [n, d] each. A network that is not told of classes ignores the labels.
"""

from collections.abc import Callable
from functools import partial

import flax.linen as nn

from gan_jax.config import Config
from gan_jax.errors import choose
from gan_jax.networks import dcgan, labelled, mlp, upsampling
from gan_jax.networks.discriminator import Codes, Discriminator, Verdict

__all__ = ["Codes", "Discriminator", "Verdict", "discriminator", "encoder", "generator"]

GENERATORS: dict[str, Callable[[Config], nn.Module]] = {
    "dcgan": dcgan.generator,
    "dcgan_labelled": labelled.generator,
    "dcgan_normal": partial(dcgan.generator, normal=True),
    "dcgan_upsampling": upsampling.generator,
    "mlp": mlp.generator,
}
DISCRIMINATORS: dict[str, Callable[[Config], Discriminator]] = {
    "dcgan": dcgan.discriminator,
    "dcgan_labelled": labelled.discriminator,
    "dcgan_normal": partial(dcgan.discriminator, normal=True),
    "dcgan_upsampling": upsampling.discriminator,
    "mlp": mlp.discriminator,
}
ENCODERS: dict[str, Callable[[Config], nn.Module]] = {"mlp": mlp.encoder}


def generator(config: Config) -> nn.Module:
    """The generator that `config.gen.name` names."""
    return choose(GENERATORS, "gen.name", config.gen.name)(config)


def discriminator(config: Config) -> Discriminator:
    """The discriminator that `config.disc.name` names."""
    return choose(DISCRIMINATORS, "disc.name", config.disc.name)(config)


def encoder(config: Config) -> nn.Module:
    """The encoder that `config.encoder.name` names."""
    return choose(ENCODERS, "encoder.name", config.encoder.name)(config)
