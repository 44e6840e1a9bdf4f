"""Networks: Flax modules, each built from settings of its own, which stand beside it.

A generator maps (latents [n, d], condition, train) to examples in [-1, 1]; a discriminator maps
(examples, condition, train) to a `DiscriminatorOutput`; an encoder maps (examples, train) to mean
and log-variance of latents, [n, d] each. The condition is None or ignored where a network is not
conditional, labels [n] for classes, a picture [n, h, w, c] for a finer level of LAPGAN and for
networks that make an image from a source, and a `LabelledSource` for StarGAN's generator.
"""

from gan_jax.networks.autoencoder import (
    AutoencoderDisc,
    BEGANDisc,
    DCGANAutoencoderDisc,
    InfoGANAutoencoderDisc,
)
from gan_jax.networks.began import BEGANGen
from gan_jax.networks.dcgan import DCGANDisc, DCGANGen, DCGANNormalDisc, DCGANNormalGen
from gan_jax.networks.discriminator import (
    NO_CODES,
    Codes,
    CodeSizes,
    Discriminator,
    DiscriminatorOutput,
    DiscSettings,
)
from gan_jax.networks.encoder import EncoderSettings
from gan_jax.networks.generator import GenSettings
from gan_jax.networks.infogan import (
    DCGANLabelledDisc,
    DCGANLabelledGen,
    InfoGANDisc,
    InfoGANEncoderSettings,
    InfoGANGen,
)
from gan_jax.networks.keras_dcgan import KerasDCGANDisc, KerasDCGANGen
from gan_jax.networks.lapgan import LAPGANDisc, LAPGANGen
from gan_jax.networks.latents import Latents, Normal, Uniform
from gan_jax.networks.layers import REFERENCE
from gan_jax.networks.mlp import MLPDisc, MLPEncoderSettings, MLPGen
from gan_jax.networks.patch import PatchDisc
from gan_jax.networks.r3gan import R3GANDisc, R3GANGen
from gan_jax.networks.resnet import ResNetDisc, ResNetGen
from gan_jax.networks.sndcgan import SNDCGANDisc, SNDCGANGen
from gan_jax.networks.srcnn import SRCNNGen
from gan_jax.networks.srgan import SRGANDisc, SRResNetGen
from gan_jax.networks.stargan import StarGANDisc, StarGANGen
from gan_jax.networks.translator import TranslatorGen
from gan_jax.networks.unet import UNetGen

__all__ = [
    "NO_CODES",
    "REFERENCE",
    "AutoencoderDisc",
    "BEGANDisc",
    "BEGANGen",
    "CodeSizes",
    "Codes",
    "DCGANAutoencoderDisc",
    "DCGANDisc",
    "DCGANGen",
    "DCGANLabelledDisc",
    "DCGANLabelledGen",
    "DCGANNormalDisc",
    "DCGANNormalGen",
    "DiscSettings",
    "Discriminator",
    "DiscriminatorOutput",
    "EncoderSettings",
    "GenSettings",
    "InfoGANAutoencoderDisc",
    "InfoGANDisc",
    "InfoGANEncoderSettings",
    "InfoGANGen",
    "KerasDCGANDisc",
    "KerasDCGANGen",
    "LAPGANDisc",
    "LAPGANGen",
    "Latents",
    "MLPDisc",
    "MLPEncoderSettings",
    "MLPGen",
    "Normal",
    "PatchDisc",
    "R3GANDisc",
    "R3GANGen",
    "ResNetDisc",
    "ResNetGen",
    "SNDCGANDisc",
    "SNDCGANGen",
    "SRCNNGen",
    "SRGANDisc",
    "SRResNetGen",
    "StarGANDisc",
    "StarGANGen",
    "TranslatorGen",
    "UNetGen",
    "Uniform",
]
