"""The adversarial game between G and D, composed of a loss, two networks and two optimizers.

One step, in this order: D is updated (on real and fake jointly, in one batch, or on real and then
on fake), as often as the game says, each time on a fresh real batch and on fakes from fresh
latents; then G, as often as the game says, on the latents that D's last fakes came from or on fresh
ones. G's forward pass is computed once, in training mode, and serves both updates where they share
their latents. Where real and fake pass D apart, each is normalised by its own statistics; D's
running statistics follow the passes of D's updates, never those of G's, and G's follow those of its
own. Fakes have the labels of the real batch; of several, G's updates have those of the last.

With k updates of D a step takes k batches at once, and example g of them all belongs to update
g % k.
"""

from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from gan_jax import keys, networks
from gan_jax.config import Config
from gan_jax.devices import collectives
from gan_jax.keys import Purpose
from gan_jax.method import Batch, Method, Metrics
from gan_jax.methods import average
from gan_jax.methods import game as games
from gan_jax.methods.average import Average
from gan_jax.methods.game import Game
from gan_jax.methods.player import Player, infer, split
from gan_jax.methods.updates import Control, Now, Seen, make_fakes, update_disc, update_gen
from gan_jax.objectives import augmentations
from gan_jax.objectives.auxiliary import Asked


class AdversarialState(NamedTuple):
    step: jax.Array  # int32
    gen: Player
    disc: Player
    ema: Average  # of G
    control: Control


def make(config: Config) -> Method:
    """The method for `config`. Raises `UserError` for parts that are unknown or do not fit."""
    game = games.make(config)
    return Method(
        init=partial(init, game),
        step=partial(step, game),
        sample=partial(sample, game),
        evaluate=partial(evaluate, game),
        score=partial(score, game),
    )


def init(game: Game, key: jax.Array, labels: jax.Array | None = None) -> AdversarialState:
    """The state before the first step; the average starts as G itself. `labels` are one example of
    what the networks are told, where it is not a class."""
    gen_key, disc_key = jax.random.split(keys.stream(key, Purpose.INIT))
    images = jnp.zeros((1, *game.image_shape), jnp.float32)
    labels = jnp.zeros(1, jnp.int32) if labels is None else labels
    # G may keep these latents as its reference batch
    z = game.draw_latents(keys.per_example(gen_key, jnp.arange(networks.REFERENCE)))
    gen_labels = jnp.repeat(labels, len(z), axis=0)
    gen_params, gen_stats = split(game.gen.init(gen_key, z, gen_labels, train=True))
    disc_params, disc_stats = split(game.disc.init(disc_key, images, labels, train=True))
    gen = Player(gen_params, gen_stats, game.gen_opt.init(gen_params))
    return AdversarialState(
        step=jnp.zeros((), jnp.int32),
        gen=gen,
        disc=Player(disc_params, disc_stats, game.disc_opt.init(disc_params)),
        ema=average.start(gen),
        control=Control(_scalars(game.loss.start), _scalars(game.augmenting.start)),
    )


def step(
    game: Game, state: AdversarialState, batch: Batch, key: jax.Array
) -> tuple[AdversarialState, Metrics]:
    """One device's share of one step."""
    turns = game.disc_updates
    updates = state.step * turns + jnp.arange(turns)  # of D, numbered through all steps
    real, labels = (_turns(part, turns) for part in batch)
    numbers = collectives.example_numbers(labels.shape[1])

    def keys_of(purpose: Purpose, update: jax.Array) -> jax.Array:
        return keys.per_example(keys.at_step(key, purpose, update), numbers)

    def latents(update: jax.Array) -> jax.Array:
        return game.draw_latents(keys_of(Purpose.LATENT, update))

    def now(update: jax.Array) -> Now:
        return Now(state.step, state.control, partial(_key_at, key, update))

    if game.flip:
        flips = jax.vmap(partial(keys_of, Purpose.FLIP))(updates)
        real = jax.vmap(augmentations.flip)(flips, real)
    gen = state.gen
    z = jax.vmap(latents)(updates)
    asked = Asked(labels[-1], z[-1])
    fakes = make_fakes(game, gen, asked)
    # G stays the same meanwhile, so all that D sees of it can be made at once, batch by batch
    earlier = jax.lax.map(
        lambda asked: make_fakes(game, gen, asked).images, Asked(labels[:-1], z[:-1])
    )

    def turn(disc: Player, given: tuple) -> tuple[Player, tuple[Metrics, Seen]]:
        update, *examples = given
        disc, measured, seen = update_disc(game, now(update), disc, *examples)
        return disc, (measured, seen)

    fake = jnp.concatenate([earlier, fakes.images[None]])
    given = (updates, real, fake, Asked(labels, z))
    disc, each = jax.lax.scan(turn, state.disc, given, unroll=turns == 1)
    measured, seen = jax.tree.map(jnp.mean, each)
    for update in range(game.gen_updates):
        if game.fresh_latents:
            fresh = jax.random.fold_in(keys.at_step(key, Purpose.GEN_LATENT, state.step), update)
            asked = asked._replace(z=game.draw_latents(keys.per_example(fresh, numbers)))
        if update or game.fresh_latents:
            fakes = make_fakes(game, gen, asked)
        gen, of_gen = update_gen(game, now(state.step), gen, disc, real[-1], fakes, asked)
    measured |= of_gen
    control, reports = follow(game, state, seen)
    ema = game.follow(state.ema, gen, state.step)
    after = AdversarialState(state.step + 1, gen, disc, ema, control)
    return after, measured | reports


def follow(game: Game, state: AdversarialState, seen: Seen) -> tuple[Control, Metrics]:
    """The control after a step, from what D's updates saw; also what to report of it."""
    control, step = state.control, state.step
    loss, of_loss = game.loss.follow(control.loss, seen.logit_real, seen.logit_fake)
    augmenting, of_augmenting = game.augmenting.follow(control.augmenting, seen.sign_real, step)
    return Control(loss, augmenting), of_loss | of_augmenting


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
    return infer(game.gen, weights, z, labels)


def score(game: Game, state: AdversarialState, images: jax.Array, labels: jax.Array) -> jax.Array:
    """D's logits [n] for images [n, h, w, c], in inference mode."""
    return infer(game.disc, state.disc, images, labels).logits


def evaluate(
    game: Game, state: AdversarialState, batch: Batch, z: jax.Array, labels: jax.Array
) -> dict[str, jax.Array]:
    """Losses and logits [n] on real images and on the raw G's samples, in inference mode."""
    on_real = score(game, state, batch.images, batch.labels)
    on_fake = score(game, state, sample(game, state, z, labels, averaged=False), labels)
    return {
        "d/loss": collectives.alone(game.loss.disc)(on_real, on_fake, state.control.loss),
        "g/loss": collectives.alone(game.loss.gen)(on_real, on_fake),
        "d/logit_real": on_real,
        "d/logit_fake": on_fake,
    }


def _turns(examples: jax.Array, turns: int) -> jax.Array:
    """This device's examples [n * turns, ...] as [turns, n, ...], each turn's in order."""
    return examples.reshape(-1, turns, *examples.shape[1:]).swapaxes(0, 1)


def _scalars(start: tuple[tuple[str, float], ...]) -> dict[str, jax.Array]:
    return {name: jnp.float32(value) for name, value in start}


def _key_at(key: jax.Array, update: jax.Array, purpose: Purpose) -> jax.Array:
    return keys.at_step(key, purpose, update)
