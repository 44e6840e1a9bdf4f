"""CycleGAN: translation between two classes of pictures of which no pairs are known (Zhu et al.
2017, arXiv 1703.10593); with other weights and networks DiscoGAN (Kim et al. 2017, arXiv
1703.05192).

A batch has equal parts of both classes in turn. Both G's learn by one backward pass through all
that they made, and by one optimizer; each D learns as in any game. Pairs are by class.
"""

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp

from gan_jax import keys
from gan_jax.config import NonNegative
from gan_jax.data.conditions import Given, OtherClass
from gan_jax.devices import collectives
from gan_jax.errors import UserError
from gan_jax.keys import Purpose
from gan_jax.method import Condition, Example, Inputs, LabelledSource, Method, Metrics
from gan_jax.methods import average, conditioning, schedules, turns
from gan_jax.methods import cycle as cycles
from gan_jax.methods import game as games
from gan_jax.methods import pool as pools
from gan_jax.methods.average import Average, Weights
from gan_jax.methods.cycle import Cycle, Pictures
from gan_jax.methods.game import Game
from gan_jax.methods.gan_settings import GAN
from gan_jax.methods.network_state import NetworkState, infer, split
from gan_jax.methods.passes import Scalars, StepContext, descend_gen, first_scalars, follow
from gan_jax.methods.pool import Pool
from gan_jax.objectives import augmentations
from gan_jax.objectives.losses import per_example


@dataclass(frozen=True)
class CycleGAN(GAN, name="cycle_gan"):
    """Two games on two classes; `gen`, `disc`, `loss` and all else are of both.

    cycle, identity: weights of the distances between pictures and what both G's, or their own
        class's G, made of them; `final_cycle` is where `train.schedule` leads.
    first: whether G's or D's are updated first in a step. The fakes are of G's before it, and G's
        are judged by the D's of the time: by the old ones in the authors' order, `gen`.
    """

    condition: Given = OtherClass()
    cycle: NonNegative = 10.0
    final_cycle: NonNegative | None = None
    identity: NonNegative = 5.0
    distance: Literal["l1", "l2"] = "l1"
    first: Literal["gen", "disc"] = "gen"


class CycleState(NamedTuple):
    step: jax.Array  # int32
    gen: NetworkState  # both G's, each field a pair but for the optimizer's state
    discs: tuple[NetworkState, ...]
    ema: Average  # of both G's
    scalars: tuple[Scalars, ...]
    pools: tuple[Pool, ...]  # empty without pools

    @property
    def networks(self) -> dict[str, Weights]:
        """By their names in the settings, each a pair."""
        discs = average.joined(map(average.of, self.discs))
        return {"gen": Weights(average.of(self.gen), self.ema), "disc": Weights(discs)}


def make(config: CycleGAN) -> Method:
    """The method for `config`. Raises `UserError` for parts that are unknown or do not fit."""
    return _method(config, parts(config))


def at_size(config: CycleGAN, height: int, width: int) -> Method:
    """The method for `config` whose G's make pictures of another size. Raises `UserError` for a
    size that the network cannot make."""
    return _method(config, parts(config, partial(games.at_size, height=height, width=width)))


def _method(config: CycleGAN, cycle: Cycle) -> Method:
    return Method(
        init=partial(init, cycle),
        inputs=conditioning.inputs_of(config, cycle.condition),
        step=partial(step, cycle),
        sample=partial(sample, cycle),
        evaluate=partial(evaluate, cycle),
        score=partial(score, cycle),
    )


def parts(config: CycleGAN, build: Callable[[GAN], Game] = games.make) -> Cycle:
    """The game of each class as it is built, whose networks see no label, and how the two are
    joined. Raises `UserError` for parts that do not fit."""
    _check(config)
    alone = dataclasses.replace(config.data, num_classes=0)
    return Cycle(
        game=build(dataclasses.replace(config, data=alone)),
        condition=conditioning.condition_of(config, config.condition),
        cycle=schedules.make(config.train, config.cycle, config.final_cycle, "final_cycle"),
        identity=config.identity,
        distance=cycles.DISTANCES[config.distance],
        gen_first=config.first == "gen",
    )


def init(cycle: Cycle, key: jax.Array) -> CycleState:
    """The state before the first step."""
    game, x = cycle.game, jnp.zeros((1, *cycle.game.shape), jnp.float32)
    made = [jax.random.split(keys.stream(_key(key, k), Purpose.INIT)) for k in cycles.CLASSES]
    gens = [split(game.gen.init(own[0], cycles.no_latents(x), x, train=True)) for own in made]
    discs = [split(game.disc.init(own[1], x, None, train=True)) for own in made]
    params, stats = (tuple(each) for each in zip(*gens, strict=True))
    gen = NetworkState(params, stats, game.gen_opt.init(params))
    return CycleState(
        step=jnp.zeros((), jnp.int32),
        gen=gen,
        discs=tuple(NetworkState(*disc, game.disc_opt.init(disc[0])) for disc in discs),
        ema=average.start(gen),
        scalars=tuple(first_scalars(game) for _ in cycles.CLASSES),
        pools=tuple(pools.start(game.pool_size, x[0]) for _ in cycles.CLASSES if game.pool_size),
    )


def step(
    cycle: Cycle, state: CycleState, batch: Example, key: jax.Array
) -> tuple[CycleState, Metrics]:
    """One device's share of one step, of x [n, h, w, c] of both classes in turn. It measures what
    both games do, each named by its class (`class0/d/loss`), and their means."""
    game, x = cycle.game, batch.x
    if game.flip:
        of_step = keys.at_step(key, Purpose.FLIP, state.step)
        numbers = collectives.example_numbers(len(x))
        x = augmentations.flip(keys.per_example(of_step, numbers), x)
    real = tuple(x[k::2] for k in cycles.CLASSES)
    contexts = [
        StepContext.of(state.step, state.scalars[k], _key(key, k), state.step)
        for k in cycles.CLASSES
    ]
    fakes = cycles.make_fakes(cycle, contexts, state.gen, real)
    objective = partial(cycles.gens_value, cycle, contexts, real)
    after, of_discs = update_discs(game, contexts, state, real, fakes.images.fake)
    discs = state.discs if cycle.gen_first else after.discs
    gen, of_gen = descend_gen(game, state.gen, fakes, partial(objective, discs))
    ema = game.update_average(state.ema, gen, state.step)
    return after._replace(step=state.step + 1, gen=gen, ema=ema), of_discs | of_gen


def update_discs(
    game: Game,
    contexts: Sequence[StepContext],
    state: CycleState,
    real: Pictures,
    fake: Pictures,
) -> tuple[CycleState, Metrics]:
    """Each D learns from the real pictures [n, h, w, c] of its class and fakes, out of its pool."""
    discs, held, scalars = list(state.discs), list(state.pools), list(state.scalars)
    found = list[Metrics]()
    for k, context in enumerate(contexts):
        shown = fake[k]
        if held:
            held[k], shown = pools.exchange(held[k], context.key_of(Purpose.POOL), shown)
        seen = discs[k], real[k], shown, Inputs(cycles.no_latents(shown))
        discs[k], measured, means = turns.update_disc(game, context, *seen)
        scalars[k], reports = follow(game, scalars[k], means, state.step)
        found.append(measured | reports)
    after = state._replace(discs=tuple(discs), scalars=tuple(scalars), pools=tuple(held))
    return after, cycles.by_class(found)


def sample(
    cycle: Cycle, state: CycleState, inputs: Inputs, averaged: jax.Array | bool
) -> dict[str, jax.Array]:
    """{"image": [n, h, w, c]} of the wanted classes from source pictures, in inference mode."""
    given: LabelledSource = inputs.condition
    weights = average.chosen(averaged, state.ema, state.gen)
    made = [_translated(cycle, weights, k, given.source) for k in cycles.CLASSES]
    return {"image": _of_label(given.label, made)}


def score(cycle: Cycle, state: CycleState, x: jax.Array, condition: Condition) -> jax.Array:
    """The logits [n] of x [n, h, w, c] by the D's of the wanted classes, in inference mode."""
    made = [per_example(infer(cycle.game.disc, disc, x, None).logits) for disc in state.discs]
    return _of_label(condition.label, made)


def evaluate(
    cycle: Cycle, state: CycleState, batch: Example, inputs: Inputs
) -> dict[str, jax.Array]:
    """Losses and logits [n] on real x [n, h, w, c] and on what is made of source pictures, each by
    the D of its class, and the distance of these to what is made of that again: in inference
    mode."""
    game, given = cycle.game, inputs.condition
    fake = sample(cycle, state, inputs, averaged=False)["image"]
    back = Inputs(inputs.latents, LabelledSource(fake, 1 - given.label))
    again = sample(cycle, state, back, averaged=False)["image"]
    on_real = score(cycle, state, batch.x, LabelledSource(None, batch.label))
    on_fake = score(cycle, state, fake, given)
    return {
        "d/loss": collectives.alone(game.loss.disc)(on_real, on_fake, state.scalars[0].loss),
        "g/adversarial": game.loss.gen_weight * collectives.alone(game.loss.gen)(on_real, on_fake),
        "g/cycle": jax.vmap(cycle.distance)(again, given.source),
        "d/logit_real": on_real,
        "d/logit_fake": on_fake,
    }


def _translated(cycle: Cycle, weights: Average, k: int, source: jax.Array) -> jax.Array:
    own = Average(weights.params[k], weights.stats[k])
    return infer(cycle.game.gen, own, cycles.no_latents(source), source)


def _of_label(label: jax.Array, made: list[jax.Array]) -> jax.Array:
    """Of each class's values [n, ...] those of the labels, int32 [n]."""
    first, second = made
    return jnp.where(label.reshape(-1, *[1] * (first.ndim - 1)) == 0, first, second)


def _key(key: jax.Array, label: int) -> jax.Array:
    return jax.random.fold_in(keys.stream(key, Purpose.LEVEL), label)


def _check(config: CycleGAN) -> None:
    """Raises `UserError` for the first choice that cannot be."""
    data, train, name = config.data, config.train, f"method={config.choice}"
    if (data.num_classes, data.draw) != (2, "by_class"):
        raise UserError(
            f"{name} translates between two classes, of which a batch has equal parts; set "
            "data.num_classes=2 and data.draw=by_class."
        )
    if not isinstance(config.condition, OtherClass):
        raise UserError(
            f"{name} knows no pairs, which condition.name={config.condition.choice} has; set "
            "condition.name=other_class."
        )
    if not config.gen.takes_pictures or config.latents.dimension:
        raise UserError(
            f"{name} makes pictures of pictures alone; set gen.name=translator or the like and "
            "latents.dimension=0."
        )
    if getattr(config.disc, "conditioning", "none") != "none":
        raise UserError(f"{name} has a D for each class; set disc.conditioning=none.")
    if config.content.is_there:
        raise UserError(
            f"{name} has no pairs that content terms could compare; set cycle and identity, and "
            "leave content out."
        )
    if (train.disc_updates, train.gen_updates, train.gen_latents) != (1, 1, "shared"):
        raise UserError(
            f"{name} updates all networks once in a step; leave train.disc_updates, "
            "train.gen_updates and train.gen_latents out."
        )
