"""The GAN: a generator and a discriminator, a loss and two optimizers.

In a step D is updated, then G. G's forward pass is computed once, in training mode, and serves both
updates where they share their latents. Where real and fake pass D apart, each is normalised by its
own statistics; D's running statistics are updated by the passes of D's updates, never by those of
G's, and G's by its own.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from gan_jax import keys, networks
from gan_jax.devices import collectives
from gan_jax.keys import Purpose
from gan_jax.method import Condition, Example, Inputs, Method, Metrics, take
from gan_jax.methods import average, conditioning, turns
from gan_jax.methods import game as games
from gan_jax.methods import pool as pools
from gan_jax.methods.average import Average, Weights
from gan_jax.methods.game import Game
from gan_jax.methods.gan_settings import GAN
from gan_jax.methods.network_state import NetworkState, infer, split
from gan_jax.methods.passes import (
    LogitMeans,
    Scalars,
    StepContext,
    descend_gen,
    first_scalars,
    follow,
    make_fakes,
)
from gan_jax.methods.pool import Pool
from gan_jax.objectives import augmentations
from gan_jax.objectives.losses import per_example


class GANState(NamedTuple):
    step: jax.Array  # int32
    gen: NetworkState
    disc: NetworkState
    ema: Average  # of G
    scalars: Scalars

    @property
    def networks(self) -> dict[str, Weights]:
        """By their names in the settings."""
        return _networks(self)


class PooledState(NamedTuple):
    """That of a game with a pool; without one the field would stand in each checkpoint."""

    step: jax.Array
    gen: NetworkState
    disc: NetworkState
    ema: Average
    scalars: Scalars
    pool: Pool  # of fakes and their inputs

    @property
    def networks(self) -> dict[str, Weights]:
        """By their names in the settings."""
        return _networks(self)


AnyState = GANState | PooledState


def _networks(state: AnyState) -> dict[str, Weights]:
    return {
        "gen": Weights(average.of(state.gen), state.ema),
        "disc": Weights(average.of(state.disc)),
    }


def make(config: GAN) -> Method:
    """The method for `config`. Raises `UserError` for parts that are unknown or do not fit."""
    return _method(config, games.make(config))


def _method(config: GAN, game: Game) -> Method:
    return Method(
        init=partial(init, game),
        inputs=conditioning.inputs_of(config, game.condition),
        step=partial(step, game),
        sample=partial(sample, game),
        evaluate=partial(evaluate, game),
        score=partial(score, game),
    )


def at_size(config: GAN, height: int, width: int) -> Method:
    """The method for `config` whose G makes pictures of another size, of which its weights say
    nothing. Raises `UserError` for a size that the network cannot make."""
    return _method(config, games.at_size(config, height, width))


def init(game: Game, key: jax.Array) -> AnyState:
    """The state before the first step; the average starts as G itself."""
    gen_key, disc_key = jax.random.split(keys.stream(key, Purpose.INIT))
    x = jnp.zeros((1, *game.shape), jnp.float32)
    source = x if game.has_sources else None
    condition = game.condition(Example(x, label=jnp.zeros(1, jnp.int32), source=source))
    # G may keep these latents as its reference batch
    z = game.draw_latents(keys.per_example(gen_key, jnp.arange(networks.REFERENCE)))
    of_gen = jax.tree.map(lambda leaf: jnp.repeat(leaf, len(z), axis=0), condition)
    gen_params, gen_stats = split(game.gen.init(gen_key, z, of_gen, train=True))
    disc_params, disc_stats = split(game.disc.init(disc_key, x, condition, train=True))
    gen = NetworkState(gen_params, gen_stats, game.gen_opt.init(gen_params))
    state = GANState(
        step=jnp.zeros((), jnp.int32),
        gen=gen,
        disc=NetworkState(disc_params, disc_stats, game.disc_opt.init(disc_params)),
        ema=average.start(gen),
        scalars=first_scalars(game),
    )
    if not game.pool_size:
        return state
    return PooledState(*state, pools.start(game.pool_size, take((x, Inputs(z, of_gen)), 0)))


def step(game: Game, state: AnyState, batch: Example, key: jax.Array) -> tuple[AnyState, Metrics]:
    """One device's share of one step; the batch has x [n, ...] in the model's range."""
    play = partial(ordinary_step if game.is_ordinary else general_step, game)
    if not game.content.steps_alone:
        return play(state, batch, key)
    return jax.lax.cond(
        state.step < game.content.steps_alone,
        partial(content_step, game, jax.eval_shape(play, state, batch, key)[1]),
        play,
        *(state, batch, key),
    )


def ordinary_step(
    game: Game, state: AnyState, batch: Example, key: jax.Array
) -> tuple[AnyState, Metrics]:
    """One device's share of a step of the ordinary game: D is updated once, on real x [n, ...] and
    fakes jointly, then G through the new D, on the same latents (Goodfellow et al. 2014, arXiv
    1406.2661, algorithm 1 with k = 1)."""
    context, real, inputs = _begun(game, state, batch, key)
    fakes = make_fakes(game, context, state.gen, inputs)
    found = turns.update_disc(game, context, state.disc, real, fakes.images, inputs)
    disc, measured, means = found
    gen, of_gen = turns.update_gen(game, context, state.gen, disc, real, fakes, inputs)
    return _after(game, state, gen, disc, measured | of_gen, means)


def general_step(
    game: Game, state: AnyState, batch: Example, key: jax.Array
) -> tuple[AnyState, Metrics]:
    """The same of any game: on real x [n, ...] of all of D's updates."""
    pool = state.pool if isinstance(state, PooledState) else None
    fields = state.gen, state.disc, pool, state.scalars, state.step
    gen, disc, pool, measured, means = turns.play(game, *fields, batch, key)
    if isinstance(state, PooledState) and pool is not None:
        state = state._replace(pool=pool)
    return _after(game, state, gen, disc, measured, means)


def content_step(
    game: Game, shapes: Metrics, state: AnyState, batch: Example, key: jax.Array
) -> tuple[AnyState, Metrics]:
    """One device's share of a step in which G learns by its content terms alone, of x [n, ...], and
    D waits; what else a step of these `shapes` measures is 0."""
    if game.disc_updates > 1:  # G takes as many examples as it does in its turn of a game
        batch = take(turns.split(batch, game.disc_updates), -1)
    context, real, inputs = _begun(game, state, batch, key)
    fakes = make_fakes(game, context, state.gen, inputs)
    content = partial(game.content, source=game.source)
    gen, of_gen = descend_gen(game, state.gen, fakes, lambda images: content(images, real))
    ema = game.update_average(state.ema, gen, state.step)
    nothing = {name: jnp.zeros(shape.shape, shape.dtype) for name, shape in shapes.items()}
    return state._replace(step=state.step + 1, gen=gen, ema=ema), nothing | of_gen


def _begun(
    game: Game, state: AnyState, batch: Example, key: jax.Array
) -> tuple[StepContext, jax.Array, Inputs]:
    """What a step with one batch begins with: its context, real x [n, ...] and G's inputs."""
    context = StepContext.of(state.step, state.scalars, key, state.step)
    if game.flip:
        batch = augmentations.flip_example(context.example_keys(Purpose.FLIP, len(batch.x)), batch)
    z = game.draw_latents(context.example_keys(Purpose.LATENT, len(batch.x)))
    return context, batch.x, Inputs(z, game.condition(batch))


def _after(
    game: Game,
    state: AnyState,
    gen: NetworkState,
    disc: NetworkState,
    measured: Metrics,
    means: LogitMeans,
) -> tuple[AnyState, Metrics]:
    """The state after a step's updates: with the average of G and the scalars updated too."""
    after, reports = follow(game, state.scalars, means, state.step)
    ema = game.update_average(state.ema, gen, state.step)
    fields = state.step + 1, gen, disc, ema, after
    if isinstance(state, PooledState):
        return PooledState(*fields, state.pool), measured | reports
    return GANState(*fields), measured | reports


def sample(
    game: Game, state: AnyState, inputs: Inputs, averaged: jax.Array | bool
) -> dict[str, jax.Array]:
    """{"image": [n, ...]} in the model's range from latents [n, d], in inference mode."""
    weights = average.chosen(averaged, state.ema, state.gen)
    return {"image": infer(game.gen, weights, *inputs)}


def score(game: Game, state: AnyState, x: jax.Array, condition: Condition) -> jax.Array:
    """D's logits for x [n, ...], of patches their mean: [n], in inference mode."""
    return per_example(infer(game.disc, state.disc, x, condition).logits)


def evaluate(game: Game, state: AnyState, batch: Example, inputs: Inputs) -> dict[str, jax.Array]:
    """Losses and logits [n] on real x [n, ...] and on the raw G's samples, in inference mode."""
    fake = sample(game, state, inputs, averaged=False)["image"]
    on_real = infer(game.disc, state.disc, batch.x, game.condition(batch)).logits
    on_fake = infer(game.disc, state.disc, fake, inputs.condition).logits
    values = {
        "d/loss": collectives.alone(game.loss.disc)(on_real, on_fake, state.scalars.loss),
        "g/loss": collectives.alone(game.loss.gen)(on_real, on_fake),
        "d/logit_real": on_real,
        "d/logit_fake": on_fake,
    }
    return jax.tree.map(per_example, values)
