"""The adversarial game: the parts that its settings compose it of."""

from collections.abc import Callable
from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from gan_jax.data import Source
from gan_jax.method import Condition, Example
from gan_jax.methods import (
    augmenting,
    average,
    compatibility,
    conditioning,
    optimizers,
    parts,
    regularisers,
    schedules,
)
from gan_jax.methods.gan_settings import GAN, GameTrain
from gan_jax.methods.network_state import Tree
from gan_jax.networks import CodeSizes, latents
from gan_jax.objectives import augmentations, losses
from gan_jax.objectives.auxiliary import Auxiliary
from gan_jax.objectives.content import Content


class Game(NamedTuple):
    """What stays the same while the two play; its fields are those of the config, made."""

    gen: nn.Module
    disc: nn.Module
    shape: tuple[int, ...]  # of an example's x
    condition: Callable[[Example], Condition]  # of both networks
    has_sources: bool  # whether examples have source pictures of their own, of the shape of x
    latents: latents.Latents
    draw_latents: Callable[[jax.Array], jax.Array]
    flip: bool
    augment: augmentations.Pipeline
    augmenting: augmenting.Augmenting
    loss: losses.Loss
    auxiliary: Auxiliary
    content: Content
    source: Source  # of the data
    penalty: regularisers.Term | None
    project: Callable[[Tree], Tree]  # D's parameters after each update of theirs
    disc_update: str
    disc_updates: int
    gen_updates: int
    fresh_latents: bool
    gen_parts: parts.Count  # of a device's examples, for G's passes
    disc_parts: parts.Count  # likewise for D's
    gen_top_share: schedules.Schedule | None
    pool_size: int
    instance_noise: schedules.Schedule | None
    label_flips: tuple[float, float] | None  # of real and of fake
    gen_opt: optax.GradientTransformation
    disc_opt: optax.GradientTransformation
    update_average: average.Update

    @property
    def is_ordinary(self) -> bool:
        """Whether a step is one update of D, on real and fake jointly, and one of G, on the same
        fakes."""
        once = self.disc_updates == self.gen_updates == 1
        same = not (self.fresh_latents or self.pool_size)
        return once and self.disc_update == "joint" and same

    @property
    def gen_sees_real(self) -> bool:
        """Whether G's update compares fakes with real images."""
        return self.loss.gen_sees_real or self.auxiliary.gen_sees_real


def make(config: GAN) -> Game:
    """The parts that `config` names. Raises `UserError` for unknown ones and what cannot be."""
    train, shape = config.train, config.data.kind.shape
    fields = shape, config.data.num_classes, jnp.dtype(train.compute_dtype)
    codes = CodeSizes(config.latents.categories, config.latents.continuous)
    disc = config.disc.build(*fields, codes)
    compatibility.check(config, disc)
    return Game(
        gen=config.gen.build(*fields),
        disc=disc,
        shape=shape,
        condition=conditioning.condition_of(config, config.condition),
        has_sources=config.data.has_sources,
        latents=config.latents,
        draw_latents=latents.sampler(config.latents),
        flip=config.data.is_mirrored,
        augment=augmentations.pipeline(config.augment.names),
        augmenting=config.augment.make(train),
        loss=config.loss,
        auxiliary=config.auxiliary,
        content=config.content,
        source=config.data,
        penalty=regularisers.penalty(config.penalty, train),
        project=regularisers.projection(config.penalty),
        disc_update=train.disc_update,
        disc_updates=train.disc_updates,
        gen_updates=train.gen_updates,
        fresh_latents=train.gen_latents == "fresh",
        gen_parts=parts.of_gen(config),
        disc_parts=parts.of_disc(config),
        gen_top_share=_top_share(train),
        pool_size=train.pool_size,
        instance_noise=_instance_noise(train),
        label_flips=_label_flips(train),
        gen_opt=optimizers.make(config.gen_optimizer, "gen_optimizer", train, train.gen_updates),
        disc_opt=optimizers.make(
            config.disc_optimizer,
            "disc_optimizer",
            train,
            train.disc_updates * (2 if train.disc_update == "in_turn" else 1),
        ),
        update_average=average.updater(train),
    )


def at_size(config: GAN, height: int, width: int) -> Game:
    """The game whose G makes pictures of another size, of which its weights say nothing. Raises
    `UserError` for a size that the network cannot make."""
    shape = height, width, *config.data.kind.shape[2:]
    gen = config.gen.build(shape, config.data.num_classes, jnp.dtype(config.train.compute_dtype))
    return make(config)._replace(gen=gen)


def _top_share(train: GameTrain) -> schedules.Schedule | None:
    start, end = train.gen_top_share, train.final_gen_top_share
    if (start, end) == (1, None):
        return None
    return schedules.make(train, start, end, "train.final_gen_top_share")


def _instance_noise(train: GameTrain) -> schedules.Schedule | None:
    start, end = train.instance_noise, train.final_instance_noise
    if end is None and not schedules.is_there(start):
        return None
    return schedules.make(train, start, end, "train.final_instance_noise")


def _label_flips(train: GameTrain) -> tuple[float, float] | None:
    flips = train.real_label_flips, train.fake_label_flips
    return flips if any(map(schedules.is_there, flips)) else None
