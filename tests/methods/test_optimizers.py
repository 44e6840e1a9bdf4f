"""Optimizers: what comes before their rule, and how their rates fall, by hand."""

import dataclasses

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from conftest import tiny_config

from gan_jax import keys, methods
from gan_jax.config import digest, override
from gan_jax.data import Points
from gan_jax.methods import GAN, SGD, Adam, Train, optimizers, variation
from gan_jax.networks import MLPDisc, MLPGen, Normal

PLAIN = SGD(learning_rate=0.1, momentum=0.0)
POINTS = GAN(
    data=Points(name="ring"),
    latents=Normal(dimension=2),
    gen=MLPGen(features=(4,), norm="none", output="linear"),
    disc=MLPDisc(features=(4,), norm="none"),
)
PARAMS = {"a": jnp.array([1.0, -2.0]), "b": jnp.array([4.0])}
GRADS = {"a": jnp.array([0.5, 0.0]), "b": jnp.array([-1.0])}


def moved(settings, count=1, train=None, updates_per_step=1):
    """What each of `count` updates with the same gradient adds to PARAMS."""
    optimizer = optimizers.make(settings, "gen_optimizer", train or Train(), updates_per_step)
    state, moves = optimizer.init(PARAMS), []
    for _ in range(count):
        move, state = optimizer.update(GRADS, state, PARAMS)
        moves.append(np.concatenate([move["a"], move["b"]]))
    return np.array(moves)


def test_weight_decay_is_added_to_the_gradient():
    decayed = dataclasses.replace(PLAIN, weight_decay=0.25)
    # 0.5 + 0.25 * 1, 0 - 0.25 * 2, -1 + 0.25 * 4
    np.testing.assert_allclose(moved(decayed), [[-0.075, 0.05, 0.0]], rtol=1e-6)


def test_weight_decay_of_adam_is_that_of_the_loss_and_not_decoupled():
    """The first update of Adam is the sign of the gradient, decay included; AdamW's is more."""
    rate = Adam(learning_rate=0.1, epsilon=1e-12, weight_decay=0.1)
    np.testing.assert_allclose(moved(rate), [[-0.1, 0.1, 0.1]], rtol=1e-5)


def test_adam_with_weight_decay_is_that_of_pytorch():
    torch = pytest.importorskip("torch")
    weights = torch.nn.Parameter(torch.tensor([1.0, -2.0, 4.0]))
    theirs = torch.optim.Adam([weights], lr=0.1, betas=(0.5, 0.999), weight_decay=0.3)
    ours = optimizers.make(Adam(learning_rate=0.1, weight_decay=0.3), "gen_optimizer", Train())
    params = jnp.array([1.0, -2.0, 4.0])
    state = ours.init(params)
    for gradient in ([0.5, 0.0, -1.0], [0.1, -0.3, 2.0]):
        weights.grad = torch.tensor(gradient)
        theirs.step()
        updates, state = ours.update(jnp.array(gradient), state, params)
        params = optax.apply_updates(params, updates)
    np.testing.assert_allclose(params, weights.detach().numpy(), rtol=1e-5)


@pytest.mark.parametrize(("bound", "factor"), [(1.0, 1 / np.sqrt(1.25)), (2.0, 1.0), (0.0, 1.0)])
def test_the_gradient_is_clipped_by_its_global_norm(bound, factor):
    """Its norm is sqrt(0.5^2 + 1)."""
    clipped = dataclasses.replace(PLAIN, clip_norm=bound)
    np.testing.assert_allclose(moved(clipped), [[-0.05 * factor, 0, 0.1 * factor]], rtol=1e-6)


def test_what_is_clipped_has_the_weight_decay_in_it():
    """0.75, -0.5 and 0 have the norm sqrt(0.8125)."""
    both = dataclasses.replace(PLAIN, weight_decay=0.25, clip_norm=0.5)
    expected = np.array([[-0.075, 0.05, 0.0]]) * 0.5 / np.sqrt(0.8125)
    np.testing.assert_allclose(moved(both), expected, rtol=1e-6)


@pytest.mark.parametrize("updates_per_step", [1, 2])
def test_the_rate_is_halved_every_so_many_steps(updates_per_step):
    halving = dataclasses.replace(PLAIN, halve_every_steps=2)
    found = moved(halving, 6 * updates_per_step, updates_per_step=updates_per_step)
    steps = np.repeat([1, 1, 0.5, 0.5, 0.25, 0.25], updates_per_step)
    np.testing.assert_allclose(found[:, 2], 0.1 * steps, rtol=1e-6)


def test_the_rate_stays_and_then_falls_to_0():
    """Two steps of 10 images, then four on the way, and 0 for good."""
    train = Train(
        batch_size=10, schedule="linear", schedule_images=40.0, schedule_after_images=20.0
    )
    falling = dataclasses.replace(PLAIN, final_learning_rate=0.0)
    found = moved(falling, 8, train)[:, 2]
    np.testing.assert_allclose(found, [0.1, 0.1, 0.1, 0.075, 0.05, 0.025, 0, 0], atol=1e-7)


def test_by_default_nothing_comes_before_the_rule():
    plain, same = optimizers.make(Adam(), "gen_optimizer", Train()), Adam().rule(2e-4, 0.999)
    assert plain.update.__code__ is same.update.__code__
    assert digest(tiny_config()) == "d3575853"


def test_the_state_is_that_of_the_rule_so_that_a_run_with_them_opens_like_one_without():
    config = Adam(weight_decay=0.1, clip_norm=1.0)
    found, plain = (optimizers.make(c, "gen_optimizer", Train()) for c in (config, Adam()))
    assert jax.tree.structure(found.init(PARAMS)) == jax.tree.structure(plain.init(PARAMS))


def test_settings_of_one_program_may_differ_in_them():
    fields = ("gen_optimizer.weight_decay", "disc_optimizer.clip_norm")
    settings = {"varied.fields": fields, "varied.values": (0.0, 1.0, 0.1, 0.0)}
    assert variation.changing(override(POINTS, settings)) == []

    def move(decay, bound):
        section = dataclasses.replace(PLAIN, weight_decay=decay, clip_norm=bound)
        optimizer = optimizers.make(section, "gen_optimizer", Train())
        return optimizer.update(GRADS, optimizer.init(PARAMS), PARAMS)[0]["b"]

    found = jax.vmap(move)(jnp.array([0.0, 0.25, 0.0]), jnp.array([0.0, 0.0, 1.0]))
    np.testing.assert_allclose(found[:, 0], [0.1, 0, 0.1 / np.sqrt(1.25)], atol=1e-7)


def test_parameters_are_drawn_to_the_mean_of_all_that_they_were():
    """By hand, of f = 0 and a weight of 0.25: 2 * 0.25 * (theta - mean). The parameters move by
    something else, as a projection does."""
    section = SGD(learning_rate=1.0, momentum=0.0, historical_averaging=0.25)
    optimizer = optimizers.make(section, "gen_optimizer", Train())
    params = [np.float32([1.0, -2.0]), np.float32([4.0, 0.0]), np.float32([1.0, 8.0])]
    state, moves = optimizer.init(params[0]), []
    for now in params:
        move, state = optimizer.update(jnp.zeros(2), state, jnp.array(now))
        moves.append(move)
    means = [params[0], np.mean(params[:2], axis=0), np.mean(params, axis=0)]
    np.testing.assert_allclose(moves, -0.5 * (np.array(params) - means), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(state.mean, [2.0, 2.0], rtol=1e-6)


def test_the_gradient_of_historical_averaging_is_that_of_its_term_beside_others():
    section = SGD(
        learning_rate=1.0, momentum=0.0, historical_averaging=0.3, weight_decay=0.2, clip_norm=0.5
    )
    optimizer = optimizers.make(section, "gen_optimizer", Train())
    _, state = optimizer.update(GRADS, optimizer.init(PARAMS), PARAMS)
    now = {"a": jnp.array([2.0, 1.0]), "b": jnp.array([-1.0])}
    mean = jax.tree.map(lambda *two: sum(two) / 2, PARAMS, now)

    def term(params):
        gaps = jax.tree.map(lambda p, m: 0.3 * ((p - m) ** 2).sum(), params, mean)
        decay = jax.tree.map(lambda p: 0.1 * (p**2).sum(), params)
        return sum(jax.tree.leaves((gaps, decay)))

    grads = jax.tree.map(jnp.add, GRADS, jax.grad(term)(now))
    expected = jax.tree.map(lambda g: -0.5 * g / optax.tree.norm(grads), grads)
    move, _ = optimizer.update(GRADS, state, now)
    chex.assert_trees_all_close(move, expected, rtol=1e-5)


def test_the_mean_is_part_of_the_state_of_both_networks_and_so_of_checkpoints():
    """One setting of a program cannot have it and another not."""
    section = dataclasses.replace(PLAIN, historical_averaging=0.1)
    config = dataclasses.replace(POINTS, gen_optimizer=section, disc_optimizer=section)
    state = jax.eval_shape(methods.make(config).init, keys.root(0))
    for network in (state.gen, state.disc):
        shapes = (
            jax.tree.map(lambda leaf: leaf.shape, t) for t in (network.opt.mean, network.params)
        )
        assert next(shapes) == next(shapes)
    fields = {"varied.fields": ("gen_optimizer.historical_averaging",), "varied.values": (0.1, 0.2)}
    assert variation.changing(override(POINTS, fields)) == ["gen_optimizer.historical_averaging"]
