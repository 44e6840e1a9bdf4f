"""The adversarial game between G and D, composed of a loss, two networks and two optimizers.

One step, in this order: D is updated (on real and fake jointly, in one batch, or on real and then
on fake), then G, as often as the game says, on the latents that D's fakes came from or on fresh
ones. G's forward pass is computed once, in training mode, and serves both updates where they share
their latents. Where real and fake pass D apart, each is normalised by its own statistics; D's
running statistics follow the passes of D's updates, never those of G's. Fakes have the labels of
the real batch.
"""

from functools import partial
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from gan_jax import augment, collectives, keys
from gan_jax.config import Config
from gan_jax.keys import Purpose
from gan_jax.methods import game as games
from gan_jax.methods.game import Game, Player, Tree
from gan_jax.methods.method import Batch, Method, Metrics
from gan_jax.methods.updates import make_fakes, update_disc, update_gen

METRICS = (
    "disc_loss",
    "gen_loss",
    "disc_prob_real",
    "disc_prob_fake",
    "disc_grad_norm",
    "gen_grad_norm",
)


class Average(NamedTuple):
    """The exponential moving average of G."""

    params: Tree
    stats: Tree


class AdversarialState(NamedTuple):
    step: jax.Array  # int32
    gen: Player
    disc: Player
    ema: Average


def make(config: Config) -> Method:
    """The method for `config`. Raises `UserError` for parts that are unknown or do not fit."""
    game = games.make(config)
    return Method(
        init=partial(init, game),
        metrics=METRICS,
        step=partial(step, game),
        sample=partial(sample, game),
        evaluate=partial(evaluate, game),
        score=partial(score, game),
    )


def init(game: Game, key: jax.Array) -> AdversarialState:
    """The state before the first step; the average starts as G itself."""
    gen_key, disc_key = jax.random.split(keys.stream(key, Purpose.INIT))
    z = jnp.zeros((1, game.latent_dimension), jnp.float32)
    images, labels = jnp.zeros((1, *game.image_shape), jnp.float32), jnp.zeros(1, jnp.int32)
    gen_params, gen_stats = _split(game.gen.init(gen_key, z, labels, train=True))
    disc_params, disc_stats = _split(game.disc.init(disc_key, images, labels, train=True))
    return AdversarialState(
        step=jnp.zeros((), jnp.int32),
        gen=Player(gen_params, gen_stats, game.gen_opt.init(gen_params)),
        disc=Player(disc_params, disc_stats, game.disc_opt.init(disc_params)),
        ema=Average(*jax.tree.map(jnp.copy, (gen_params, gen_stats))),
    )


def step(
    game: Game, state: AdversarialState, batch: Batch, key: jax.Array
) -> tuple[AdversarialState, Metrics]:
    """One device's share of one step."""

    def key_of(purpose: Purpose) -> jax.Array:
        return keys.at_step(key, purpose, state.step)

    def latents(key: jax.Array) -> jax.Array:
        return game.draw_latents(keys.per_example(key, numbers))

    real, labels = batch.images, batch.labels
    numbers = collectives.example_numbers(len(real))
    if game.flip:
        real = augment.flip(keys.per_example(key_of(Purpose.FLIP), numbers), real)
    z, gen = latents(key_of(Purpose.LATENT)), state.gen
    fakes = make_fakes(game, gen, z, labels)
    disc, disc_metrics = update_disc(game, state.disc, real, fakes.images, labels, key_of)
    for update in range(game.gen_updates):
        if game.fresh_latents:
            z = latents(jax.random.fold_in(key_of(Purpose.GEN_LATENT), update))
        if update or game.fresh_latents:
            fakes = make_fakes(game, gen, z, labels)
        gen, gen_metrics = update_gen(game, gen, disc, fakes, labels, key_of)
    ema = optax.incremental_update((gen.params, gen.stats), tuple(state.ema), 1 - game.ema_decay)
    after = AdversarialState(state.step + 1, gen, disc, Average(*ema))
    return after, disc_metrics | gen_metrics


def sample(
    game: Game,
    state: AdversarialState,
    z: jax.Array,
    labels: jax.Array,
    averaged: jax.Array | bool,
) -> jax.Array:
    """Images [n, h, w, c] in [-1, 1] from latents [n, d] and labels [n], in inference mode."""
    raw = Average(state.gen.params, state.gen.stats)
    weights = jax.tree.map(partial(jnp.where, averaged), state.ema, raw)
    return _infer(game.gen, weights, z, labels)


def score(game: Game, state: AdversarialState, images: jax.Array, labels: jax.Array) -> jax.Array:
    """D's logits [n] for images [n, h, w, c], in inference mode."""
    return _infer(game.disc, state.disc, images, labels).logits


def evaluate(
    game: Game, state: AdversarialState, batch: Batch, z: jax.Array, labels: jax.Array
) -> dict[str, jax.Array]:
    """Losses and logits [n] on real images and on the raw G's samples, in inference mode."""
    on_real = score(game, state, batch.images, batch.labels)
    on_fake = score(game, state, sample(game, state, z, labels, averaged=False), labels)
    return {
        "disc_loss": game.loss.disc(on_real, on_fake),
        "gen_loss": game.loss.gen(on_fake),
        "disc_logit_real": on_real,
        "disc_logit_fake": on_fake,
    }


def _split(variables: Any) -> tuple[Tree, Tree]:
    return variables["params"], variables.get("batch_stats", {})


def _infer(network: nn.Module, weights: Player | Average, x: jax.Array, labels: jax.Array) -> Any:
    variables = {"params": weights.params, "batch_stats": weights.stats}
    return network.apply(variables, x, labels, train=False)
