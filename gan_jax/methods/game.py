"""The adversarial game: the parts that a config composes it of."""

from collections.abc import Callable
from typing import NamedTuple

import flax.linen as nn
import jax
import optax

from gan_jax import networks
from gan_jax.config import Config, Train
from gan_jax.methods import augmenting, average, compatibility, optimizers, regularisers, schedules
from gan_jax.methods.player import Tree
from gan_jax.networks import latents
from gan_jax.objectives import augmentations, auxiliary, losses


class Game(NamedTuple):
    """What stays the same while the two play; its fields are those of the config, made."""

    gen: nn.Module
    disc: nn.Module
    image_shape: tuple[int, int, int]
    latent_size: int
    draw_latents: Callable[[jax.Array], jax.Array]
    flip: bool
    augment: augmentations.Pipeline
    augmenting: augmenting.Augmenting
    loss: losses.Loss
    gen_weight: float  # of the adversarial loss in G's
    auxiliary: auxiliary.Auxiliary
    penalty: regularisers.Penalty | None
    project: Callable[[Tree], Tree]  # D's parameters after each update of theirs
    disc_update: str
    disc_updates: int
    gen_updates: int
    fresh_latents: bool
    gen_top_share: schedules.Schedule | None
    gen_opt: optax.GradientTransformation
    disc_opt: optax.GradientTransformation
    follow: average.Follow


def make(config: Config) -> Game:
    """The parts that `config` names. Raises `UserError` for unknown ones and what cannot be."""
    train = config.train
    loss = losses.make(config.loss)
    penalty = regularisers.penalty(config)
    disc = networks.discriminator(config)
    compatibility.check(config, loss, disc)
    return Game(
        gen=networks.generator(config),
        disc=disc,
        image_shape=(config.data.height, config.data.width, config.data.channels),
        latent_size=latents.size(config.latents),
        draw_latents=latents.sampler(config.latents),
        flip=config.data.flip == "horizontal",
        augment=augmentations.pipeline(config.augment.names),
        augmenting=augmenting.make(config, loss),
        loss=loss,
        gen_weight=config.loss.gen_weight,
        auxiliary=auxiliary.make(config),
        penalty=penalty,
        project=regularisers.projection(config.penalty),
        disc_update=train.disc_update,
        disc_updates=train.disc_updates,
        gen_updates=train.gen_updates,
        fresh_latents=train.gen_latents == "fresh",
        gen_top_share=_top_share(train),
        gen_opt=optimizers.make(config.gen.optimizer, "gen.optimizer", train, train.gen_updates),
        disc_opt=optimizers.make(
            config.disc.optimizer,
            "disc.optimizer",
            train,
            train.disc_updates * (2 if train.disc_update == "in_turn" else 1),
        ),
        follow=average.follower(train),
    )


def _top_share(train: Train) -> schedules.Schedule | None:
    start, end = train.gen_top_share, train.final_gen_top_share
    if (start, end) == (1, None):
        return None
    return schedules.make(train, start, end, "train.final_gen_top_share")
