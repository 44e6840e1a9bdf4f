"""What a step of the game is made of: the passes of G and D, and what each of them minimises."""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from gan_jax import keys
from gan_jax.devices import collectives
from gan_jax.keys import Purpose
from gan_jax.method import Condition, Inputs, Metrics, num_examples
from gan_jax.methods import augmenting, parts
from gan_jax.methods.game import Game
from gan_jax.methods.network_state import NetworkState, Tree, apply_gradient, train_pass
from gan_jax.networks import DiscriminatorOutput
from gan_jax.objectives import losses, penalties
from gan_jax.objectives.losses import Separable, per_example


class Scalars(NamedTuple):
    """Scalars of the loss and of the augmentation, updated once a step: part of the state."""

    loss: losses.LossState
    augmenting: augmenting.State


class StepContext(NamedTuple):
    """What changes from update to update."""

    step: jax.Array
    scalars: Scalars
    key_of: Callable[[Purpose], jax.Array]

    @classmethod
    def of(
        cls, step: jax.Array, scalars: Scalars, key: jax.Array, number: jax.Array
    ) -> "StepContext":
        """That of the update of a number, int32, which has keys of its own below `key`."""
        return cls(step, scalars, lambda purpose: keys.at_step(key, purpose, number))

    def example_keys(self, purpose: Purpose, count: int) -> jax.Array:
        """A key [count] for each of this device's examples, by its number in the global batch."""
        return keys.per_example(self.key_of(purpose), collectives.example_numbers(count))


class Fakes(NamedTuple):
    """G's forward pass in training mode, kept for the backward pass of its update."""

    images: Any  # [n, ...] in the model's range, or a tree of several
    backward: Callable[[Any], tuple[Tree]]  # a gradient by the images to one by G's params
    stats: Tree


class DiscPass(NamedTuple):
    """A pass of D over images in training mode."""

    logits: jax.Array  # [n], or [n, p] of patches
    output: DiscriminatorOutput
    stats: Tree
    gradient: Callable[[], jax.Array]  # of each example's logit by its x, out of the same pass


class LogitMeans(NamedTuple):
    """Means of D's logits in an update, over the global batch: what the scalars follow."""

    real: jax.Array
    fake: jax.Array
    sign_real: jax.Array  # of the signs


def first_scalars(game: Game) -> Scalars:
    """Those before the first step."""
    starts = game.loss.start(), dict(game.augmenting.start)
    return Scalars(*({name: jnp.float32(start[name]) for name in start} for start in starts))


def follow(
    game: Game, scalars: Scalars, means: LogitMeans, step: jax.Array
) -> tuple[Scalars, Metrics]:
    """The scalars after a step of these mean logits, scalars too; and what to report of them."""
    loss, of_loss = game.loss.update(scalars.loss, means.real, means.fake)
    own, of_own = game.augmenting.update(scalars.augmenting, means.sign_real, step)
    return Scalars(loss, own), of_loss | of_own


def make_fakes(game: Game, context: StepContext, gen: NetworkState, inputs: Inputs) -> Fakes:
    """G's images [n, ...] of the inputs."""
    rngs = {"dropout": context.key_of(Purpose.GEN_DROPOUT)}
    count = game.gen_parts(num_examples(inputs))

    def forward(params: Tree) -> tuple[Any, Tree]:
        def of(inputs: Inputs) -> tuple[Any, Tree]:
            fields = {"x": inputs.latents, "condition": inputs.condition, "rngs": rngs}
            return train_pass(game.gen, params, stats=gen.stats, **fields)

        return parts.passed(of, count, inputs)

    return Fakes(*jax.vjp(forward, gen.params, has_aux=True))


def disc_pass(
    game: Game,
    context: StepContext,
    params: Tree,
    stats: Tree,
    images: jax.Array,
    condition: Condition,
    purpose: Purpose,
) -> DiscPass:
    """D's pass over images [n, ...] as augmented, then under noise; `purpose` is that of the
    pass."""
    key = context.key_of(purpose)
    probability = game.augmenting.probability(context.scalars.augmenting, context.step)

    def forward(images: jax.Array) -> tuple[jax.Array, tuple[DiscriminatorOutput, Tree]]:
        numbers = collectives.example_numbers(len(images))
        each = keys.per_example(key, numbers)
        x = game.augment(each, images, probability)
        if game.instance_noise is not None:
            x += game.instance_noise(context.step) * _noise(each, x)
        rngs = {"dropout": key}
        output, after = train_pass(
            game.disc, params, stats=stats, x=x, condition=condition, rngs=rngs
        )
        return output.logits, (output, after)

    logits, backward, (output, stats) = jax.vjp(forward, images, has_aux=True)
    share = len(logits) / logits.size  # an example's logit is the mean of its patches'
    return DiscPass(logits, output, stats, lambda: backward(jnp.full_like(logits, share))[0])


def _noise(example_keys: jax.Array, images: jax.Array) -> jax.Array:
    """N(0, 1) of the shape of images [n, ...], each by its own key."""

    def one(key: jax.Array) -> jax.Array:
        key = jax.random.fold_in(key, Purpose.INSTANCE_NOISE)  # augmentations fold in small numbers
        return jax.random.normal(key, images.shape[1:], images.dtype)

    return jax.vmap(one)(example_keys)


def disc_loss(game: Game, context: StepContext, real: jax.Array, fake: jax.Array) -> jax.Array:
    """The mean of D's loss, a scalar, of logits [n] or [n, p] of real and of fake examples, some of
    which may count as the other kind."""
    if game.label_flips is None:
        return game.loss.disc(real, fake, context.scalars.loss).mean()
    on_real, on_fake = disc_terms(game, context)
    return (on_real(real) + on_fake(fake)).mean()


Term = Callable[[jax.Array], jax.Array]
"""Logits [n] or [n, p] to D's loss of each."""


def disc_terms(game: Game, context: StepContext) -> tuple[Term, Term]:
    """The terms of real and of fake logits [n, ...] in D's loss, where some examples count as the
    other kind."""
    assert isinstance(game.loss, Separable)
    terms = game.loss.disc_real, game.loss.disc_fake
    if game.label_flips is None:
        return terms

    def flipped(right: Term, wrong: Term, share: float, kind: int) -> Term:
        def term(logits: jax.Array) -> jax.Array:
            each = context.example_keys(Purpose.LABEL_FLIPS, len(logits))
            own = jax.vmap(lambda key: jax.random.fold_in(key, kind))(each)
            flips = jax.vmap(lambda key: jax.random.bernoulli(key, share))(own)
            flips = flips.reshape(-1, *[1] * (logits.ndim - 1))
            return jnp.where(flips, wrong(logits), right(logits))

        return term

    of_real, of_fake = game.label_flips
    return flipped(*terms, of_real, 0), flipped(*terms[::-1], of_fake, 1)


def auxiliary_terms(
    game: Game,
    on_real: DiscriminatorOutput,
    on_fake: DiscriminatorOutput,
    inputs: Inputs,
    of_fake: Inputs,
) -> jax.Array:
    """What D's loss on real and fake has added by the auxiliary term, a scalar; the inputs are
    those beside the real images, and those of the fakes."""
    term = game.auxiliary
    added = term.on_real(on_real, inputs, game.latents)
    return added + term.on_fake(on_fake, of_fake, game.latents)


def penalty_term(
    game: Game,
    context: StepContext,
    critic: Callable[[jax.Array], DiscPass],
    real: tuple[jax.Array, DiscPass],
    fake: tuple[jax.Array, DiscPass],
) -> jax.Array | float:
    """What D's loss has added by the penalty, a scalar; 0 without one. `critic` is a pass of its
    own, for penalties at other points than real and fake, which come with their passes."""
    if game.penalty is None:
        return 0.0
    view = penalties.View(
        critic=lambda x: per_example(critic(x).logits),
        real=real[0],
        fake=fake[0],
        real_gradient=real[1].gradient,
        fake_gradient=fake[1].gradient,
        keys=context.example_keys(Purpose.PENALTY, len(real[0])),
    )
    return game.penalty(view, context.step)


def gen_value(
    game: Game,
    context: StepContext,
    on_real: DiscriminatorOutput | None,
    on_fake: DiscriminatorOutput,
    inputs: Inputs,
    images: tuple[jax.Array, jax.Array],
) -> tuple[jax.Array, Metrics]:
    """What G minimises, a scalar, from D's outputs on real and fake and the `images` of both [n,
    ...], which content terms compare in pairs; also what to report.

    D's outputs on real are there where the loss or the auxiliary term compares fakes with them.
    """
    real_logits = on_fake.logits if on_real is None else on_real.logits
    each = per_example(game.loss.gen(real_logits, on_fake.logits))
    each *= top_weights(game, context, per_example(on_fake.logits))
    value, reports = game.auxiliary.gen(on_real, on_fake, inputs, game.latents)
    value += game.loss.gen_weight * each.mean()
    if game.content.is_there:
        real, fake = images
        content, of_content = game.content(fake, real, game.source)
        reports |= of_content | {"g/adversarial": value}
        value += content
    return value, reports


def top_weights(game: Game, context: StepContext, logits: jax.Array) -> jax.Array | float:
    """The weights of fakes in G's update, of mean 1 in the global batch: equal for those that D's
    logits [n] call the most real, and 0 for the rest (Sinha et al. 2020, arXiv 2002.06224, section
    3)."""
    if game.gen_top_share is None:
        return 1.0
    everyone = collectives.total(len(logits))
    kept = jnp.maximum(1.0, jnp.round(game.gen_top_share(context.step) * everyone))
    return jnp.where(collectives.ranks(logits) < kept, everyone / kept, 0.0)


def descend_disc(
    game: Game, disc: NetworkState, objective: Callable, examples: Any, count: int = 1
) -> tuple[NetworkState, jax.Array, jax.Array, Any]:
    """One update of D, whose weights are then projected, on an objective of its parameters and of
    examples, arrays [n, ...], in `count` parts: D, the loss and the norm of the gradient, scalars,
    and the rest."""
    (loss, (stats, rest)), grads = parts.gradient(objective, disc.params, count, examples)
    disc, norm = apply_gradient(game.disc_opt, disc, grads, stats)
    return disc._replace(params=game.project(disc.params)), loss, norm, rest


def descend_gen(
    game: Game,
    gen: NetworkState,
    fakes: Fakes,
    objective: Callable,
    beside: tuple = (),
    count: int = 1,
) -> tuple[NetworkState, Metrics]:
    """One update of G on an objective of its images [n, ...] and of what stands beside them, in
    `count` parts: G, and what it measured."""
    found = parts.image_gradient(objective, count, fakes.images, *beside)
    (loss, reports), fake_grad = found
    (grads,) = fakes.backward(fake_grad)
    gen, norm = apply_gradient(game.gen_opt, gen, grads, fakes.stats)
    return gen, collectives.mean({"g/loss": loss} | reports) | {"g/grad_norm": norm}


def measured_of_disc(
    game: Game, loss: jax.Array, norm: jax.Array, logits: tuple[jax.Array, jax.Array]
) -> tuple[Metrics, LogitMeans]:
    """What an update of D measured, from its loss, gradient norm and logits [n] of real and fake.

    Logits are reported as probabilities where the loss makes them such.
    """
    real, fake = logits
    means = LogitMeans(real.mean(), fake.mean(), jnp.sign(real).mean())
    values = {"d/loss": loss}
    if game.loss.on_probabilities:
        values["d/prob_real"] = losses.probability(real).mean()
        values["d/prob_fake"] = losses.probability(fake).mean()
    else:
        values |= {"d/logit_real": means.real, "d/logit_fake": means.fake}
    values, means = collectives.mean((values, means))
    return values | {"d/grad_norm": norm}, means
