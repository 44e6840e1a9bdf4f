"""What two generators make of two classes of pictures, and what they minimise (Zhu et al. 2017,
arXiv 1703.10593, section 3; Kim et al. 2017, arXiv 1703.05192, with other terms).

G_k makes pictures of class k out of those of the other class, and D_k tells them from real ones.
What both G's make of a picture one after the other is to be that picture again, and what G_k makes
of a picture of class k is to be that one too. Pairs of anything are by class.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from gan_jax.keys import Purpose
from gan_jax.method import Condition, Example, Inputs, Metrics
from gan_jax.methods.game import Game
from gan_jax.methods.network_state import NetworkState, Tree, train_pass
from gan_jax.methods.passes import Fakes, StepContext, disc_pass, gen_value
from gan_jax.methods.schedules import Schedule
from gan_jax.objectives import content

CLASSES = (0, 1)
Pictures = tuple[jax.Array, ...]
"""Of each class, [n, h, w, c]."""
DISTANCES: dict[str, Callable[[jax.Array, jax.Array], jax.Array]] = {
    "l1": content.l1,
    "l2": content.l2,
}


class Cycle(NamedTuple):
    """What stays the same in training."""

    game: Game  # of each class
    condition: Callable[[Example], Condition]  # of samples
    cycle: Schedule
    identity: float
    distance: Callable[[jax.Array, jax.Array], jax.Array]
    gen_first: bool


class Made(NamedTuple):
    """What the G's make of real pictures, [n, h, w, c] of each class."""

    fake: Pictures  # of the other class's
    again: Pictures  # of the fakes that were made of these
    same: Pictures  # of its own class's; empty where they have no weight


def make_fakes(
    cycle: Cycle, contexts: Sequence[StepContext], gen: NetworkState, real: Pictures
) -> Fakes:
    """All that both G's make of real pictures [n, h, w, c] of each class, with the one way back
    from their gradients to both G's."""
    forward = partial(joint, cycle, contexts, real, gen.stats)
    return Fakes(*jax.vjp(forward, gen.params, has_aux=True))


def joint(
    cycle: Cycle,
    contexts: Sequence[StepContext],
    real: Pictures,
    stats: Tree,
    params: Tree,
) -> tuple[Made, Tree]:
    """All that both G's, by their parameters and statistics, make of real pictures [n, h, w, c] of
    each class, in training mode; and the statistics that follow."""
    after = list(stats)

    def run(k: int, number: int, source: jax.Array) -> jax.Array:
        key = jax.random.fold_in(contexts[k].key_of(Purpose.GEN_DROPOUT), number)
        network = partial(train_pass, cycle.game.gen, params[k], rngs={"dropout": key})
        made, after[k] = network(stats=after[k], x=no_latents(source), condition=source)
        return made

    fake = tuple(run(k, 0, real[1 - k]) for k in CLASSES)
    again = tuple(run(k, 1, fake[1 - k]) for k in CLASSES)
    same = tuple(run(k, 2, real[k]) for k in CLASSES) if cycle.identity else ()
    return Made(fake, again, same), tuple(after)


def gens_value(
    cycle: Cycle,
    contexts: Sequence[StepContext],
    real: Pictures,
    discs: tuple[NetworkState, ...],
    made: Made,
) -> tuple[jax.Array, Metrics]:
    """What both G's minimise, a scalar, of what they made of real pictures [n, h, w, c] of each
    class, through D's as they are; and what to report."""
    game, found = cycle.game, list[Metrics]()
    for k, context in enumerate(contexts):
        disc = discs[k]
        frozen = partial(disc_pass, game, context, disc.params, disc.stats, condition=None)
        on_real = None
        if game.gen_sees_real:
            on_real = frozen(real[k], purpose=Purpose.REAL_FOR_GEN).output
        on_fake = frozen(made.fake[k], purpose=Purpose.DISC_FOR_GEN).output
        given, images = Inputs(no_latents(made.fake[k])), (real[k], made.fake[k])
        adversarial, reports = gen_value(game, context, on_real, on_fake, given, images)
        reports |= {"g/adversarial": adversarial}
        reports["g/cycle"] = cycle.distance(made.again[k], real[k])
        if made.same:
            reports["g/identity"] = cycle.distance(made.same[k], real[k])
        found.append(reports)
    again = cycle.cycle(contexts[0].step)
    weights = {"g/adversarial": 1.0, "g/cycle": again, "g/identity": cycle.identity}
    terms = [weights[name] * each[name] for each in found for name in weights if name in each]
    return sum(terms, jnp.zeros(())), by_class(found)


def by_class(found: Sequence[Metrics]) -> Metrics:
    """What each game measured, scalars, under names that begin with its class (`class0/d/loss`),
    and the means of both."""
    each = {f"class{k}/{name}": value for k, own in enumerate(found) for name, value in own.items()}
    first, second = found
    return each | {name: (first[name] + second[name]) / 2 for name in first}


def no_latents(x: jax.Array) -> jax.Array:
    """Of x [n, ...]: [n, 0]."""
    return jnp.zeros((len(x), 0), jnp.float32)
