"""Penalties by closed forms, and in a step of the game."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from conftest import tiny_config
from one_step import keys_at_0, on_devices, started, step

from gan_jax import keys
from gan_jax.config import override
from gan_jax.devices import collectives
from gan_jax.errors import UserError
from gan_jax.keys import Purpose
from gan_jax.methods import game as games
from gan_jax.objectives.penalties import Penalty, View

REAL, FAKE = jax.random.normal(jax.random.key(1), (2, 6, 2, 2, 1))


def view(critic, real=REAL, fake=FAKE):
    def gradient(images):
        return lambda: jax.grad(lambda x: critic(x).sum())(images)

    seeds = keys.per_example(keys.root(3), np.arange(len(real)))
    return View(critic, real, fake, gradient(real), gradient(fake), seeds)


def value(name, seen):
    """A penalty [n] on the one device there is."""
    return collectives.alone(lambda: Penalty.choices[name]().measure(seen))()


def linear(weights):
    return lambda images: images.reshape(len(images), -1) @ weights


SLOPED = ["wgan_gp", "wgan_gp_one_sided", "dragan"]


@pytest.mark.parametrize("weights", [2 * jnp.ones(4), jnp.array([0.1, 0, 0, -0.2])])
def test_of_a_linear_critic(weights):
    """The gradient is w, whatever the images and the mix."""
    norm = float(jnp.linalg.norm(weights))
    expected = {
        "r1": norm**2 / 2,
        "r2": norm**2 / 2,
        "r1_r2": norm**2,
        "wgan_gp": (norm - 1) ** 2,
        "wgan_gp_one_sided": max(0, norm - 1) ** 2,
        "dragan": (norm - 1) ** 2,
    }
    assert set(expected) == set(Penalty.choices) - {"none"}
    for name in expected:
        found = value(name, view(linear(weights)))
        assert found.shape == (6,)
        np.testing.assert_allclose(found, expected[name], rtol=1e-5)


def test_the_golden_values():
    assert value("wgan_gp", view(linear(2 * jnp.ones(4))))[0] == pytest.approx(9, rel=1e-5)
    assert value("r1", view(linear(2 * jnp.ones(4))))[0] == pytest.approx(8, rel=1e-6)


@pytest.mark.parametrize(("name", "images"), [("r1", REAL), ("r2", FAKE)])
def test_of_a_quadratic_critic(name, images):
    """D = x A x / 2 has the gradient A x, at real images for R1 and at fakes for R2."""
    a = jnp.array([[2.0, 1, 0, 0], [1, 3, 0, 0], [0, 0, 1, 0], [0, 0, 0, -1]])

    def critic(images):
        x = images.reshape(len(images), 4)
        return ((x @ a) * x).sum(axis=1) / 2

    expected = ((images.reshape(6, 4) @ a) ** 2).sum(axis=1) / 2
    np.testing.assert_allclose(value(name, view(critic)), expected, rtol=1e-5)


def test_wgan_gp_looks_at_points_between_real_and_fake_one_mix_for_each_example():
    """D = |x|^2 / 2 has the norm |x| as its slope, so the penalty tells where it was taken."""
    real, fake = jnp.full((500, 2, 2, 1), 3.0), jnp.full((500, 2, 2, 1), 1.0)

    def critic(images):
        return (images**2).sum(axis=(1, 2, 3)) / 2

    slope = 1 + np.sqrt(value("wgan_gp", view(critic, real, fake)))
    mix = (slope / 2 - 1) / 2  # the norm of a 2x2 image of c is 2 c, and c = 1 + 2 mix
    assert -1e-3 < mix.min() < 0.02
    assert 0.98 < mix.max() < 1 + 1e-3
    assert mix.mean() == pytest.approx(0.5, abs=0.052)  # 4 deviations of 1 / sqrt(12 * 500)


def test_dragan_looks_around_real_images_by_half_their_deviation():
    """D = |x|^2 / 2, whose slope at a constant image of c is 2 |c|; half of the real images are 3
    and half 1, so the deviation is 1 and points lie within half of it above the image."""
    real = jnp.concatenate([jnp.full((500, 2, 2, 1), 3.0), jnp.full((500, 2, 2, 1), 1.0)])

    def critic(images):
        return (images**2).sum(axis=(1, 2, 3)) / 2

    slope = 1 + np.sqrt(value("dragan", view(critic, real, real)))
    for part, image in ((slope[:500], 3.0), (slope[500:], 1.0)):
        above = part / 2 - image
        assert -1e-4 < above.min() < 0.02
        assert 0.3 < above.max() < 0.5
        # E of mix * noise / 2 is 1 / 8, and the norm of four pixels is a little above their mean
        assert above.mean() == pytest.approx(0.126, abs=0.02)


@pytest.mark.parametrize("devices", [2])
def test_dragan_takes_the_deviation_of_the_global_batch(devices):
    def critic(images):
        return (images**2).sum(axis=(1, 2, 3)) / 2

    whole = view(critic)
    shards = jax.tree.map(lambda x: x.reshape(devices, -1, *x.shape[1:]), (whole.real, whole.keys))

    def shard(real, seeds):
        return Penalty.choices["dragan"]().measure(whole._replace(real=real, keys=seeds))

    split = jax.vmap(shard, axis_name=collectives.AXIS)(*shards)
    np.testing.assert_allclose(split.reshape(-1), value("dragan", whole), rtol=1e-5)


@pytest.mark.parametrize("name", SLOPED)
def test_a_critic_without_slope_gives_finite_derivatives(name):
    def penalty(weights):
        return value(name, view(linear(weights))).mean()

    expected = 0 if name == "wgan_gp_one_sided" else 1
    assert float(penalty(jnp.zeros(4))) == pytest.approx(expected, abs=1e-5)
    assert np.isfinite(jax.grad(penalty)(jnp.zeros(4))).all()
    assert np.isfinite(jax.hessian(penalty)(jnp.zeros(4))).all()


@pytest.mark.parametrize("name", ["r1", "r2", "wgan_gp", "wgan_gp_one_sided"])
def test_examples_are_not_coupled(name):
    def critic(images):
        return jnp.tanh(images.reshape(len(images), 4) @ jnp.arange(4.0)) ** 2

    whole = value(name, view(critic))
    other = value(name, view(critic, REAL.at[0].add(1.0), FAKE.at[0].add(1.0)))
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
        numbers = collectives.example_numbers(len(batch.x))
        z = game.draw_latents(keys.per_example(keys_at_0(Purpose.LATENT), numbers))
        variables = {"params": s.gen.params, "batch_stats": s.gen.stats}
        fake, _ = game.gen.apply(variables, z, batch.label, train=True, mutable=["batch_stats"])
        seeds = keys.per_example(keys_at_0(Purpose.PENALTY), numbers)
        mix = jax.vmap(jax.random.uniform)(seeds)[:, None, None, None]
        between = mix * batch.x + (1 - mix) * fake

        def loss(params):
            on_real, on_fake = critic(params, batch.x), critic(params, fake)
            game_loss = 0.9 * jax.nn.softplus(-on_real) + 0.1 * jax.nn.softplus(on_real)
            game_loss += jax.nn.softplus(on_fake)
            if name == "r1":
                penalty = slope(params, batch.x) ** 2 / 2
            else:
                penalty = (slope(params, between) - 1) ** 2
            return game_loss.mean() + 10 * penalty.mean()

        return collectives.mean(jax.value_and_grad(loss)(s.disc.params))

    value, grads = on_devices(expected, 1, state)
    assert float(metrics["d/loss"]) == pytest.approx(float(value), rel=1e-5)
    moment = jax.tree.map(lambda g: (1 - 0.5) * g, grads)  # Adam's first, after one step
    chex.assert_trees_all_close(optax.tree.get(after.disc.opt, "mu"), moment, rtol=2e-3, atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"penalty.name": "r3"}, r"penalty\.name='r3' is unknown; choose one of none, r1, r2, r1_"),
        ({"penalty.name": "r1"}, r"penalty\.name=r1 looks at real .*set train\.disc_update=joint"),
        *(
            (
                {"penalty.name": name, "train.disc_update": "joint"},
                rf"penalty\.name={name} is of each example's .*set disc\.norm=none",
            )
            for name, choice in Penalty.choices.items()
            if name != "none"
        ),
        (
            {"loss.name": "ebgan"},
            r"loss\.name=ebgan is of energies.*set disc\.name=autoencoder",
        ),
        *(
            (
                {
                    "loss.name": name,
                    "disc.name": "autoencoder",
                    "disc.conditioning": "projection",
                    "data.num_classes": 3,
                },
                rf"loss\.name={name} is of energies.*set disc\.conditioning=embedding",
            )
            for name in ("ebgan", "began")
        ),
        (
            {
                "penalty.name": "dragan",
                "train.disc_update": "joint",
                "disc.norm": "none",
                "disc.minibatch": "stddev",
            },
            r"penalty\.name=dragan is of each example's .*set disc\.minibatch=none",
        ),
        *(
            (
                {"train.disc_update": "concatenated", "disc.dropout_rate": 0, **choice},
                r"concatenated numbers real and fake .*set disc\.dropout_rate=0, disc\.minibatch=",
            )
            for choice in (
                {"disc.dropout_rate": 0.1},
                {"disc.minibatch": "stddev"},
                {"augment.names": "color"},
            )
        ),
    ],
)
def test_what_does_not_go_together_is_refused_with_the_way_out(changes, sentence):
    with pytest.raises(UserError, match=sentence):
        games.make(override(tiny_config(), changes))


def test_r1_may_go_with_the_features_of_the_batch():
    """As in StyleGAN2; penalties of the slope itself may not."""
    changes = {"penalty.name": "r1", "train.disc_update": "joint", "disc.norm": "none"}
    games.make(override(tiny_config(), changes | {"disc.minibatch": "stddev"}))


LAZY = {"penalty.name": "r1", "penalty.weight": "3", "train.disc_update": "joint",
        "disc.norm": "none", "disc.dropout_rate": "0", "disc_optimizer.name": "sgd",
        "disc_optimizer.momentum": "0", "gen.name": "mlp", "disc.name": "mlp"}  # fmt: skip


def test_a_lazy_penalty_comes_every_so_many_steps_and_as_much_heavier():
    """D's first steps, beside those of a game without it and of one four times as heavy."""
    base = tiny_config()
    lazy, state = started(override(base, {**LAZY, "penalty.every_steps": "4"}))
    heavy, _ = started(override(base, {**LAZY, "penalty.weight": "12"}))
    plain = {k: v for k, v in LAZY.items() if not k.startswith("penalty.")}
    none, _ = started(override(base, plain))
    for number, same in ((0, heavy), (1, none), (3, none), (4, heavy)):
        at = state._replace(step=jnp.int32(number))
        (found, seen), (expected, wanted) = step(lazy, at), step(same, at)
        chex.assert_trees_all_close(found.disc.params, expected.disc.params, rtol=1e-5, atol=1e-7)
        assert float(seen["d/loss"]) == pytest.approx(float(wanted["d/loss"]), rel=1e-5)
    assert float(step(heavy, state)[1]["d/loss"]) > float(step(none, state)[1]["d/loss"])


def test_clipped_weights_are_within_the_bound_to_the_bit():
    changes = {"penalty.clip_weights": "0.01", "loss.name": "wasserstein"}
    game, state = started(override(tiny_config(), {**changes, "disc.norm": "none"}))
    assert max(float(jnp.abs(x).max()) for x in jax.tree.leaves(state.disc.params)) > 0.01
    after, _ = step(game, state)
    largest = [float(jnp.abs(x).max()) for x in jax.tree.leaves(after.disc.params)]
    assert max(largest) == float(np.float32(0.01))
    assert max(float(jnp.abs(x).max()) for x in jax.tree.leaves(after.gen.params)) > 0.01
