"""Networks by name: each row is a function of the config that makes a Flax module.

A generator maps (latents [n, d], labels [n], train) to images in [-1, 1]; a discriminator maps
(images, labels, train) to a `Verdict`; an encoder maps (images, train) to mean and log-variance of
latents, [n, d] each. A network that is not told of classes ignores the labels.
"""

from collections.abc import Callable
from functools import partial

import flax.linen as nn

from gan_jax.config import Config, Data, Network
from gan_jax.errors import UserError, choose
from gan_jax.networks import (
    autoencoder,
    began,
    dcgan,
    labelled,
    lapgan,
    mlp,
    r3gan,
    resnet,
    sndcgan,
    upsampling,
)
from gan_jax.networks.discriminator import Codes, Discriminator, Verdict
from gan_jax.networks.generator import told
from gan_jax.networks.layers import REFERENCE

__all__ = [
    "REFERENCE",
    "Codes",
    "Discriminator",
    "Verdict",
    "discriminator",
    "encoder",
    "generator",
]

GENERATORS: dict[str, Callable[[Config], nn.Module]] = {
    "began": began.generator,
    "dcgan": dcgan.generator,
    "dcgan_labelled": labelled.generator,
    "dcgan_normal": partial(dcgan.generator, normal=True),
    "dcgan_upsampling": upsampling.generator,
    "infogan": partial(labelled.generator, told=False),
    "lapgan": lapgan.generator,
    "mlp": mlp.generator,
    "r3gan": r3gan.generator,
    "resnet": resnet.generator,
    "sndcgan": sndcgan.generator,
}
DISCRIMINATORS: dict[str, Callable[[Config], Discriminator]] = {
    "began": autoencoder.boundary,
    "autoencoder": autoencoder.dense,
    "dcgan_autoencoder": autoencoder.convolutional,
    "dcgan": dcgan.discriminator,
    "dcgan_labelled": labelled.discriminator,
    "dcgan_normal": partial(dcgan.discriminator, normal=True),
    "dcgan_upsampling": upsampling.discriminator,
    "infogan": partial(labelled.discriminator, told=False),
    "lapgan": lapgan.discriminator,
    "mlp": mlp.discriminator,
    "r3gan": r3gan.discriminator,
    "resnet": resnet.discriminator,
    "sndcgan": sndcgan.discriminator,
}
DENSE = ("mlp", "autoencoder")
ENCODERS: dict[str, Callable[[Config], nn.Module]] = {"mlp": mlp.encoder}


def generator(config: Config) -> nn.Module:
    """The generator that `config.gen.name` names."""
    made = choose(GENERATORS, "gen.name", config.gen.name)
    _check_layers("gen", config.gen, config.data)
    return told(config, made(config))


def discriminator(config: Config) -> Discriminator:
    """The discriminator that `config.disc.name` names."""
    made = choose(DISCRIMINATORS, "disc.name", config.disc.name)
    _check_layers("disc", config.disc, config.data)
    return made(config)


def encoder(config: Config) -> nn.Module:
    """The encoder that `config.encoder.name` names."""
    return choose(ENCODERS, "encoder.name", config.encoder.name)(config)


def _check_layers(part: str, network: Network, data: Data) -> None:
    """Raises `UserError` for no layers, which only the dense networks can do without, and for
    kernels of which a part would never see a pixel."""
    if network.name in DENSE:
        return
    if not network.features:
        raise UserError(
            f"{part}.name={network.name} needs layers; give their channels by "
            f"{part}.features, such as 64,128,256."
        )
    most = 2 * max(data.height, data.width) - 1
    if network.kernel_size > most:
        raise UserError(
            f"{part}.kernel_size={network.kernel_size} reaches beyond images of "
            f"{data.height}x{data.width} from any pixel; set at most {most}."
        )
