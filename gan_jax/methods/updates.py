"""The two updates of the game, D's and G's, and the passes that they share."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp

from gan_jax import keys
from gan_jax.devices import collectives
from gan_jax.keys import Purpose
from gan_jax.method import Metrics
from gan_jax.methods.game import Game
from gan_jax.methods.player import Player, Tree, apply_gradient, descend, train_pass
from gan_jax.networks import Verdict
from gan_jax.objectives import losses, penalties
from gan_jax.objectives.auxiliary import Asked, OfDisc


class Control(NamedTuple):
    """Scalars that follow the game, part of the state."""

    loss: losses.Control
    augmenting: losses.Control


class Now(NamedTuple):
    """What of the game changes from update to update."""

    step: jax.Array
    control: Control
    key_of: Callable[[Purpose], jax.Array]


class Fakes(NamedTuple):
    """G's forward pass in training mode, kept for the backward pass of its update."""

    images: jax.Array  # [n, h, w, c] in [-1, 1]
    backward: Callable[[jax.Array], tuple[Tree]]  # a gradient by the images to one by G's params
    stats: Tree


class Seen(NamedTuple):
    """Means of D's logits in an update, over the global batch: what the control follows."""

    logit_real: jax.Array
    logit_fake: jax.Array
    sign_real: jax.Array  # of the signs


class Judged(NamedTuple):
    """D's pass over images in training mode."""

    logits: jax.Array  # [n]
    verdict: Verdict
    stats: Tree
    gradient: Callable[[], jax.Array]  # of each logit by its image, out of the same pass


def make_fakes(game: Game, gen: Player, asked: Asked) -> Fakes:
    """G's images as asked for."""
    forward = partial(train_pass, game.gen, stats=gen.stats, x=asked.z, labels=asked.labels)
    return Fakes(*jax.vjp(forward, gen.params, has_aux=True))


def update_disc(
    game: Game, now: Now, disc: Player, real: jax.Array, fake: jax.Array, asked: Asked
) -> tuple[Player, Metrics, Seen]:
    """Updates D on real and fake images [n, h, w, c] that share labels [n], as the game says.

    Its logits are reported as probabilities where the loss makes them such.
    """
    labels, term = asked.labels, game.auxiliary

    def joint(params: Tree):
        on_real = judge(game, now, params, disc.stats, real, labels, Purpose.DISC_REAL)
        on_fake = judge(game, now, params, on_real.stats, fake, labels, Purpose.DISC_FAKE)
        loss = game.loss.disc(on_real.logits, on_fake.logits, now.control.loss).mean()
        loss += term.on_real(on_real.verdict, asked) + term.on_fake(on_fake.verdict, asked)
        if game.penalty:
            again = partial(judge, game, now, params, disc.stats)
            key = now.key_of(Purpose.PENALTY)
            view = penalties.View(
                critic=lambda images: again(images, labels, Purpose.PENALTY).logits,
                real=real,
                fake=fake,
                real_gradient=on_real.gradient,
                fake_gradient=on_fake.gradient,
                keys=keys.per_example(key, collectives.example_numbers(len(real))),
            )
            loss += game.penalty(view, now.step)
        return loss, (on_fake.stats, (on_real.logits, on_fake.logits))

    def concatenated(params: Tree):
        both, twice = jnp.concatenate([real, fake]), jnp.concatenate([labels, labels])
        on_both = judge(game, now, params, disc.stats, both, twice, Purpose.DISC_REAL)
        on_real, on_fake = (jax.tree.map(part, on_both.verdict) for part in (_first, _second))
        loss = game.loss.disc(on_real.logits, on_fake.logits, now.control.loss).mean()
        loss += term.on_real(on_real, asked) + term.on_fake(on_fake, asked)
        # the mean over real and fake together is half the sum of the two means
        return loss / 2, (on_both.stats, (on_real.logits, on_fake.logits))

    def turn(
        player: Player, images: jax.Array, purpose: Purpose, main: losses.Term, beside: OfDisc
    ):
        def objective(params: Tree):
            seen = judge(game, now, params, player.stats, images, labels, purpose)
            value = main(seen.logits).mean() + beside(seen.verdict, asked)
            return value, (seen.stats, seen.logits)

        return _descend(game, player, objective)

    if game.disc_update == "in_turn" and game.loss.disc_terms:
        of_real, of_fake = game.loss.disc_terms
        first = turn(disc, real, Purpose.DISC_REAL, of_real, term.on_real)
        disc, real_loss, real_norm, on_real = first
        second = turn(disc, fake, Purpose.DISC_FAKE, of_fake, term.on_fake)
        disc, fake_loss, fake_norm, on_fake = second
        loss, norm = real_loss + fake_loss, (real_norm + fake_norm) / 2
    else:
        objective = concatenated if game.disc_update == "concatenated" else joint
        disc, loss, norm, (on_real, on_fake) = _descend(game, disc, objective)
    seen = Seen(on_real.mean(), on_fake.mean(), jnp.sign(on_real).mean())
    means = {"d/loss": loss}
    if game.loss.on_probabilities:
        means["d/prob_real"] = losses.probability(on_real).mean()
        means["d/prob_fake"] = losses.probability(on_fake).mean()
    else:
        means |= {"d/logit_real": seen.logit_real, "d/logit_fake": seen.logit_fake}
    means, seen = collectives.mean((means, seen))
    return disc, means | {"d/grad_norm": norm}, seen


def update_gen(
    game: Game, now: Now, gen: Player, disc: Player, real: jax.Array, fakes: Fakes, asked: Asked
) -> tuple[Player, Metrics]:
    """Updates G through D, which stays as it is, statistics included.

    D's pass over real images is for what compares fakes with them, and left out where nothing does.
    """
    look = partial(judge, game, now, disc.params, disc.stats, labels=asked.labels)
    on_real = None
    if game.loss.gen_sees_real or game.auxiliary.gen_sees_real:
        on_real = look(real, purpose=Purpose.REAL_FOR_GEN).verdict

    def objective(images: jax.Array) -> tuple[jax.Array, Metrics]:
        on_fake = look(images, purpose=Purpose.DISC_FOR_GEN).verdict
        real_logits = on_fake.logits if on_real is None else on_real.logits
        each = game.loss.gen(real_logits, on_fake.logits) * _top(game, now, on_fake.logits)
        value, reports = game.auxiliary.gen(on_real, on_fake, asked)
        return game.gen_weight * each.mean() + value, reports

    (loss, reports), fake_grad = jax.value_and_grad(objective, has_aux=True)(fakes.images)
    (grads,) = fakes.backward(fake_grad)
    gen, norm = apply_gradient(game.gen_opt, gen, grads, fakes.stats)
    return gen, collectives.mean({"g/loss": loss} | reports) | {"g/grad_norm": norm}


def _top(game: Game, now: Now, logits: jax.Array) -> jax.Array | float:
    """The weights of fakes in G's update, of mean 1 in the global batch: equal for those that D's
    logits [n] call the most real, and 0 for the rest (Sinha et al. 2020, arXiv 2002.06224, section
    3)."""
    if game.gen_top_share is None:
        return 1.0
    everyone = collectives.total(len(logits))
    kept = jnp.maximum(1.0, jnp.round(game.gen_top_share(now.step) * everyone))
    return jnp.where(collectives.ranks(logits) < kept, everyone / kept, 0.0)


def judge(
    game: Game,
    now: Now,
    params: Tree,
    stats: Tree,
    images: jax.Array,
    labels: jax.Array,
    purpose: Purpose,
) -> Judged:
    """D's pass over images as augmented; `purpose` is that of the pass."""
    key = now.key_of(purpose)
    probability = game.augmenting.probability(now.control.augmenting, now.step)

    def forward(images: jax.Array) -> tuple[jax.Array, tuple[Verdict, Tree]]:
        numbers = collectives.example_numbers(len(images))
        x = game.augment(keys.per_example(key, numbers), images, probability)
        rngs = {"dropout": key}
        verdict, after = train_pass(game.disc, params, stats=stats, x=x, labels=labels, rngs=rngs)
        return verdict.logits, (verdict, after)

    logits, backward, (verdict, stats) = jax.vjp(forward, images, has_aux=True)
    return Judged(logits, verdict, stats, lambda: backward(jnp.ones_like(logits))[0])


def _first(both: jax.Array) -> jax.Array:
    return both[: len(both) // 2]


def _second(both: jax.Array) -> jax.Array:
    return both[len(both) // 2 :]


def _descend(game: Game, disc: Player, objective: Callable) -> tuple:
    disc, *rest = descend(game.disc_opt, disc, objective)
    return disc._replace(params=game.project(disc.params)), *rest
