"""A discriminator may judge patches: logits [n, p] count as p equal parts of an example."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax import keys
from gan_jax.config import override
from gan_jax.data import Points
from gan_jax.devices import collectives
from gan_jax.method import Example, Inputs
from gan_jax.methods import GAN, SGD, GameTrain, gan, passes
from gan_jax.methods import game as games
from gan_jax.methods.network_state import NetworkState
from gan_jax.networks import DiscriminatorOutput, MLPDisc, MLPGen, Normal
from gan_jax.objectives.losses import per_example

RULE = SGD(learning_rate=0.1, momentum=0.0)  # Adam would scale rounding up
GEN = MLPGen(features=(4,), norm="none", output="linear")
DISC = MLPDisc(features=(4,), norm="none")
POINTS = GAN(
    data=Points(name="ring"),
    latents=Normal(dimension=2),
    gen=GEN,
    gen_optimizer=RULE,
    disc=DISC,
    disc_optimizer=RULE,
    train=GameTrain(batch_size=6),
)
BATCH = Example(jax.random.normal(jax.random.key(2), (6, 2)))
ROOT = keys.root(0)


class Patches(nn.Module):
    """Three logits for each example, which differ."""

    @nn.compact
    def __call__(self, x, labels, train):
        hidden = jnp.tanh(nn.Dense(5, name="hidden")(x))
        return DiscriminatorOutput(nn.Dense(3, name="logits")(hidden), hidden)


class Repeated(nn.Module):
    """A discriminator that says the same of each of three patches."""

    disc: nn.Module

    def __call__(self, x, labels, train):
        verdict = self.disc(x, labels, train)
        return verdict._replace(logits=jnp.repeat(verdict.logits[:, None], 3, axis=1))


def alone(function, *arguments):
    """`function` of arguments on one device."""
    return jax.jit(collectives.alone(function))(*arguments)


def stepped(game, state):
    return alone(lambda state: gan.step(game, state, BATCH, ROOT), state)


def test_an_examples_value_is_the_mean_of_its_patches():
    np.testing.assert_array_equal(per_example(jnp.array([[1.0, 3], [4, -4]])), [2, 0])
    np.testing.assert_array_equal(per_example(jnp.array([1.0, 3])), [1, 3])


@pytest.mark.parametrize(
    "changes",
    [
        {"penalty.name": "r1_r2", "loss.name": "relativistic_pairing"},
        {"penalty.name": "wgan_gp", "loss.name": "relativistic_average"},
        {"train.gen_top_share": "0.5", "train.disc_update": "in_turn"},
        {"train.disc_update": "concatenated", "loss.name": "hinge"},
    ],
)
def test_patches_that_say_the_same_teach_what_one_logit_does(changes):
    game = games.make(override(POINTS, changes))
    state = gan.init(game, ROOT)
    params = {"disc": state.disc.params}
    patches = game._replace(disc=Repeated(game.disc))
    disc = NetworkState(params, {}, game.disc_opt.init(params))
    one, metrics = stepped(game, state)
    three, of_patches = stepped(patches, state._replace(disc=disc))
    pairs = [
        (one.disc.params, three.disc.params["disc"]),
        (one.gen.params, three.gen.params),
        (metrics, of_patches),
    ]
    for expected, found in pairs:
        for a, b in zip(*map(jax.tree.leaves, (expected, found)), strict=True):
            np.testing.assert_allclose(b, a, rtol=1e-4, atol=1e-6)


def test_what_needs_one_value_an_example_has_the_mean_of_its_patches():
    game = games.make(POINTS)._replace(disc=Patches())
    state = gan.init(game, ROOT)
    logits = game.disc.apply({"params": state.disc.params}, BATCH.x, None, False).logits
    assert logits.shape == (6, 3)
    assert float(logits.std(axis=1).min()) > 0.01
    score = gan.score(game, state, BATCH.x, None)
    np.testing.assert_allclose(score, logits.mean(axis=1), rtol=1e-6)
    inputs = Inputs(jnp.ones((6, 2)))
    values = gan.evaluate(game, state, BATCH, inputs)
    assert {value.shape for value in values.values()} == {(6,)}
    fake = gan.sample(game, state, inputs, averaged=False)["image"]
    on_fake = game.disc.apply({"params": state.disc.params}, fake, None, False).logits
    loss = jax.nn.softplus(-logits) + jax.nn.softplus(on_fake)
    np.testing.assert_allclose(values["d/loss"], loss.mean(axis=1), rtol=1e-5)


def test_the_gradient_of_a_pass_is_that_of_the_mean_over_patches():
    game = games.make(POINTS)._replace(disc=Patches())
    state = gan.init(game, ROOT)
    now = passes.StepContext(
        state.step, state.scalars, lambda purpose: keys.at_step(ROOT, purpose, 0)
    )

    def gradient(x):
        given = state.disc.params, state.disc.stats, x, None, keys.Purpose.DISC_REAL
        return passes.disc_pass(game, now, *given).gradient()

    def mean(x):
        variables = {"params": state.disc.params}
        return game.disc.apply(variables, x, None, True).logits.mean(axis=1).sum()

    np.testing.assert_allclose(alone(gradient, BATCH.x), jax.grad(mean)(BATCH.x), rtol=1e-5)
