"""Methods: each makes a `Method`, a few pure functions, from the config that chooses it."""

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp

from gan_jax.method import Example, Method, Metrics, State
from gan_jax.methods import cycle_gan, gan, pyramid, stargan, vae
from gan_jax.methods.augmenting import AdaptiveAugment, Augment, FixedAugment, NoAugment
from gan_jax.methods.cycle_gan import CycleGAN
from gan_jax.methods.gan_settings import GAN, GameTrain
from gan_jax.methods.optimizers import SGD, Adam, Nesterov, Optimizer, RMSProp
from gan_jax.methods.pyramid import Coarsest, LaplacianPyramid
from gan_jax.methods.sections import Checkpoint, Config, Evaluate, Log, Sample, Train, Varied
from gan_jax.methods.stargan import StarGAN
from gan_jax.methods.vae import VAE

__all__ = [
    "GAN",
    "METHODS",
    "SGD",
    "VAE",
    "Adam",
    "AdaptiveAugment",
    "Augment",
    "Checkpoint",
    "Coarsest",
    "Config",
    "CycleGAN",
    "Evaluate",
    "FixedAugment",
    "GameTrain",
    "LaplacianPyramid",
    "Log",
    "Method",
    "Metrics",
    "Nesterov",
    "NoAugment",
    "Optimizer",
    "RMSProp",
    "Sample",
    "StarGAN",
    "State",
    "Train",
    "Varied",
    "at_size",
    "batch",
    "make",
]

METHODS: dict[type[Config], Callable[[Any], Method]] = {
    CycleGAN: cycle_gan.make,
    GAN: gan.make,
    LaplacianPyramid: pyramid.make,
    StarGAN: stargan.make,
    VAE: vae.make,
}
SIZED: dict[type[Config], Callable[[Any, int, int], Method]] = {
    CycleGAN: cycle_gan.at_size,
    GAN: gan.at_size,
    StarGAN: stargan.at_size,
}
"""Those whose generators may make pictures of pictures."""


def make(config: Config) -> Method:
    """The method that `config` chooses. Raises `UserError` for parts that do not fit."""
    return METHODS[type(config)](config)


def at_size(config: Config, height: int, width: int) -> Method:
    """The method of a config that makes pictures of pictures, whose generators make them of another
    size. Raises `UserError` for a size that the network cannot make."""
    return SIZED[type(config)](config, height, width)


def batch(config: Config) -> Example:
    """The shapes of the examples x [n, ...] of a step, over all devices, with those fields alone
    that the networks see."""
    size = config.train.examples_per_step
    x = jax.ShapeDtypeStruct((size, *config.data.kind.shape), jnp.float32)
    label = jax.ShapeDtypeStruct((size,), jnp.int32) if config.data.num_classes else None
    return Example(x, label, x if config.data.has_sources else None)
