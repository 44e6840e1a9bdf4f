"""The adversarial game: its two players, and the parts that a config composes it of."""

from collections.abc import Callable
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import optax

from gan_jax import augment, latents, losses, networks, penalties
from gan_jax.config import Config
from gan_jax.errors import UserError, choose
from gan_jax.methods import optimizers

Tree = Any


class Player(NamedTuple):
    """One network in training."""

    params: Tree
    stats: Tree  # running statistics of BatchNorm
    opt: Tree


class Game(NamedTuple):
    """What stays the same while the two play; its fields are those of the config, made."""

    gen: nn.Module
    disc: nn.Module
    image_shape: tuple[int, int, int]
    latent_dimension: int
    draw_latents: Callable[[jax.Array], jax.Array]
    flip: bool
    augment: Callable[[jax.Array, jax.Array], jax.Array]
    loss: losses.Loss
    penalty: penalties.Penalty | None
    penalty_weight: float
    disc_update: str
    gen_updates: int
    fresh_latents: bool
    gen_opt: optax.GradientTransformation
    disc_opt: optax.GradientTransformation
    ema_decay: float


def make(config: Config) -> Game:
    """The parts that `config` names. Raises `UserError` for unknown ones and what cannot be."""
    make_loss = choose(losses.LOSSES, "loss.name", config.loss.name)
    loss = make_loss(config.loss.real_target, config.loss.fake_target)
    penalty = choose(penalties.PENALTIES, "penalty.name", config.penalty.name)
    _check(config, loss)
    return Game(
        gen=networks.generator(config),
        disc=networks.discriminator(config),
        image_shape=(config.data.height, config.data.width, config.data.channels),
        latent_dimension=config.latents.dimension,
        draw_latents=latents.sampler(config.latents),
        flip=config.data.flip == "horizontal",
        augment=augment.pipeline(config.train.augment),
        loss=loss,
        penalty=None if config.penalty.name == "none" else penalty,
        penalty_weight=config.penalty.weight,
        disc_update=config.train.disc_update,
        gen_updates=config.train.gen_updates,
        fresh_latents=config.train.gen_latents == "fresh",
        gen_opt=optimizers.make(config.gen.optimizer, "gen.optimizer"),
        disc_opt=optimizers.make(config.disc.optimizer, "disc.optimizer"),
        ema_decay=ema_decay(config.train.batch_size, config.train.ema_half_life_images),
    )


def _check(config: Config, loss: losses.Loss) -> None:
    update, penalty = config.train.disc_update, config.penalty.name
    if update == "in_turn" and loss.disc_terms is None:
        raise UserError(
            f"train.disc_update=in_turn needs a loss with separate terms, and {config.loss.name} "
            "compares real with fake; set train.disc_update=joint."
        )
    if update == "concatenated" and config.disc.dropout_rate:
        raise UserError(
            "train.disc_update=concatenated numbers real and fake in one batch, which dropout "
            "cannot tell apart on several devices; set disc.dropout_rate=0."
        )
    if penalty != "none" and update != "joint":
        raise UserError(
            f"penalty.name={penalty} looks at real and fake in one update; "
            "set train.disc_update=joint."
        )
    if penalty in penalties.BETWEEN_EXAMPLES and config.disc.norm == "batch":
        raise UserError(
            f"penalty.name={penalty} is of each example's own gradient, which BatchNorm mixes with "
            "its neighbours'; set disc.norm=none."
        )


def ema_decay(batch_size: int, half_life_images: float) -> float:
    """The decay per step after which half of the weight is `half_life_images` images old.

    0.5 ** (batch_size / half_life_images), as StyleGAN2-ADA has it (arXiv 2006.06676); a half-life
    of 0 keeps no average.
    """
    return 0.5 ** (batch_size / half_life_images) if half_life_images else 0.0
