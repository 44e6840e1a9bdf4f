"""Discriminators that reconstruct the image: what they reconstruct badly, they take for false.

The encoder is the body of a plain discriminator and the decoder the generator of the same kind,
its features in reverse (Zhao et al. 2016, arXiv 1609.03126, sections 2.1 and 4).
"""

from collections.abc import Callable
from dataclasses import replace

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.config import Config
from gan_jax.networks import began, dcgan, mlp, parts
from gan_jax.networks.discriminator import Discriminator
from gan_jax.networks.parts import Parts


class Reconstruction(nn.Module):
    """Features [n, f] and images [n, h, w, c] to logits [n]: minus the energy, which is the mean
    over pixels of the squared or absolute error, as `network.energy` says."""

    decoder: nn.Module

    @nn.compact
    def __call__(self, features: jax.Array, images: jax.Array, layer: Parts) -> jax.Array:
        error = self.decoder(features, layer.labels, layer.train) - images
        energy = jnp.abs(error) if layer.network.energy == "absolute" else error**2
        return -energy.mean(axis=(1, 2, 3))


def dense(config: Config) -> Discriminator:
    """Of `mlp`; the last of `features` is the width of the code."""
    return _judging(mlp.discriminator(config), mlp.generator, config, config.disc.features[::-1])


def convolutional(config: Config) -> Discriminator:
    """Of `dcgan`."""
    mirrored = config.disc.features[::-1]
    return _judging(dcgan.discriminator(config), dcgan.generator, config, mirrored)


def boundary(config: Config) -> Discriminator:
    """Of `began`, whose decoder has the first of `features` everywhere."""
    features = config.disc.features[:1] * len(config.disc.features)
    return _judging(began.discriminator(config), began.generator, config, features)


def _judging(
    encoder: Discriminator,
    make_gen: Callable[[Config], parts.Body],
    config: Config,
    features: tuple[int, ...],
) -> Discriminator:
    decoder = make_gen(replace(config, gen=replace(config.disc, features=features)))
    parts.check_plain(config, "disc", decoder.ignores)
    return encoder.clone(judge=Reconstruction(decoder))
