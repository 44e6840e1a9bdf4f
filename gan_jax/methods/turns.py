"""The general game: several updates of D and of G in a step, in any of the ways to update D.

With k updates of D a step takes k batches at once, and example g of them all belongs to update
g % k. D's updates come first, each on a fresh real batch and on fakes from fresh latents; then
those of G, on the latents of D's last fakes or on fresh ones. Fakes have the condition of the
real batch; of several, G's updates have those of the last.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from gan_jax import keys
from gan_jax.devices import collectives
from gan_jax.keys import Purpose
from gan_jax.method import Example, Inputs, Metrics, take
from gan_jax.methods import pool as pools
from gan_jax.methods.game import Game
from gan_jax.methods.network_state import NetworkState, Tree
from gan_jax.methods.passes import (
    Fakes,
    LogitMeans,
    Scalars,
    StepContext,
    auxiliary_terms,
    descend_disc,
    descend_gen,
    disc_loss,
    disc_pass,
    disc_terms,
    gen_value,
    make_fakes,
    measured_of_disc,
    penalty_term,
)
from gan_jax.methods.pool import Pool
from gan_jax.objectives import augmentations
from gan_jax.objectives.losses import Separable


def play(
    game: Game,
    gen: NetworkState,
    disc: NetworkState,
    pool: Pool | None,
    scalars: Scalars,
    step: jax.Array,
    batch: Example,
    key: jax.Array,
) -> tuple[NetworkState, NetworkState, Pool | None, Metrics, LogitMeans]:
    """All updates of one step, on one device's share of the real batches, x [n, ...]: G, D, the
    pool, what they measured and D's mean logits."""
    turns = game.disc_updates
    numbered = step * turns + jnp.arange(turns)  # updates of D, through all steps
    batch = split(batch, turns)
    count = batch.x.shape[1]

    def at(update: jax.Array) -> StepContext:
        return StepContext.of(step, scalars, key, update)

    if game.flip:
        flips = jax.vmap(lambda update: at(update).example_keys(Purpose.FLIP, count))(numbered)
        batch = jax.vmap(augmentations.flip_example)(flips, batch)
    real = batch.x

    def latents(update: jax.Array) -> jax.Array:
        return game.draw_latents(at(update).example_keys(Purpose.LATENT, count))

    given = Inputs(jax.vmap(latents)(numbered), jax.vmap(game.condition)(batch))
    last = take(given, -1)
    fakes = make_fakes(game, at(numbered[-1]), gen, last)
    fake = fakes.images[None]
    if turns > 1:  # G stays the same meanwhile, so all that D sees of it is made at once
        earlier = jax.lax.map(
            lambda made: make_fakes(game, at(made[0]), gen, made[1]).images,
            take((numbered, given), slice(-1)),
        )
        fake = jnp.concatenate([earlier, fake])

    def turn(carried: tuple, part: tuple) -> tuple[tuple, tuple[Metrics, LogitMeans]]:
        (disc, pool), (update, real, fake, inputs) = carried, part
        context, shown = at(update), (fake, inputs)
        if pool is not None:
            pool, shown = pools.exchange(pool, context.key_of(Purpose.POOL), shown)
        fake, of_fake = shown
        found = update_disc(game, context, disc, real, fake, inputs, of_fake)
        return (found[0], pool), found[1:]

    parts = (numbered, real, fake, given)
    (disc, pool), each = jax.lax.scan(turn, (disc, pool), parts, unroll=turns == 1)
    measured, means = jax.tree.map(jnp.mean, each)
    context = at(step)
    for update in range(game.gen_updates):
        if game.fresh_latents:
            fresh = jax.random.fold_in(keys.at_step(key, Purpose.GEN_LATENT, step), update)
            numbers = collectives.example_numbers(count)
            last = last._replace(latents=game.draw_latents(keys.per_example(fresh, numbers)))
        if update or game.fresh_latents:
            fakes = make_fakes(game, _again(context, update), gen, last)
        gen, of_gen = update_gen(game, context, gen, disc, real[-1], fakes, last)
    return gen, disc, pool, measured | of_gen, means


def _again(context: StepContext, number: int) -> StepContext:
    """The context of G's `number`-th update in a step, whose fakes have masks of their own."""

    def key_of(purpose: Purpose) -> jax.Array:
        return jax.random.fold_in(context.key_of(purpose), number)

    return context._replace(key_of=key_of)


def update_disc(
    game: Game,
    context: StepContext,
    disc: NetworkState,
    real: jax.Array,
    fake: jax.Array,
    inputs: Inputs,
    of_fake: Inputs | None = None,
) -> tuple[NetworkState, Metrics, LogitMeans]:
    """Updates D on real and fake images [n, ...], as `game.disc_update` says. The fakes are of the
    inputs, whose condition the real images have, or of others, `of_fake`."""
    of_fake = inputs if of_fake is None else of_fake
    run, examples = partial(disc_pass, game, context), (real, fake, inputs, of_fake)

    def joint(params: Tree, examples: tuple[jax.Array, jax.Array, Inputs, Inputs]):
        real, fake, inputs, of_fake = examples
        condition = inputs.condition
        on_real = run(params, disc.stats, real, condition, Purpose.DISC_REAL)
        on_fake = run(params, on_real.stats, fake, of_fake.condition, Purpose.DISC_FAKE)
        loss = disc_loss(game, context, on_real.logits, on_fake.logits)
        loss += auxiliary_terms(game, on_real.output, on_fake.output, inputs, of_fake)
        critic = partial(run, params, disc.stats, condition=condition, purpose=Purpose.PENALTY)
        loss += penalty_term(game, context, critic, (real, on_real), (fake, on_fake))
        return loss, (on_fake.stats, (on_real.logits, on_fake.logits))

    def concatenated(params: Tree, examples: tuple[jax.Array, jax.Array, Inputs, Inputs]):
        real, fake, inputs, of_fake = examples
        both = jnp.concatenate([real, fake])
        conditions = inputs.condition, of_fake.condition
        of_both = jax.tree.map(lambda *leaves: jnp.concatenate(leaves), *conditions)
        on_both = run(params, disc.stats, both, of_both, Purpose.DISC_REAL)
        on_real, on_fake = (jax.tree.map(part, on_both.output) for part in (_first, _second))
        loss = disc_loss(game, context, on_real.logits, on_fake.logits)
        loss += auxiliary_terms(game, on_real, on_fake, inputs, of_fake)
        # the mean over real and fake together is half the sum of the two means
        return loss / 2, (on_both.stats, (on_real.logits, on_fake.logits))

    def turn(
        disc: NetworkState,
        images: jax.Array,
        of: Inputs,
        purpose: Purpose,
        main: Callable,
        added: Callable,
    ):
        def objective(params: Tree, examples: tuple[jax.Array, Inputs]):
            images, of = examples
            found = run(params, disc.stats, images, of.condition, purpose)
            value = main(found.logits).mean() + added(found.output, of, game.latents)
            return value, (found.stats, found.logits)

        return descend_disc(game, disc, objective, (images, of), game.disc_parts(len(images)))

    if game.disc_update == "in_turn" and isinstance(game.loss, Separable):
        (on_real_term, on_fake_term), term = disc_terms(game, context), game.auxiliary
        first = turn(disc, real, inputs, Purpose.DISC_REAL, on_real_term, term.on_real)
        disc, real_loss, real_norm, on_real = first
        second = turn(disc, fake, of_fake, Purpose.DISC_FAKE, on_fake_term, term.on_fake)
        disc, fake_loss, fake_norm, on_fake = second
        value, norm, logits = real_loss + fake_loss, (real_norm + fake_norm) / 2, (on_real, on_fake)
    else:
        whole = game.disc_update == "concatenated"  # each half of its logits is of one kind
        objective, count = (concatenated, 1) if whole else (joint, game.disc_parts(len(real)))
        disc, value, norm, logits = descend_disc(game, disc, objective, examples, count)
    return disc, *measured_of_disc(game, value, norm, logits)


def update_gen(
    game: Game,
    context: StepContext,
    gen: NetworkState,
    disc: NetworkState,
    real: jax.Array,
    fakes: Fakes,
    inputs: Inputs,
) -> tuple[NetworkState, Metrics]:
    """Updates G through D, which stays as it is, statistics included; x [n, ...] of real images is
    for what compares fakes with them."""
    frozen = partial(disc_pass, game, context, disc.params, disc.stats)

    def objective(images: jax.Array, real: jax.Array, inputs: Inputs) -> tuple[jax.Array, Metrics]:
        on_real = None
        if game.gen_sees_real:
            on_real = frozen(real, inputs.condition, Purpose.REAL_FOR_GEN).output
        on_fake = frozen(images, inputs.condition, Purpose.DISC_FOR_GEN).output
        return gen_value(game, context, on_real, on_fake, inputs, (real, images))

    return descend_gen(game, gen, fakes, objective, (real, inputs), game.disc_parts(len(real)))


def split(examples: Any, turns: int) -> Any:
    """This device's examples, arrays [n * turns, ...], as [turns, n, ...], each turn's in order."""
    return jax.tree.map(
        lambda leaf: leaf.reshape(-1, turns, *leaf.shape[1:]).swapaxes(0, 1), examples
    )


def _first(both: jax.Array) -> jax.Array:
    return both[: len(both) // 2]


def _second(both: jax.Array) -> jax.Array:
    return both[len(both) // 2 :]
