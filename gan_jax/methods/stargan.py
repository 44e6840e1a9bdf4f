"""StarGAN: one generator that takes a picture to any class (Choi et al. 2018, arXiv 1711.09020;
yunjey/stargan).

A step has a batch for each of D's updates. The classes that G is to make of a batch are the batch's
own, permuted, and of each fake it is to make the picture again. D names the classes of real
pictures alone. Its penalty is of the mean of the patches, the authors' of their sum.
"""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from gan_jax.config import NonNegative
from gan_jax.data.conditions import Given, OtherClass
from gan_jax.devices import collectives
from gan_jax.errors import UserError
from gan_jax.keys import Purpose
from gan_jax.method import Example, Inputs, LabelledSource, Method, Metrics, take
from gan_jax.methods import conditioning, gan, turns
from gan_jax.methods import game as games
from gan_jax.methods.game import Game
from gan_jax.methods.gan import GANState
from gan_jax.methods.gan_settings import GAN
from gan_jax.methods.network_state import NetworkState, Tree, train_pass
from gan_jax.methods.passes import (
    Fakes,
    LogitMeans,
    StepContext,
    descend_gen,
    disc_pass,
    follow,
    gen_value,
    make_fakes,
)
from gan_jax.objectives import augmentations, content


@dataclass(frozen=True)
class StarGAN(GAN, name="stargan"):
    """The game of one G and one D on several classes.

    cycle: weight of the mean absolute distance between pictures and what is made of their fakes.
    """

    condition: Given = OtherClass()
    cycle: NonNegative = 10.0


class Star(NamedTuple):
    """What stays the same in training."""

    game: Game
    cycle: float


class Made(NamedTuple):
    """What G makes of real pictures, [n, h, w, c] each."""

    fake: jax.Array  # of the wanted classes
    again: jax.Array  # of their own classes, made of the fakes


def make(config: StarGAN) -> Method:
    """The method for `config`. Raises `UserError` for parts that are unknown or do not fit."""
    _check(config)
    return _method(config, games.make(config))


def at_size(config: StarGAN, height: int, width: int) -> Method:
    """The method for `config` whose G makes pictures of another size. Raises `UserError` for a
    size that the network cannot make."""
    return _method(config, games.at_size(config, height, width))


def _method(config: StarGAN, game: Game) -> Method:
    return Method(
        init=partial(gan.init, game),
        inputs=conditioning.inputs_of(config, game.condition),
        step=partial(step, Star(game, config.cycle)),
        sample=partial(gan.sample, game),
        evaluate=partial(gan.evaluate, game),
        score=partial(gan.score, game),
    )


def step(star: Star, state: GANState, batch: Example, key: jax.Array) -> tuple[GANState, Metrics]:
    """One device's share of one step, of x [n, h, w, c] of all of D's updates; G learns from the
    last of their batches and its wanted classes, through the new D."""
    game, count = star.game, star.game.disc_updates
    batch = turns.split(batch, count)
    numbered = state.step * count + jnp.arange(count)  # updates of D, through all steps

    def at(update: jax.Array) -> StepContext:
        return StepContext.of(state.step, state.scalars, key, update)

    def turn(
        disc: NetworkState, part: tuple[jax.Array, Example]
    ) -> tuple[NetworkState, tuple[Metrics, LogitMeans]]:
        context = at(part[0])
        real, own, wanted = begun(game, context, part[1])
        fake = make_fakes(game, context, state.gen, wanted).images
        found = turns.update_disc(game, context, disc, real, fake, own, wanted)
        return found[0], found[1:]

    disc, each = jax.lax.scan(turn, state.disc, (numbered, batch), unroll=count == 1)
    measured, means = jax.tree.map(jnp.mean, each)
    context = at(numbered[-1])
    gen, of_gen = update_gen(star, context, state.gen, disc, take(batch, -1))
    scalars, reports = follow(game, state.scalars, means, state.step)
    ema = game.update_average(state.ema, gen, state.step)
    after = GANState(state.step + 1, gen, disc, ema, scalars)
    return after, measured | of_gen | reports


def begun(game: Game, context: StepContext, batch: Example) -> tuple[jax.Array, Inputs, Inputs]:
    """What an update begins with: real x [n, h, w, c], inputs of their own classes, and those of
    the classes of other pictures of the global batch, each taken once."""
    if game.flip:
        batch = augmentations.flip_example(context.example_keys(Purpose.FLIP, len(batch.x)), batch)
    z = game.draw_latents(context.example_keys(Purpose.LATENT, len(batch.x)))
    everyone = collectives.gather(batch.label)
    mixed = jax.random.permutation(context.key_of(Purpose.TARGET), everyone)
    wanted = mixed[collectives.example_numbers(len(batch.x))]
    own, asked = (game.condition(batch._replace(label=label)) for label in (batch.label, wanted))
    return batch.x, Inputs(z, own), Inputs(z, asked)


def update_gen(
    star: Star, context: StepContext, gen: NetworkState, disc: NetworkState, batch: Example
) -> tuple[NetworkState, Metrics]:
    """Updates G through D, which stays as it is, by what it makes of x [n, h, w, c] and of that
    again: one backward pass through both."""
    game = star.game
    real, own, wanted = begun(game, context, batch)

    def forward(params: Tree) -> tuple[Made, Tree]:
        def run(stats: Tree, inputs: Inputs, number: int) -> tuple[jax.Array, Tree]:
            key = jax.random.fold_in(context.key_of(Purpose.GEN_DROPOUT), number)
            fields = {"stats": stats, "x": inputs.latents, "condition": inputs.condition}
            return train_pass(game.gen, params, **fields, rngs={"dropout": key})

        fake, stats = run(gen.stats, wanted, 0)
        back = own._replace(condition=LabelledSource(fake, own.condition.label))
        again, stats = run(stats, back, 1)
        return Made(fake, again), stats

    def objective(made: Made) -> tuple[jax.Array, Metrics]:
        run = partial(disc_pass, game, context, disc.params, disc.stats)
        found = run(made.fake, wanted.condition, Purpose.DISC_FOR_GEN)
        value, reports = gen_value(game, context, None, found.output, wanted, (real, made.fake))
        distance = content.l1(made.again, real)
        reports |= {"g/adversarial": value, "g/cycle": distance}
        return value + star.cycle * distance, reports

    return descend_gen(game, gen, Fakes(*jax.vjp(forward, gen.params, has_aux=True)), objective)


def _check(config: StarGAN) -> None:
    """Raises `UserError` for the first choice that cannot be."""
    train, name = config.train, f"method={config.choice}"
    if config.data.num_classes < 2:
        raise UserError(f"{name} takes pictures to other classes; set data.num_classes.")
    if not isinstance(config.condition, OtherClass):
        raise UserError(
            f"{name} knows no pairs, which condition.name={config.condition.choice} has; set "
            "condition.name=other_class."
        )
    if config.content.is_there or config.loss.gen_sees_real or config.auxiliary.gen_sees_real:
        raise UserError(
            f"{name} has no pictures to compare fakes with; leave content out, and choose a loss "
            "and an auxiliary term that need none, such as loss.name=wasserstein."
        )
    if (train.gen_updates, train.gen_latents, train.pool_size) != (1, "shared", 0):
        raise UserError(
            f"{name} updates G once in a step, on the fakes of D's last update; leave "
            "train.gen_updates, train.gen_latents and train.pool_size out."
        )
