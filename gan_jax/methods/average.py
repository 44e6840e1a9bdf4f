"""The weights and statistics of networks, and their exponential moving averages in training."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from gan_jax.methods import schedules
from gan_jax.methods.network_state import NetworkState, Tree
from gan_jax.methods.sections import Train


class Average(NamedTuple):
    params: Tree
    stats: Tree


class Weights(NamedTuple):
    """Those of a network in the state of a method, or of all networks of a kind."""

    raw: Average
    averaged: Average | None = None  # None where no average is kept


Update = Callable[[Average, NetworkState, jax.Array], Average]
"""(average, network, step) -> the average after the step that made the network."""


def is_kept(train: Train) -> bool:
    """Whether the average ever differs from the network, or may in other settings: a half-life of
    0 throughout has none."""
    ends = train.ema_half_life_images, train.final_ema_half_life_images
    return any(end is not None and schedules.is_there(end) for end in ends)


def of(network: NetworkState) -> Average:
    """The weights as they are now."""
    return Average(network.params, network.stats)


def joined(parts: Iterable[Average]) -> Average:
    """Those of several networks, each field a tuple."""
    return Average(*(tuple(field) for field in zip(*parts, strict=True)))


def start(network: NetworkState) -> Average:
    """The average before the first step, the network itself."""
    return jax.tree.map(jnp.copy, of(network))


def chosen(averaged: jax.Array | bool, average: Average, network: NetworkState) -> Average:
    """The average where `averaged`, bool [], holds, or else the network as it is now."""
    return jax.tree.map(partial(jnp.where, averaged), average, of(network))


def updater(train: Train) -> Update:
    """How the average is updated.

    Half of its weight is `train.ema_half_life_images` images old, and no more than `ema_ramp` times
    the images seen before the step where that is not 0, as StyleGAN2-ADA has it (arXiv 2006.06676).
    """
    if not is_kept(train):
        return lambda average, network, step: of(network)
    half_life = schedules.make(
        train,
        train.ema_half_life_images,
        train.final_ema_half_life_images,
        "train.final_ema_half_life_images",
    )

    def update(average: Average, network: NetworkState, step: jax.Array) -> Average:
        images = half_life(step)
        if train.ema_ramp:
            seen = jnp.asarray(step, jnp.float32) * train.batch_size
            images = jnp.minimum(images, train.ema_ramp * seen)
        share = newest_share(train.batch_size, images)
        return optax.incremental_update(of(network), average, share)

    return update


def newest_share(batch_size: int, half_life_images: jax.Array | float) -> jax.Array:
    """The weight of the newest, a scalar: 1 - 0.5 ** (batch_size / half_life_images); 1 for
    a half-life of 0.

    It is exact in float32 where the power itself is too near to 1 to tell.
    """
    batches = batch_size / jnp.maximum(half_life_images, 1e-8)
    return -jnp.expm1(-jnp.log(2.0) * batches)
