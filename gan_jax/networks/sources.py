"""What networks share that are conditioned on a source picture, from which x is to be made.

The weights of these networks do not depend on a picture's size: built for another shape, a network
takes the same ones.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import jax
import jax.numpy as jnp

from gan_jax.errors import UserError
from gan_jax.method import Condition
from gan_jax.networks.discriminator import Discriminator, DiscSettings
from gan_jax.networks.generator import GenSettings
from gan_jax.networks.settings import Shape


@dataclass(frozen=True, kw_only=True)
class SourceGen(GenSettings):
    """Generators that make x from a source picture."""

    takes_pictures: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class SourceDisc(DiscSettings):
    """Discriminators that may have the source picture concatenated to the channels of x (Isola et
    al. 2017, arXiv 1611.07004)."""

    conditioning: Literal["none", "source"] = "none"


class SourceDiscriminator(Discriminator):
    """A discriminator that sees the source picture [n, h, w, c] where its settings say so; one that
    is smaller than x is enlarged to nearest neighbours."""

    settings: SourceDisc

    def _seen(self, x: jax.Array, condition: Condition, train: bool) -> jax.Array:
        if self.settings.conditioning == "none":
            return x
        source = source_of(self.settings, condition)
        for axis in (1, 2):
            times, rest = divmod(x.shape[axis], source.shape[axis])
            if rest:
                raise UserError(
                    f"{self.settings.section}.conditioning=source enlarges sources to x by whole "
                    f"numbers, and one of {_size(source.shape)} does not fit "
                    f"{_size(x.shape)}; set {self.settings.section}.conditioning=none."
                )
            source = source.repeat(times, axis=axis)
        return jnp.concatenate([x, source.astype(x.dtype)], axis=-1)


def source_of(settings: GenSettings | DiscSettings, condition: Condition) -> jax.Array:
    """The source pictures [n, h, w, c] that a condition is. Raises `UserError` for another one."""
    if getattr(condition, "ndim", 0) != 4:
        asks = f"{settings.section}.name={settings.choice}"
        other = "another generator, such as gen.name=resnet"
        if settings.section == "disc":
            asks, other = "disc.conditioning=source", "disc.conditioning=none"
        raise UserError(
            f"{asks} needs a source picture with each example, and these data have none; choose "
            f"data that have, or {other}."
        )
    return condition


def source_like(settings: GenSettings, condition: Condition, shape: Shape) -> jax.Array:
    """The source pictures [n, h, w, c] of a condition, of the height and width of `shape`. Raises
    `UserError` for none and for others."""
    source = source_of(settings, condition)
    if source.shape[1:3] != tuple(shape[:2]):
        raise UserError(
            f"gen.name={settings.choice} makes pictures of the size of their source, and a source "
            f"of {_size(source.shape)} is not one of {_size((1, *shape))}; choose sources of "
            "that size, or gen.name=srresnet, which enlarges them."
        )
    return source


def doublings(settings: GenSettings, source: jax.Array, shape: Shape) -> int:
    """How often the sides of source [n, h, w, c] are to be doubled to those of `shape`. Raises
    `UserError` where that is no whole number."""
    height, width = source.shape[1:3]
    ratio = shape[0] // height
    if (height * ratio, width * ratio) != tuple(shape[:2]) or ratio.bit_count() != 1:
        raise UserError(
            f"gen.name={settings.choice} doubles the sides of its source some number of times, "
            f"which does not make {_size((1, *shape))} of {_size(source.shape)}; choose sources "
            "whose sides are a half, a quarter or the like, or gen.name=srcnn."
        )
    return ratio.bit_length() - 1


def _size(shape: Shape) -> str:
    """The height and width of [n, h, w, c]."""
    return f"{shape[1]}x{shape[2]}"
