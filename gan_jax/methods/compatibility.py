"""Which parts of a game do not go together, each with the way out."""

from gan_jax.config import Config
from gan_jax.errors import UserError
from gan_jax.networks import Discriminator
from gan_jax.objectives import penalties
from gan_jax.objectives.losses import Loss


def check(config: Config, loss: Loss, disc: Discriminator) -> None:
    """Raises `UserError` for the first choice that cannot be."""
    if loss.on_energies and disc.judge is None:
        raise UserError(
            f"loss.name={config.loss.name} is of energies, which would fall without end where D "
            "does not measure an error; set disc.name=autoencoder or the like."
        )
    if loss.on_energies and config.disc.conditioning == "projection":
        raise UserError(
            f"loss.name={config.loss.name} is of energies, which would fall without end by the "
            "product of disc.conditioning=projection; set disc.conditioning=embedding."
        )
    train = config.train
    if loss.on_means and (train.gen_top_share, train.final_gen_top_share) != (1, None):
        raise UserError(
            f"loss.name={config.loss.name} takes means over all fakes, out of which "
            "train.gen_top_share cannot leave any; set train.gen_top_share=1 and "
            "train.final_gen_top_share=none."
        )
    _check_update(config, loss)
    _check_penalty(config)


def _check_update(config: Config, loss: Loss) -> None:
    update, disc = config.train.disc_update, config.disc
    if update == "in_turn" and loss.disc_terms is None:
        raise UserError(
            f"train.disc_update=in_turn needs a loss with terms of real and of fake alone, and "
            f"{config.loss.name} has none; set train.disc_update=joint."
        )
    told_apart = disc.dropout_rate or disc.minibatch != "none" or config.augment.names
    if update == "concatenated" and told_apart:
        raise UserError(
            "train.disc_update=concatenated numbers real and fake in one batch, which dropout, "
            "disc.minibatch and augmentations cannot tell apart on several devices; set "
            "disc.dropout_rate=0, disc.minibatch=none and augment.names to nothing."
        )


def _check_penalty(config: Config) -> None:
    name = config.penalty.name
    if name != "none" and config.train.disc_update != "joint":
        raise UserError(
            f"penalty.name={name} looks at real and fake in one update; "
            "set train.disc_update=joint."
        )
    if name in penalties.OF_GRADIENTS and config.disc.norm == "batch":
        raise UserError(
            f"penalty.name={name} is of each example's own gradient, which BatchNorm mixes with "
            "its neighbours'; set disc.norm=none."
        )
    if name in penalties.OF_SLOPES and config.disc.minibatch != "none":
        raise UserError(
            f"penalty.name={name} is of each example's own gradient, and disc.minibatch="
            f"{config.disc.minibatch} is of all; set disc.minibatch=none."
        )
