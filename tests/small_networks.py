"""Small networks of every choice, for 8x8 digits of three classes."""

import jax.numpy as jnp

from gan_jax.method import LabelledSource
from gan_jax.networks import NO_CODES, DiscSettings, GenSettings

SHAPE, CLASSES = (8, 8, 1), 3
NORM = {"batch_norm_momentum": 0.8, "batch_norm_epsilon": 1e-3}
GENS = {
    "began": {"features": (4, 4)},
    "dcgan": {"features": (6, 4)},
    "dcgan_labelled": {"features": (6, 5, 4)},
    "dcgan_normal": {"features": (6, 4)},
    "dcgan_upsampling": {"features": (6, 4), "kernel_size": 3},
    "infogan": {"features": (6, 5, 4)},
    "lapgan": {"features": (4,)},
    "mlp": {"features": (6,)},
    "r3gan": {"features": (8, 8), "kernel_size": 3},
    "resnet": {"features": (6, 4), "kernel_size": 3, "attention": 8},
    "sndcgan": {"features": (6, 4)},
    "srcnn": {"features": (4, 5)},
    "srresnet": {"features": (4,), "blocks": 1},
    "stargan": {"features": (4, 6), "blocks": 1},
    "translator": {"features": (4, 6), "blocks": 1},
    "unet": {"features": (4, 6)},
}
"""Each choice of `GenSettings`."""
LINEAR = {
    "dcgan": {"features": (4, 6)},
    "dcgan_labelled": {"features": (4, 5, 6)},
    "dcgan_normal": {"features": (4, 6)},
    "dcgan_upsampling": {"features": (4, 6), "kernel_size": 3},
    "infogan": {"features": (4, 5, 6)},
    "mlp": {"features": (6,)},
    "r3gan": {"features": (8, 8), "kernel_size": 3},
    "resnet": {"features": (4, 6), "pooling": "sum", "kernel_size": 3},
    "sndcgan": {"features": (4, 6), "pooling": "sum"},
}
ENERGIES = {
    "autoencoder": {"features": (6, 5)},
    "began": {"features": (4, 5), "code_features": 6},
    "dcgan_autoencoder": {"features": (4, 6)},
    "infogan_autoencoder": {"features": (4, 5, 6)},
}
OWN = {
    "lapgan": {"features": (4,)},
    "patch": {"features": (4, 6)},
    "srgan": {"features": (4, 6)},
    "stargan": {"features": (4, 6)},
}
DISCS = LINEAR | ENERGIES | OWN
"""Each choice of `DiscSettings`."""

PICTURED = {"lapgan", "srcnn", "srresnet", "translator", "unet"}
"""Generators that are conditioned on a picture."""


def condition(name, count=2, shape=SHAPE):
    """What the generator of a name is conditioned on."""
    labels, picture = jnp.arange(count, dtype=jnp.int32) % CLASSES, jnp.zeros((count, *shape))
    if name == "stargan":
        return LabelledSource(picture, labels)
    return picture if name in PICTURED else labels


def gen_settings(name, **fields):
    return GenSettings.chosen(name, "gen.name")(**GENS[name] | fields)


def disc_settings(name, **fields):
    return DiscSettings.chosen(name, "disc.name")(**DISCS[name] | fields)


def generator(name, classes=CLASSES, shape=SHAPE, dtype=jnp.float32, **fields):
    return gen_settings(name, **fields).build(shape, classes, jnp.dtype(dtype))


def discriminator(name, classes=CLASSES, shape=SHAPE, dtype=jnp.float32, codes=NO_CODES, **fields):
    return disc_settings(name, **fields).build(shape, classes, jnp.dtype(dtype), codes)
