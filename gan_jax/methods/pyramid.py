"""The Laplacian pyramid of adversarial games (Denton et al. 2015, arXiv 1506.05751, section 3.2).

An image is halved again and again. At the coarsest level a game of its own makes small images. At
each finer one G makes the band h that the enlarged coarser image l lacks, from noise and l, and D
tells h from that of a real image beside the same l: the game of `gan`, conditioned on l.
All levels learn in one run, each from real images alone; a sample goes from coarse to fine,
x = l + h. Latents are those of the levels one after another, the coarsest first.
"""

import dataclasses
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from typing import NamedTuple

import jax
import jax.numpy as jnp

from gan_jax import keys
from gan_jax.config import Count
from gan_jax.data import PictureSource
from gan_jax.data.conditions import Nothing
from gan_jax.devices import collectives
from gan_jax.errors import UserError
from gan_jax.keys import Purpose
from gan_jax.method import Condition, Example, Inputs, Method, Metrics
from gan_jax.methods import average, conditioning, gan
from gan_jax.methods import game as games
from gan_jax.methods.average import Weights
from gan_jax.methods.game import Game
from gan_jax.methods.gan import AnyState
from gan_jax.methods.gan_settings import GAN
from gan_jax.methods.optimizers import Adam, Optimizer
from gan_jax.networks import DiscSettings, GenSettings, MLPDisc, MLPGen, latents
from gan_jax.networks.resampling import mean_pooled
from gan_jax.objectives import augmentations


@dataclass(frozen=True)
class Coarsest:
    """The game of the coarsest level."""

    latent_dimension: Count = 100
    gen: GenSettings = MLPGen()
    gen_optimizer: Optimizer = Adam()
    disc: DiscSettings = MLPDisc()
    disc_optimizer: Optimizer = Adam()


@dataclass(frozen=True)
class LaplacianPyramid(GAN, name="pyramid"):
    """A game for each of `levels` levels: `coarsest`, and `gen` and `disc` at all others."""

    levels: Count = 3
    coarsest: Coarsest = Coarsest()


class PyramidState(NamedTuple):
    step: jax.Array  # int32
    levels: tuple[AnyState, ...]  # the coarsest first

    @property
    def networks(self) -> dict[str, Weights]:
        """By their names in the settings, each of all levels."""
        own = [level.networks for level in self.levels]
        discs = average.joined(each["disc"].raw for each in own)
        gens = (average.joined(kind) for kind in zip(*(each["gen"] for each in own), strict=True))
        return {"gen": Weights(*gens), "disc": Weights(discs)}


class Pyramid(NamedTuple):
    """What stays the same while the levels learn; the coarsest first."""

    games: tuple[Game, ...]
    flip: bool


def make(config: LaplacianPyramid) -> Method:
    """The method for `config`. Raises `UserError` for parts that are unknown or do not fit."""
    pyramid = parts(config)
    return Method(
        init=partial(init, pyramid),
        inputs=conditioning.inputs_of(config, pyramid.games[0].condition),
        step=partial(step, pyramid),
        sample=partial(sample, pyramid),
        evaluate=partial(evaluate, pyramid),
        score=partial(score, pyramid),
    )


def parts(config: LaplacianPyramid) -> Pyramid:
    """The game of each level: `config.coarsest` plays at the coarsest, `config.gen` and
    `config.disc` at all others."""
    data = _checked_data(config)
    if not isinstance(config.condition, Nothing):
        raise UserError(
            "method=pyramid conditions each level on the coarser one alone; set "
            "condition.name=none."
        )
    first, *finer = (games.make(level) for level in level_configs(config, data))
    made = (first, *(game._replace(condition=_coarser, has_sources=True) for game in finer))
    total = sum(latents.size(game.latents) for game in made)
    if config.latents.dimension != total:
        raise UserError(
            f"The levels of the pyramid take {total} latents together; set "
            f"latents.dimension={total}."
        )
    return Pyramid(made, config.data.is_mirrored)


def _coarser(examples: Example) -> Condition:
    return examples.source


def level_configs(config: LaplacianPyramid, data: PictureSource) -> list[GAN]:
    """The config of each level's game, the coarsest first. A finer level's noise is one plane."""
    made: list[GAN] = []
    for level in range(config.levels):
        scale = 2 ** (config.levels - 1 - level)
        height, width = data.height // scale, data.width // scale
        first = level == 0
        size = config.coarsest.latent_dimension if first else height * width
        networks = config.coarsest if first else config
        made.append(
            dataclasses.replace(
                config,
                data=dataclasses.replace(data, height=height, width=width, flip="none"),
                latents=dataclasses.replace(config.latents, dimension=size),
                gen=networks.gen,
                gen_optimizer=networks.gen_optimizer,
                disc=networks.disc,
                disc_optimizer=networks.disc_optimizer,
            )
        )
    return made


def init(pyramid: Pyramid, key: jax.Array) -> PyramidState:
    """The state before the first step."""
    states = (gan.init(game, _key(key, i)) for i, game in enumerate(pyramid.games))
    return PyramidState(jnp.zeros((), jnp.int32), tuple(states))


def step(
    pyramid: Pyramid, state: PyramidState, batch: Example, key: jax.Array
) -> tuple[PyramidState, Metrics]:
    """One device's share of one step, of x [n, h, w, c]: one of each level's game. It measures what
    they do, each level named by its height (`level8/d/loss`), and the mean losses of all."""
    if pyramid.flip:
        numbers = collectives.example_numbers(len(batch.x))
        flips = keys.per_example(keys.at_step(key, Purpose.FLIP, state.step), numbers)
        batch = batch._replace(x=augmentations.flip(flips, batch.x))
    states: list[AnyState] = []
    measured: Metrics = {}
    levels = zip(pyramid.games, state.levels, split(pyramid, batch), strict=True)
    for level, (game, own, part) in enumerate(levels):
        own, found = gan.step(game, own, part, _key(key, level))
        states.append(own)
        measured |= _named(game, found)
    after = PyramidState(state.step + 1, tuple(states))
    return after, measured | _mean_losses(pyramid, measured)


def sample(
    pyramid: Pyramid, state: PyramidState, inputs: Inputs, averaged: jax.Array | bool
) -> dict[str, jax.Array]:
    """{"image": [n, h, w, c]} from latents [n, d], in inference mode; in [-1, 1] as far as the
    bands keep it there."""

    def made(level: int, condition: Condition) -> jax.Array:
        game, own, given = pyramid.games[level], state.levels[level], Inputs(z[level], condition)
        return gan.sample(game, own, given, averaged)["image"]

    z = _latents(pyramid, inputs.latents)
    x = made(0, inputs.condition)
    for level in range(1, len(z)):
        low = up(x)
        x = low + made(level, low)
    return {"image": x}


def score(pyramid: Pyramid, state: PyramidState, x: jax.Array, condition: Condition) -> jax.Array:
    """The sum of all levels' logits [n] for images x [n, h, w, c], in inference mode."""
    seen = split(pyramid, Example(x))
    conditions = [condition, *(part.source for part in seen[1:])]
    levels = zip(pyramid.games, state.levels, seen, conditions, strict=True)
    logits = [gan.score(game, own, part.x, given) for game, own, part, given in levels]
    return jnp.stack(logits).sum(axis=0)


def evaluate(
    pyramid: Pyramid, state: PyramidState, batch: Example, inputs: Inputs
) -> dict[str, jax.Array]:
    """Each level's losses and logits [n], in inference mode, beside the batch's coarser images."""
    found: dict[str, jax.Array] = {}
    seen, noises = split(pyramid, batch), _latents(pyramid, inputs.latents)
    conditions = [inputs.condition, *(part.source for part in seen[1:])]
    given = map(Inputs, noises, conditions)
    for game, own, part, own_inputs in zip(pyramid.games, state.levels, seen, given, strict=True):
        found |= _named(game, gan.evaluate(game, own, part, own_inputs))
    return found | _mean_losses(pyramid, found)


def split(pyramid: Pyramid, batch: Example) -> list[Example]:
    """What each level learns from, the coarsest first: small images [n, h, w, c] in place of the
    batch's, then bands and, as their source, what they are added to."""
    images, finer = batch.x, []
    for _ in pyramid.games[1:]:
        small = mean_pooled(images)
        low = up(small)
        finer.append(Example(images - low, source=low))
        images = small
    return [batch._replace(x=images), *reversed(finer)]


def up(images: jax.Array) -> jax.Array:
    """[n, h, w, c] to [n, 2h, 2w, c], linear between the pixels."""
    n, height, width, channels = images.shape
    return jax.image.resize(images, (n, 2 * height, 2 * width, channels), "linear")


def _checked_data(config: LaplacianPyramid) -> PictureSource:
    """The data, which are pictures. Raises `UserError` for what has no levels."""
    data, scale = config.data, 2 ** (config.levels - 1)
    if not isinstance(data, PictureSource):
        raise UserError(f"method=pyramid halves pictures, and the data are {data.choice}.")
    for side in ("height", "width"):
        size = getattr(data, side)
        if size % scale:
            near = max(scale, round(size / scale) * scale)
            raise UserError(
                f"data.{side}={size} cannot be halved for {config.levels} levels; set "
                f"data.{side}={near}."
            )
    if config.augment.names:
        raise UserError(
            "method=pyramid shows D bands, which augmentation would take from what they are added "
            "to; set augment.name=none."
        )
    if config.latents.has_codes:
        raise UserError(
            "method=pyramid has no structured codes; leave latents.categories and "
            "latents.continuous out."
        )
    return data


def _latents(pyramid: Pyramid, z: jax.Array) -> list[jax.Array]:
    """The part of latents [n, d] that belongs to each level."""
    ends = accumulate(latents.size(game.latents) for game in pyramid.games[:-1])
    return jnp.split(z, list(ends), axis=1)


def _named(game: Game, values: Metrics) -> Metrics:
    """What a level measures, under names that begin with its height."""
    return {f"level{game.shape[0]}/{name}": value for name, value in values.items()}


def _mean_losses(pyramid: Pyramid, values: Metrics) -> Metrics:
    heights = [game.shape[0] for game in pyramid.games]
    return {
        name: jnp.stack([values[f"level{height}/{name}"] for height in heights]).mean(axis=0)
        for name in ("d/loss", "g/loss")
    }


def _key(key: jax.Array, level: int) -> jax.Array:
    return jax.random.fold_in(keys.stream(key, Purpose.LEVEL), level)
