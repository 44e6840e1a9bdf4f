"""Several updates of D in a step: fresh examples and latents for each, and exact counts."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from conftest import tiny_config
from one_step import IMAGES, count, keys_at_0, on_devices, started, step

from gan_jax import keys
from gan_jax.config import override
from gan_jax.devices import collectives
from gan_jax.keys import Purpose
from gan_jax.method import Inputs
from gan_jax.methods import passes, turns

CHANGES = {"train.disc_updates": "2", "train.disc_update": "joint", "disc.dropout_rate": "0",
           "data.flip": "horizontal"}  # fmt: skip
CONFIG = override(tiny_config(), CHANGES)
OTHERS = (Purpose.DISC_REAL, Purpose.DISC_FAKE)


@pytest.mark.parametrize("way", ["joint", "in_turn"])
def test_counts_are_exact(way):
    game, state = started(override(CONFIG, {"train.disc_update": way}))
    for number in (1, 2):
        state, _ = step(game, state)
        assert int(state.step) == count(state.gen) == number
        assert count(state.disc) == number * (4 if way == "in_turn" else 2)


def by_hand(batch, s, game, first):
    """D after two updates by `update_disc`: even examples of the batch, then odd ones."""
    numbers = collectives.example_numbers(4)
    disc, metrics = s.disc, []
    for update in (0, 1):
        number = first + update

        def key_of(purpose, number=number):
            return keys.at_step(keys.root(0), purpose, number)

        real = batch.x[update::2]
        mirrored = jax.vmap(jax.random.bernoulli)(keys.per_example(key_of(Purpose.FLIP), numbers))
        real = jnp.where(mirrored[:, None, None, None], real[:, :, ::-1], real)
        z = game.draw_latents(keys.per_example(key_of(Purpose.LATENT), numbers))
        inputs = Inputs(z, batch.label[update::2])
        now = passes.StepContext(s.step, s.scalars, key_of)
        fakes = passes.make_fakes(game, now, s.gen, inputs)
        disc, measured, _ = turns.update_disc(game, now, disc, real, fakes.images, inputs)
        metrics.append(measured["d/loss"])
    return disc, fakes.stats, sum(metrics) / 2


@pytest.mark.parametrize("number", [0, 3])
def test_each_update_has_its_own_examples_and_latents(number):
    """Also that G's statistics follow one pass, of the last fakes."""
    game, state = started(CONFIG)
    state = state._replace(step=jnp.int32(number))
    after, metrics = step(game, state)

    def two(batch, s):
        return by_hand(batch, s, game, 2 * number)

    disc, stats, loss = on_devices(two, 1, state)
    chex.assert_trees_all_close(after.disc, disc, rtol=1e-4, atol=1e-6)
    chex.assert_trees_all_close(after.gen.stats, stats, rtol=1e-5)
    assert float(metrics["d/loss"]) == pytest.approx(float(loss), rel=1e-5)


def test_devices_share_each_update():
    game, state = started(override(CONFIG, {"disc_optimizer.name": "sgd", "disc.norm": "none"}))
    one, many = step(game, state), step(game, state, devices=2)
    chex.assert_trees_all_close(one[0].disc, many[0].disc, rtol=1e-4, atol=1e-5)
    chex.assert_trees_all_close(one[1], many[1], rtol=1e-4, atol=1e-5)


def test_the_state_after_an_update_of_gen_has_the_disc_of_its_own_updates_alone():
    """G that never moves leaves the same D."""
    import optax

    game, state = started(CONFIG)
    still = game._replace(gen_opt=optax.set_to_zero())
    frozen = state._replace(gen=state.gen._replace(opt=still.gen_opt.init(state.gen.params)))
    after, frozen_after = step(game, state)[0], step(still, frozen)[0]
    chex.assert_trees_all_close(after.disc, frozen_after.disc, rtol=1e-5, atol=1e-8)
    chex.assert_trees_all_equal(frozen_after.gen.params, state.gen.params)


def test_latents_of_a_single_update_are_those_of_the_step():
    """So that games of one update are what they were before there were several."""
    assert IMAGES.shape[0] == 8
    key = keys.at_step(keys.root(0), Purpose.LATENT, 0)
    np.testing.assert_array_equal(
        jax.random.key_data(key), jax.random.key_data(keys_at_0(Purpose.LATENT))
    )
