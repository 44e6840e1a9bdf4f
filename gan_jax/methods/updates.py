"""The two updates of the game, D's and G's, and the passes through a network that they share."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from gan_jax import collectives, keys, losses, penalties
from gan_jax.keys import Purpose
from gan_jax.methods.game import Game, Player, Tree
from gan_jax.methods.method import Metrics

KeyOf = Callable[[Purpose], jax.Array]


class Fakes(NamedTuple):
    """G's forward pass in training mode, kept for the backward pass of its update."""

    images: jax.Array  # [n, h, w, c] in [-1, 1]
    backward: Callable[[jax.Array], tuple[Tree]]  # a gradient by the images to one by G's params
    stats: Tree


class Judged(NamedTuple):
    """D's pass over images in training mode."""

    logits: jax.Array  # [n]
    stats: Tree
    gradient: Callable[[], jax.Array]  # of each logit by its image, out of the same pass


def make_fakes(game: Game, gen: Player, z: jax.Array, labels: jax.Array) -> Fakes:
    """G's images from latents z [n, d] and labels [n]."""
    forward = partial(train_pass, game.gen, stats=gen.stats, x=z, labels=labels)
    return Fakes(*jax.vjp(forward, gen.params, has_aux=True))


def update_disc(
    game: Game, disc: Player, real: jax.Array, fake: jax.Array, labels: jax.Array, key_of: KeyOf
) -> tuple[Player, Metrics]:
    """Updates D on real and fake images [n, h, w, c] that share labels [n], as the game says."""

    def joint(params: Tree):
        on_real = judge(game, params, disc.stats, real, labels, key_of(Purpose.DISC_REAL))
        on_fake = judge(game, params, on_real.stats, fake, labels, key_of(Purpose.DISC_FAKE))
        loss = game.loss.disc(on_real.logits, on_fake.logits).mean()
        if game.penalty:
            key = key_of(Purpose.PENALTY)
            view = penalties.View(
                critic=lambda x: judge(game, params, disc.stats, x, labels, key).logits,
                real=real,
                fake=fake,
                real_gradient=on_real.gradient,
                fake_gradient=on_fake.gradient,
                keys=keys.per_example(key, collectives.example_numbers(len(real))),
            )
            loss += game.penalty_weight * game.penalty(view).mean()
        return loss, (on_fake.stats, (on_real.logits, on_fake.logits))

    def concatenated(params: Tree):
        both, twice = jnp.concatenate([real, fake]), jnp.concatenate([labels, labels])
        on_both = judge(game, params, disc.stats, both, twice, key_of(Purpose.DISC_REAL))
        on_real, on_fake = jnp.split(on_both.logits, 2)
        # the mean over real and fake together is half the sum of the two means
        loss = game.loss.disc(on_real, on_fake).mean() / 2
        return loss, (on_both.stats, (on_real, on_fake))

    def turn(images: jax.Array, purpose: Purpose, term: losses.Term, player: Player):
        def objective(params: Tree):
            seen = judge(game, params, player.stats, images, labels, key_of(purpose))
            return term(seen.logits).mean(), (seen.stats, seen.logits)

        return _descend(game.disc_opt, player, objective)

    if game.disc_update == "in_turn" and game.loss.disc_terms:
        real_term, fake_term = game.loss.disc_terms
        disc, real_loss, real_norm, on_real = turn(real, Purpose.DISC_REAL, real_term, disc)
        disc, fake_loss, fake_norm, on_fake = turn(fake, Purpose.DISC_FAKE, fake_term, disc)
        loss, norm = real_loss + fake_loss, (real_norm + fake_norm) / 2
    else:
        objective = concatenated if game.disc_update == "concatenated" else joint
        disc, loss, norm, (on_real, on_fake) = _descend(game.disc_opt, disc, objective)
    means = {
        "disc_loss": loss,
        "disc_prob_real": losses.probability(on_real).mean(),
        "disc_prob_fake": losses.probability(on_fake).mean(),
    }
    return disc, collectives.mean(means) | {"disc_grad_norm": norm}


def update_gen(
    game: Game, gen: Player, disc: Player, fakes: Fakes, labels: jax.Array, key_of: KeyOf
) -> tuple[Player, Metrics]:
    """Updates G through D, which stays as it is, statistics included."""

    def objective(images: jax.Array) -> jax.Array:
        key = key_of(Purpose.DISC_FOR_GEN)
        seen = judge(game, disc.params, disc.stats, images, labels, key)
        return game.loss.gen(seen.logits).mean()

    loss, fake_grad = jax.value_and_grad(objective)(fakes.images)
    (grads,) = fakes.backward(fake_grad)
    gen, norm = apply_gradient(game.gen_opt, gen, grads, fakes.stats)
    return gen, {"gen_loss": collectives.mean(loss), "gen_grad_norm": norm}


def judge(
    game: Game, params: Tree, stats: Tree, images: jax.Array, labels: jax.Array, key: jax.Array
) -> Judged:
    """D's pass over images as augmented; `key` is that of the pass."""

    def forward(images: jax.Array) -> tuple[jax.Array, Tree]:
        numbers = collectives.example_numbers(len(images))
        x = game.augment(keys.per_example(key, numbers), images)
        rngs = {"dropout": key}
        verdict, after = train_pass(game.disc, params, stats=stats, x=x, labels=labels, rngs=rngs)
        return verdict.logits, after

    logits, backward, stats = jax.vjp(forward, images, has_aux=True)
    return Judged(logits, stats, lambda: backward(jnp.ones_like(logits))[0])


def train_pass(
    network: nn.Module, params: Tree, *, stats: Tree, x: jax.Array, labels: jax.Array, rngs=None
) -> tuple[Any, Tree]:
    """The output in training mode, and the running statistics that follow."""
    variables = {"params": params, "batch_stats": stats}
    output, changed = network.apply(
        variables, x, labels, train=True, mutable=["batch_stats"], rngs=rngs
    )
    return output, changed.get("batch_stats", {})


def _descend(
    optimizer: optax.GradientTransformation,
    player: Player,
    objective: Callable[[Tree], tuple[jax.Array, tuple[Tree, Any]]],
) -> tuple[Player, jax.Array, jax.Array, Any]:
    """One update on an objective of the parameters: (player, loss, gradient norm, the rest)."""
    (loss, (stats, rest)), grads = jax.value_and_grad(objective, has_aux=True)(player.params)
    player, norm = apply_gradient(optimizer, player, grads, stats)
    return player, loss, norm, rest


def apply_gradient(
    optimizer: optax.GradientTransformation, player: Player, grads: Tree, stats: Tree
) -> tuple[Player, jax.Array]:
    """The one place where gradients are averaged over devices and applied. Also their norm."""
    grads = collectives.mean(grads)
    updates, opt = optimizer.update(grads, player.opt, player.params)
    params = optax.apply_updates(player.params, updates)
    return Player(params, stats, opt), optax.tree.norm(grads)
