"""Rejects incompatible combinations of loss, penalty and networks, each with the way out."""

from typing import Any

from gan_jax.data import kinds
from gan_jax.errors import UserError
from gan_jax.methods import schedules
from gan_jax.methods.gan_settings import GAN, GameTrain
from gan_jax.metrics.features import Inception, Lite0
from gan_jax.networks import Discriminator, DiscSettings, LAPGANDisc, LAPGANGen, latents
from gan_jax.objectives.augmentations import GEOMETRIC
from gan_jax.objectives.auxiliary import Classifier, CodesBound
from gan_jax.objectives.losses import Separable


def check(config: GAN, disc: Discriminator) -> None:
    """Raises `UserError` for the first choice that cannot be."""
    _check_networks(config)
    _check_condition(config)
    _check_loss(config, disc)
    _check_heads(config)
    _check_update(config)
    _check_penalty(config)
    _check_pool(config)
    if config.augment.choice == "adaptive" and not config.loss.on_signs:
        raise UserError(
            f"augment.name=adaptive is of the signs of D's logits, by which loss.name="
            f"{config.loss.choice} does not tell real from fake; set loss.name=non_saturating or "
            "augment.name=fixed."
        )


def _check_networks(config: GAN) -> None:
    if config.choice != "gan":  # a pyramid, which has a coarser image for each of its finer levels
        if getattr(config.gen, "norm", "") == "virtual_batch":
            raise UserError(f"method={config.choice} has no reference batch; set gen.norm=batch.")
        return
    for part in (config.gen, config.disc):
        if isinstance(part, LAPGANGen | LAPGANDisc):
            raise UserError(
                f"{part.section}.name=lapgan is conditioned on a coarser image, which method="
                "pyramid alone has; set it."
            )


def _check_condition(config: GAN) -> None:
    """Networks that take pictures are given some, and others draw latents."""
    given = config.condition.choice
    if config.gen.takes_pictures and given == "none":
        raise UserError(
            f"gen.name={config.gen.choice} makes pictures from pictures; set condition.name=small "
            "or the like."
        )
    if given != "none" and not config.gen.takes_pictures and config.choice == "gan":
        raise UserError(
            f"gen.name={config.gen.choice} takes no pictures, which condition.name={given} gives "
            "it; set gen.name=unet or the like."
        )
    if config.condition.of_other_class and config.choice == "gan":
        raise UserError(
            f"condition.name={given} has no pairs, which method=gan learns from; set method="
            "cycle_gan or method=stargan."
        )
    if not latents.size(config.latents) and not config.gen.takes_pictures:
        raise UserError("latents.dimension=0 leaves G nothing to draw; set it to 1 or more.")
    sees = _of(config.disc, "conditioning") == "source"
    if sees and given == "none":
        raise UserError("disc.conditioning=source needs a picture; set condition.name.")
    if sees and GEOMETRIC & set(config.augment.names):
        moved = ", ".join(name for name in config.augment.names if name in GEOMETRIC)
        raise UserError(
            f"augment.names={moved} would move one picture of the pair that D sees and not the "
            "other; leave it out."
        )
    if config.content.features and not isinstance(config.content.space, Lite0 | Inception):
        config.content.space.maps(config.data)  # files of the user's are looked for in training
    if config.content.steps_alone and not config.content.is_there:
        raise UserError(
            "content.steps_alone are steps of content terms alone, and none has a weight; set "
            "content.l1 or the like."
        )


def _check_loss(config: GAN, disc: Discriminator) -> None:
    loss, train = config.loss, config.train
    if loss.on_energies and not disc.measures_energy:
        raise UserError(
            f"loss.name={loss.choice} is of energies, which would fall without end where D "
            "does not measure an error; set disc.name=autoencoder or the like."
        )
    if loss.on_energies and _of(config.disc, "conditioning") == "projection":
        raise UserError(
            f"loss.name={loss.choice} is of energies, which would fall without end by the "
            "product of disc.conditioning=projection; set disc.conditioning=embedding."
        )
    if loss.on_means and (train.gen_top_share, train.final_gen_top_share) != (1, None):
        raise UserError(
            f"loss.name={loss.choice} takes means over all fakes, out of which "
            "train.gen_top_share cannot leave any; set train.gen_top_share=1 and "
            "train.final_gen_top_share=none."
        )
    if config.augment.names and not isinstance(config.data.kind, kinds.Picture):
        raise UserError(
            f"augment.names are changes of pictures, and the data are {config.data.choice}; set "
            "augment.name=none."
        )


def _check_heads(config: GAN) -> None:
    """D's heads and the terms that teach them go together."""
    classes, coded = _of(config.disc, "conditioning") == "classifier", config.latents.has_codes
    if isinstance(config.auxiliary, Classifier) and not classes:
        raise UserError(
            "auxiliary.name=classifier needs a D that names classes; set "
            "disc.conditioning=classifier."
        )
    if isinstance(config.auxiliary, CodesBound) and not coded:
        raise UserError(
            "auxiliary.name=codes needs latents with codes; set latents.categories or "
            "latents.continuous."
        )
    if classes and not isinstance(config.auxiliary, Classifier):
        raise UserError(
            "disc.conditioning=classifier gives D a head that learns by auxiliary.name=classifier "
            "alone; set it."
        )
    if coded and not isinstance(config.auxiliary, CodesBound):
        raise UserError(
            "latents.categories and latents.continuous give D a head that learns by "
            "auxiliary.name=codes alone; set it."
        )


def _check_update(config: GAN) -> None:
    update, disc = config.train.disc_update, config.disc
    if update == "in_turn" and not isinstance(config.loss, Separable):
        raise UserError(
            f"train.disc_update=in_turn needs a loss with terms of real and of fake alone, and "
            f"{config.loss.choice} has none; set train.disc_update=joint."
        )
    numbered = _of(disc, "dropout_rate") or disc.minibatch != "none" or config.augment.names
    if update == "concatenated" and (numbered or _is_noisy(config.train)):
        raise UserError(
            "train.disc_update=concatenated numbers real and fake in one batch, which dropout, "
            "disc.minibatch, augmentations and noise cannot tell apart on several devices; set "
            "disc.dropout_rate=0, disc.minibatch=none, augment.name=none and "
            "train.instance_noise=0."
        )
    flips = config.train.real_label_flips, config.train.fake_label_flips
    if any(map(schedules.is_there, flips)) and not isinstance(config.loss, Separable):
        raise UserError(
            "train.real_label_flips and train.fake_label_flips need a loss with terms of real and "
            f"of fake alone, and {config.loss.choice} has none; set them to 0."
        )


def _is_noisy(train: GameTrain) -> bool:
    return train.final_instance_noise is not None or schedules.is_there(train.instance_noise)


def _check_penalty(config: GAN) -> None:
    penalty = config.penalty
    if penalty.of_gradients and config.train.disc_update != "joint":
        raise UserError(
            f"penalty.name={penalty.choice} looks at real and fake in one update; "
            "set train.disc_update=joint."
        )
    if penalty.of_gradients and _of(config.disc, "norm") == "batch":
        raise UserError(
            f"penalty.name={penalty.choice} is of each example's own gradient, which BatchNorm "
            "mixes with its neighbours'; set disc.norm=none."
        )
    if penalty.of_slopes and config.disc.minibatch != "none":
        raise UserError(
            f"penalty.name={penalty.choice} is of each example's own gradient, and disc.minibatch="
            f"{config.disc.minibatch} is of all; set disc.minibatch=none."
        )


def _check_pool(config: GAN) -> None:
    """A penalty between a real and a fake image is of one condition, which fakes of the pool do not
    share with the real images of a step."""
    given = config.data.num_classes or config.condition.choice != "none"
    if config.train.pool_size and given and config.penalty.of_slopes:
        raise UserError(
            f"penalty.name={config.penalty.choice} takes points between real images and fakes of "
            "their own condition, and train.pool_size shows others; set train.pool_size=0."
        )


def _of(settings: DiscSettings, field: str) -> Any:
    """A field that not every discriminator has."""
    return getattr(settings, field, None)
