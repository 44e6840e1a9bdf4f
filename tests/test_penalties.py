"""Penalties by closed forms, and in a step of the game."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from conftest import tiny_config
from test_adversarial import keys_at_0, on_devices, started, step

from gan_jax import collectives, keys, losses
from gan_jax.config import override
from gan_jax.errors import UserError
from gan_jax.keys import Purpose
from gan_jax.methods import game as games
from gan_jax.penalties import PENALTIES, View

REAL, FAKE = jax.random.normal(jax.random.key(1), (2, 6, 2, 2, 1))


def view(critic, real=REAL, fake=FAKE):
    def gradient(images):
        return lambda: jax.grad(lambda x: critic(x).sum())(images)

    seeds = keys.per_example(keys.root(3), np.arange(len(real)))
    return View(critic, real, fake, gradient(real), gradient(fake), seeds)


def linear(weights):
    return lambda images: images.reshape(len(images), -1) @ weights


@pytest.mark.parametrize("weights", [2 * jnp.ones(4), jnp.array([3.0, 0, 0, -4])])
def test_of_a_linear_critic(weights):
    """R1 is |w|^2 / 2 and WGAN-GP is (|w| - 1)^2, whatever the images and the mix."""
    norm = float(jnp.linalg.norm(weights))
    np.testing.assert_allclose(PENALTIES["r1"](view(linear(weights))), norm**2 / 2, rtol=1e-6)
    gradient_penalty = PENALTIES["wgan_gp"](view(linear(weights)))
    assert gradient_penalty.shape == (6,)
    np.testing.assert_allclose(gradient_penalty, (norm - 1) ** 2, rtol=1e-5)


def test_the_golden_values():
    assert PENALTIES["wgan_gp"](view(linear(2 * jnp.ones(4))))[0] == pytest.approx(9, rel=1e-5)
    assert PENALTIES["r1"](view(linear(2 * jnp.ones(4))))[0] == pytest.approx(8, rel=1e-6)
    np.testing.assert_array_equal(PENALTIES["none"](view(linear(jnp.ones(4)))), np.zeros(6))


def test_r1_of_a_quadratic_critic():
    """D = x A x / 2 has the gradient A x at a real image."""
    a = jnp.array([[2.0, 1, 0, 0], [1, 3, 0, 0], [0, 0, 1, 0], [0, 0, 0, -1]])

    def critic(images):
        x = images.reshape(len(images), 4)
        return ((x @ a) * x).sum(axis=1) / 2

    expected = ((REAL.reshape(6, 4) @ a) ** 2).sum(axis=1) / 2
    np.testing.assert_allclose(PENALTIES["r1"](view(critic)), expected, rtol=1e-5)


def test_wgan_gp_looks_at_points_between_real_and_fake_one_mix_for_each_example():
    """D = |x|^2 / 2 has the norm |x| as its slope, so the penalty tells where it was taken."""
    real, fake = jnp.full((500, 2, 2, 1), 3.0), jnp.full((500, 2, 2, 1), 1.0)

    def critic(images):
        return (images**2).sum(axis=(1, 2, 3)) / 2

    slope = 1 + np.sqrt(PENALTIES["wgan_gp"](view(critic, real, fake)))
    mix = (slope / 2 - 1) / 2  # the norm of a 2x2 image of c is 2 c, and c = 1 + 2 mix
    assert -1e-3 < mix.min() < 0.02
    assert 0.98 < mix.max() < 1 + 1e-3
    assert mix.mean() == pytest.approx(0.5, abs=0.052)  # 4 deviations of 1 / sqrt(12 * 500)


def test_a_critic_without_slope_gives_one_and_finite_derivatives():
    def penalty(weights):
        return PENALTIES["wgan_gp"](view(linear(weights))).mean()

    assert float(penalty(jnp.zeros(4))) == pytest.approx(1, abs=1e-5)
    assert np.isfinite(jax.grad(penalty)(jnp.zeros(4))).all()
    assert np.isfinite(jax.hessian(penalty)(jnp.zeros(4))).all()


@pytest.mark.parametrize("name", ["r1", "wgan_gp"])
def test_examples_are_not_coupled(name):
    def critic(images):
        return jnp.tanh(images.reshape(len(images), 4) @ jnp.arange(4.0)) ** 2

    whole = PENALTIES[name](view(critic))
    other = PENALTIES[name](view(critic, REAL.at[0].add(1.0), FAKE.at[0].add(1.0)))
    assert whole[0] != other[0]
    np.testing.assert_allclose(whole[1:], other[1:], rtol=1e-5)


@pytest.mark.parametrize("name", ["r1", "wgan_gp"])
def test_a_step_descends_what_plain_differentiation_gives(name):
    """D's update with a penalty is that of D written with lax convolutions and nested gradients."""
    changes = {"penalty.name": name, "penalty.weight": "10", "train.disc_update": "joint",
               "disc.norm": "none", "disc.dropout_rate": "0"}  # fmt: skip
    game, state = started(override(tiny_config(), changes))
    after, metrics = step(game, state)

    def critic(params, images):
        x = images
        for layer in ("Conv_0", "Conv_1"):
            kernel, bias = params["body"][layer]["kernel"], params["body"][layer]["bias"]
            layout = ("NHWC", "HWIO", "NHWC")
            x = jax.lax.conv_general_dilated(x, kernel, (2, 2), "SAME", None, None, layout)
            x = jax.nn.leaky_relu(x + bias[None, None, None], 0.2)
        dense = params["logit"]
        return (x.reshape(len(x), -1) @ dense["kernel"] + dense["bias"][None])[:, 0]

    def slope(params, images):
        gradient = jax.grad(lambda x: critic(params, x).sum())(images)
        return jnp.sqrt((gradient.reshape(len(images), -1) ** 2).sum(axis=1))

    def expected(batch, s):
        numbers = collectives.example_numbers(len(batch.images))
        z = game.draw_latents(keys.per_example(keys_at_0(Purpose.LATENT), numbers))
        variables = {"params": s.gen.params, "batch_stats": s.gen.stats}
        fake, _ = game.gen.apply(variables, z, batch.labels, train=True, mutable=["batch_stats"])
        seeds = keys.per_example(keys_at_0(Purpose.PENALTY), numbers)
        mix = jax.vmap(jax.random.uniform)(seeds)[:, None, None, None]
        between = mix * batch.images + (1 - mix) * fake

        def loss(params):
            on_real, on_fake = critic(params, batch.images), critic(params, fake)
            game_loss = 0.9 * jax.nn.softplus(-on_real) + 0.1 * jax.nn.softplus(on_real)
            game_loss += jax.nn.softplus(on_fake)
            if name == "r1":
                penalty = slope(params, batch.images) ** 2 / 2
            else:
                penalty = (slope(params, between) - 1) ** 2
            return game_loss.mean() + 10 * penalty.mean()

        return collectives.mean(jax.value_and_grad(loss)(s.disc.params))

    value, grads = on_devices(expected, 1, state)
    assert float(metrics["disc_loss"]) == pytest.approx(float(value), rel=1e-5)
    moment = jax.tree.map(lambda g: (1 - 0.5) * g, grads)  # Adam's first, after one step
    chex.assert_trees_all_close(optax.tree.get(after.disc.opt, "mu"), moment, rtol=2e-3, atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"penalty.name": "r2"}, r"penalty\.name='r2' is unknown; choose one of none, r1, wgan_gp"),
        ({"penalty.name": "r1"}, r"penalty\.name=r1 looks at real .*set train\.disc_update=joint"),
        (
            {"penalty.name": "wgan_gp", "train.disc_update": "joint"},
            r"penalty\.name=wgan_gp is of each example's .*set disc\.norm=none",
        ),
        (
            {"train.disc_update": "concatenated"},
            r"disc_update=concatenated numbers real and fake .*set disc\.dropout_rate=0",
        ),
    ],
)
def test_what_does_not_go_together_is_refused_with_the_way_out(changes, sentence):
    with pytest.raises(UserError, match=sentence):
        games.make(override(tiny_config(), changes))


def test_a_loss_that_compares_real_with_fake_cannot_be_learnt_in_turn(monkeypatch):
    def pair(real_target, fake_target):
        return losses.Loss(lambda real, fake: fake - real, lambda fake: -fake)

    monkeypatch.setitem(losses.LOSSES, "pair", pair)
    with pytest.raises(UserError, match=r"pair compares real with fake; set .*disc_update=joint"):
        games.make(override(tiny_config(), {"loss.name": "pair"}))
