"""The adversarial game between G and D, composed of a loss, two networks and two optimizers.

One step, in this order: D is updated (on real and fake jointly, or on real and then on fake), then
G, on the latents that D's fakes came from. G's forward pass is computed once, in training mode,
and serves both. Real and fake always pass D apart, so each is normalised by its own statistics;
D's running statistics follow the passes of D's updates, never that of G's.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from gan_jax import collectives, keys, latents, losses, networks
from gan_jax.config import Config
from gan_jax.errors import UserError, choose
from gan_jax.keys import Purpose
from gan_jax.methods import optimizers
from gan_jax.methods.method import Batch, Method, Metrics

Tree = Any
KeyOf = Callable[[Purpose], jax.Array]


METRICS = (
    "disc_loss",
    "gen_loss",
    "disc_prob_real",
    "disc_prob_fake",
    "disc_grad_norm",
    "gen_grad_norm",
)


class Player(NamedTuple):
    """One network in training."""

    params: Tree
    stats: Tree  # running statistics of BatchNorm
    opt: Tree


class Average(NamedTuple):
    """The exponential moving average of G."""

    params: Tree
    stats: Tree


class AdversarialState(NamedTuple):
    step: jax.Array  # int32
    gen: Player
    disc: Player
    ema: Average


class Game(NamedTuple):
    """What stays the same while the two play."""

    gen: nn.Module
    disc: nn.Module
    image_shape: tuple[int, int, int]
    latent_dimension: int
    draw_latents: Callable[[jax.Array], jax.Array]
    loss: losses.Loss
    in_turn: bool
    gen_opt: optax.GradientTransformation
    disc_opt: optax.GradientTransformation
    ema_decay: float


def make(config: Config) -> Method:
    """The method for `config`. Raises `UserError` for parts that are unknown or do not fit."""
    game = make_game(config)
    return Method(
        init=partial(init, game),
        metrics=METRICS,
        step=partial(step, game),
        sample=partial(sample, game),
        evaluate=partial(evaluate, game),
    )


def make_game(config: Config) -> Game:
    """The parts that `config` names. Raises `UserError` as `make` does."""
    make_loss = choose(losses.LOSSES, "loss.name", config.loss.name)
    loss = make_loss(config.loss.real_target, config.loss.fake_target)
    in_turn = config.train.disc_update == "in_turn"
    if in_turn and loss.disc_terms is None:
        raise UserError(
            f"train.disc_update=in_turn needs a loss with separate terms, and {config.loss.name} "
            "compares real with fake; set train.disc_update=joint."
        )
    return Game(
        gen=networks.generator(config),
        disc=networks.discriminator(config),
        image_shape=(config.data.height, config.data.width, config.data.channels),
        latent_dimension=config.latents.dimension,
        draw_latents=latents.sampler(config.latents),
        loss=loss,
        in_turn=in_turn,
        gen_opt=optimizers.make(config.gen.optimizer, "gen.optimizer"),
        disc_opt=optimizers.make(config.disc.optimizer, "disc.optimizer"),
        ema_decay=ema_decay(config.train.batch_size, config.train.ema_half_life_images),
    )


def ema_decay(batch_size: int, half_life_images: float) -> float:
    """The decay per step after which half of the weight is `half_life_images` images old.

    0.5 ** (batch_size / half_life_images), as StyleGAN2-ADA has it (arXiv 2006.06676); a half-life
    of 0 keeps no average.
    """
    return 0.5 ** (batch_size / half_life_images) if half_life_images else 0.0


def init(game: Game, key: jax.Array) -> AdversarialState:
    """The state before the first step; the average starts as G itself."""
    gen_key, disc_key = jax.random.split(keys.stream(key, Purpose.INIT))
    z = jnp.zeros((1, game.latent_dimension), jnp.float32)
    images = jnp.zeros((1, *game.image_shape), jnp.float32)
    gen_params, gen_stats = _split(game.gen.init(gen_key, z, train=True))
    disc_params, disc_stats = _split(game.disc.init(disc_key, images, train=True))
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

    numbers = collectives.example_numbers(batch.images.shape[0])
    z = game.draw_latents(keys.per_example(key_of(Purpose.LATENT), numbers))
    forward = partial(_train_pass, game.gen, stats=state.gen.stats, x=z)
    fake, gen_backward, gen_stats = jax.vjp(forward, state.gen.params, has_aux=True)

    disc, disc_metrics = update_disc(game, state.disc, batch.images, fake, key_of)
    gen, gen_metrics = update_gen(game, state.gen, disc, fake, gen_backward, gen_stats, key_of)
    ema = optax.incremental_update((gen.params, gen.stats), tuple(state.ema), 1 - game.ema_decay)
    after = AdversarialState(state.step + 1, gen, disc, Average(*ema))
    return after, disc_metrics | gen_metrics


def update_disc(
    game: Game, disc: Player, real: jax.Array, fake: jax.Array, key_of: KeyOf
) -> tuple[Player, Metrics]:
    """Updates D on real and fake images [n, h, w, c]: once jointly, or on one after the other."""

    def on(images: jax.Array, purpose: Purpose, params: Tree, stats: Tree):
        key = key_of(purpose)
        return _train_pass(game.disc, params, stats=stats, x=images, rngs={"dropout": key})

    def joint(params: Tree):
        on_real, stats = on(real, Purpose.DISC_REAL, params, disc.stats)
        on_fake, stats = on(fake, Purpose.DISC_FAKE, params, stats)
        return game.loss.disc(on_real, on_fake).mean(), (stats, (on_real, on_fake))

    def turn(images: jax.Array, purpose: Purpose, term: losses.Term, player: Player):
        def objective(params: Tree):
            logits, stats = on(images, purpose, params, player.stats)
            return term(logits).mean(), (stats, logits)

        return _descend(game.disc_opt, player, objective)

    if game.in_turn and game.loss.disc_terms:
        real_term, fake_term = game.loss.disc_terms
        disc, real_loss, real_norm, on_real = turn(real, Purpose.DISC_REAL, real_term, disc)
        disc, fake_loss, fake_norm, on_fake = turn(fake, Purpose.DISC_FAKE, fake_term, disc)
        loss, norm = real_loss + fake_loss, (real_norm + fake_norm) / 2
    else:
        disc, loss, norm, (on_real, on_fake) = _descend(game.disc_opt, disc, joint)
    means = {
        "disc_loss": loss,
        "disc_prob_real": losses.probability(on_real).mean(),
        "disc_prob_fake": losses.probability(on_fake).mean(),
    }
    return disc, collectives.mean(means) | {"disc_grad_norm": norm}


def update_gen(
    game: Game,
    gen: Player,
    disc: Player,
    fake: jax.Array,
    gen_backward: Callable[[jax.Array], tuple[Tree]],
    gen_stats: Tree,
    key_of: KeyOf,
) -> tuple[Player, Metrics]:
    """Updates G through D on the fakes [n, h, w, c] whose backward pass is `gen_backward`."""

    def objective(images: jax.Array) -> jax.Array:
        rngs = {"dropout": key_of(Purpose.DISC_FOR_GEN)}
        logits, _ = _train_pass(game.disc, disc.params, stats=disc.stats, x=images, rngs=rngs)
        return game.loss.gen(logits).mean()

    loss, fake_grad = jax.value_and_grad(objective)(fake)
    (grads,) = gen_backward(fake_grad)
    gen, norm = _apply_gradient(game.gen_opt, gen, grads, gen_stats)
    return gen, {"gen_loss": collectives.mean(loss), "gen_grad_norm": norm}


def sample(
    game: Game, state: AdversarialState, z: jax.Array, averaged: jax.Array | bool
) -> jax.Array:
    """Images [n, h, w, c] in [-1, 1] from latents [n, d], in inference mode."""
    raw = Average(state.gen.params, state.gen.stats)
    weights = jax.tree.map(partial(jnp.where, averaged), state.ema, raw)
    return _infer(game.gen, weights, z)


def evaluate(
    game: Game, state: AdversarialState, batch: Batch, z: jax.Array
) -> dict[str, jax.Array]:
    """Losses and logits [n] on real images and on the raw G's samples, in inference mode."""
    on_real = _infer(game.disc, state.disc, batch.images)
    on_fake = _infer(game.disc, state.disc, sample(game, state, z, averaged=False))
    return {
        "disc_loss": game.loss.disc(on_real, on_fake),
        "gen_loss": game.loss.gen(on_fake),
        "disc_logit_real": on_real,
        "disc_logit_fake": on_fake,
    }


def _split(variables: Any) -> tuple[Tree, Tree]:
    return variables["params"], variables.get("batch_stats", {})


def _infer(network: nn.Module, weights: Player | Average, x: jax.Array) -> Any:
    variables = {"params": weights.params, "batch_stats": weights.stats}
    return network.apply(variables, x, train=False)


def _train_pass(
    network: nn.Module, params: Tree, *, stats: Tree, x: jax.Array, rngs: Any = None
) -> tuple[jax.Array, Tree]:
    """The output in training mode, and the running statistics that follow."""
    variables = {"params": params, "batch_stats": stats}
    output, changed = network.apply(variables, x, train=True, mutable=["batch_stats"], rngs=rngs)
    return output, changed.get("batch_stats", {})


def _descend(
    optimizer: optax.GradientTransformation,
    player: Player,
    objective: Callable[[Tree], tuple[jax.Array, tuple[Tree, Any]]],
) -> tuple[Player, jax.Array, jax.Array, Any]:
    """One update on an objective of the parameters: (player, loss, gradient norm, the rest)."""
    (loss, (stats, rest)), grads = jax.value_and_grad(objective, has_aux=True)(player.params)
    player, norm = _apply_gradient(optimizer, player, grads, stats)
    return player, loss, norm, rest


def _apply_gradient(
    optimizer: optax.GradientTransformation, player: Player, grads: Tree, stats: Tree
) -> tuple[Player, jax.Array]:
    """The one place where gradients are averaged over devices and applied. Also their norm."""
    grads = collectives.mean(grads)
    updates, opt = optimizer.update(grads, player.opt, player.params)
    params = optax.apply_updates(player.params, updates)
    return Player(params, stats, opt), optax.tree.norm(grads)
