"""The Laplacian pyramid of adversarial games (Denton et al. 2015, arXiv 1506.05751, section 3.2).

An image is halved again and again. At the coarsest level a game of its own makes small images. At
each finer one G makes the band h that the enlarged coarser image l lacks, from noise and l, and D
tells h from that of a real image beside the same l: the game of `adversarial` with l where labels
are. All levels learn in one run, each from real images alone; a sample goes from coarse to fine,
x = l + h. Latents are those of the levels one after another, the coarsest first.
"""

import dataclasses
from functools import partial
from itertools import accumulate
from typing import NamedTuple

import jax
import jax.numpy as jnp

from gan_jax import keys
from gan_jax.config import Config
from gan_jax.devices import collectives
from gan_jax.errors import UserError
from gan_jax.keys import Purpose
from gan_jax.method import Batch, Method, Metrics
from gan_jax.methods import adversarial
from gan_jax.methods import game as games
from gan_jax.methods.adversarial import AdversarialState
from gan_jax.methods.game import Game
from gan_jax.networks import latents
from gan_jax.networks.resampling import mean_pooled
from gan_jax.objectives import augmentations


class PyramidState(NamedTuple):
    step: jax.Array  # int32
    levels: tuple[AdversarialState, ...]  # the coarsest first


class Pyramid(NamedTuple):
    """What stays the same while the levels learn; the coarsest first."""

    games: tuple[Game, ...]
    flip: bool


def make(config: Config) -> Method:
    """The method for `config`. Raises `UserError` for parts that are unknown or do not fit."""
    pyramid = parts(config)
    return Method(
        init=partial(init, pyramid),
        step=partial(step, pyramid),
        sample=partial(sample, pyramid),
        evaluate=partial(evaluate, pyramid),
        score=partial(score, pyramid),
    )


def parts(config: Config) -> Pyramid:
    """The game of each level: `config.pyramid`'s networks play at the coarsest, the rest at all
    others."""
    _check(config)
    made = tuple(games.make(level) for level in level_configs(config))
    total = sum(game.latent_size for game in made)
    if config.latents.dimension != total:
        raise UserError(
            f"The levels of the pyramid take {total} latents together; set "
            f"latents.dimension={total}."
        )
    return Pyramid(made, config.data.flip == "horizontal")


def level_configs(config: Config) -> list[Config]:
    """The config of each level's game, the coarsest first. A finer level's noise is one plane."""
    made, section = [], config.pyramid
    for level in range(section.levels):
        scale = 2 ** (section.levels - 1 - level)
        height, width = config.data.height // scale, config.data.width // scale
        first = level == 0
        size = section.latent_dimension if first else height * width
        made.append(
            dataclasses.replace(
                config,
                data=dataclasses.replace(config.data, height=height, width=width, flip="none"),
                latents=dataclasses.replace(config.latents, dimension=size),
                gen=section.gen if first else config.gen,
                disc=section.disc if first else config.disc,
            )
        )
    return made


def init(pyramid: Pyramid, key: jax.Array) -> PyramidState:
    """The state before the first step."""
    states = []
    for level, game in enumerate(pyramid.games):
        given = jnp.zeros((1, *game.image_shape)) if level else jnp.zeros(1, jnp.int32)
        states.append(adversarial.init(game, _key(key, level), given))
    return PyramidState(jnp.zeros((), jnp.int32), tuple(states))


def step(
    pyramid: Pyramid, state: PyramidState, batch: Batch, key: jax.Array
) -> tuple[PyramidState, Metrics]:
    """One device's share of one step: one of each level's game. It measures what they do, each
    level named by its height (`level8/d/loss`), and the mean losses of all."""
    images = batch.images
    if pyramid.flip:
        numbers = collectives.example_numbers(len(images))
        flips = keys.per_example(keys.at_step(key, Purpose.FLIP, state.step), numbers)
        images = augmentations.flip(flips, images)
    states: list[AdversarialState] = []
    measured: Metrics = {}
    seen = split(pyramid, images, batch.labels)
    levels = zip(pyramid.games, state.levels, seen, strict=True)
    for level, (game, own, part) in enumerate(levels):
        own, found = adversarial.step(game, own, part, _key(key, level))
        states.append(own)
        measured |= _named(game, found)
    after = PyramidState(state.step + 1, tuple(states))
    return after, measured | _mean_losses(pyramid, measured)


def sample(
    pyramid: Pyramid,
    state: PyramidState,
    z: jax.Array,
    labels: jax.Array,
    averaged: jax.Array | bool,
) -> jax.Array:
    """Images [n, h, w, c] from latents [n, d], in inference mode; in [-1, 1] as far as the bands
    keep them there."""
    x, levels = None, zip(pyramid.games, state.levels, _latents(pyramid, z), strict=True)
    for game, own, noise in levels:
        if x is None:
            x = adversarial.sample(game, own, noise, labels, averaged)
        else:
            low = up(x)
            x = low + adversarial.sample(game, own, noise, low, averaged)
    assert x is not None
    return x


def score(pyramid: Pyramid, state: PyramidState, images: jax.Array, labels: jax.Array) -> jax.Array:
    """The sum of all levels' logits [n] for images [n, h, w, c], in inference mode."""
    seen = split(pyramid, images, labels)
    levels = zip(pyramid.games, state.levels, seen, strict=True)
    logits = [adversarial.score(game, own, *part) for game, own, part in levels]
    return jnp.stack(logits).sum(axis=0)


def evaluate(
    pyramid: Pyramid, state: PyramidState, batch: Batch, z: jax.Array, labels: jax.Array
) -> dict[str, jax.Array]:
    """Each level's losses and logits [n], in inference mode, beside the batch's coarser images."""
    found: dict[str, jax.Array] = {}
    seen, noises = split(pyramid, *batch), _latents(pyramid, z)
    for game, own, part, noise in zip(pyramid.games, state.levels, seen, noises, strict=True):
        given = labels if part.labels.ndim == 1 else part.labels
        values = adversarial.evaluate(game, own, part, noise, given)
        found |= _named(game, values)
    return found | _mean_losses(pyramid, found)


def split(pyramid: Pyramid, images: jax.Array, labels: jax.Array) -> list[Batch]:
    """What each level learns from, the coarsest first: small images and their labels, then bands
    and what they are added to."""
    finer = []
    for _ in pyramid.games[1:]:
        small = mean_pooled(images)
        low = up(small)
        finer.append(Batch(images - low, low))
        images = small
    return [Batch(images, labels), *reversed(finer)]


def up(images: jax.Array) -> jax.Array:
    """Twice the height and width, linear between the pixels."""
    n, height, width, channels = images.shape
    return jax.image.resize(images, (n, 2 * height, 2 * width, channels), "linear")


def _check(config: Config) -> None:
    scale = 2 ** (config.pyramid.levels - 1)
    for side in ("height", "width"):
        size = getattr(config.data, side)
        if size % scale:
            near = max(scale, round(size / scale) * scale)
            raise UserError(
                f"data.{side}={size} cannot be halved for {config.pyramid.levels} levels; set "
                f"data.{side}={near}."
            )
    if config.augment.names:
        raise UserError(
            "method=pyramid shows D bands, which augmentation would take from what they are added "
            "to; set augment.names= to none."
        )
    if latents.size(config.latents) != config.latents.dimension:
        raise UserError(
            "method=pyramid has no structured codes; leave latents.categories and "
            "latents.continuous out."
        )


def _latents(pyramid: Pyramid, z: jax.Array) -> list[jax.Array]:
    """The part of latents [n, d] that belongs to each level."""
    ends = accumulate(game.latent_size for game in pyramid.games[:-1])
    return jnp.split(z, list(ends), axis=1)


def _named(game: Game, values: Metrics) -> Metrics:
    """What a level measures, under names that begin with its height."""
    return {f"level{game.image_shape[0]}/{name}": value for name, value in values.items()}


def _mean_losses(pyramid: Pyramid, values: Metrics) -> Metrics:
    heights = [game.image_shape[0] for game in pyramid.games]
    return {
        name: jnp.stack([values[f"level{height}/{name}"] for height in heights]).mean(axis=0)
        for name in ("d/loss", "g/loss")
    }


def _key(key: jax.Array, level: int) -> jax.Array:
    return jax.random.fold_in(keys.stream(key, Purpose.LEVEL), level)
