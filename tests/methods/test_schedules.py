"""Values that change while a run trains: their way, and where they act."""

import dataclasses
import math

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from conftest import tiny_config

from gan_jax.config import override
from gan_jax.errors import UserError
from gan_jax.methods import SGD, Adam, Train, average, optimizers, regularisers, schedules
from gan_jax.methods.average import Average
from gan_jax.methods.network_state import NetworkState
from gan_jax.objectives.penalties import View

TRAIN = Train(batch_size=10, schedule="cosine", schedule_images=1_000.0)


@pytest.mark.parametrize(
    ("form", "values"),
    [
        ("linear", {0: 2, 25: 3, 50: 4, 100: 6, 1000: 6}),
        ("cosine", {0: 2, 25: 4 - 4 / math.sqrt(8), 50: 4, 100: 6, 1000: 6}),
    ],
)
def test_the_way_from_start_to_end(form, values):
    """100 steps of 10 images; R3GAN's formula gives the same: b + (1 - d) (f - b) with
    d = (1 + cos(pi t)) / 2."""
    train = override(tiny_config(), {"train.schedule": form, "train.batch_size": 10,
                                     "train.schedule_images": 1000}).train  # fmt: skip
    at = schedules.make(train, 2.0, 6.0, "field")
    for step, value in values.items():
        assert float(at(jnp.int32(step))) == pytest.approx(value, rel=1e-6)


def test_one_that_does_not_wait_is_the_program_that_it_was_before_any_could():
    """So that runs keep their bits."""
    waiting = dataclasses.replace(TRAIN, schedule_after_images=10.0)
    programs = [
        str(jax.make_jaxpr(schedules.make(train, 2.0, 6.0, "field"))(jnp.int32(1)))
        for train in (TRAIN, waiting)
    ]
    assert ["max" in program for program in programs] == [False, True]


def test_what_has_no_end_stays():
    assert schedules.make(TRAIN, 0.1, None, "field")(jnp.int32(50)) == 0.1


@pytest.mark.parametrize("train", [Train(), Train(schedule="linear")])
def test_an_end_that_nothing_leads_to_is_refused(train):
    with pytest.raises(UserError, match=r"penalty.final_weight=0.5 is the end of a schedule; set"):
        schedules.make(train, 1.0, 0.5, "penalty.final_weight")


def test_ends_can_be_set_and_unset_on_the_command_line():
    config = override(tiny_config(), {"gen_optimizer.final_b2": "0.99"})
    assert config.gen_optimizer.final_b2 == 0.99
    assert override(config, {"gen_optimizer.final_b2": "none"}).gen_optimizer.final_b2 is None
    with pytest.raises(UserError, match="it takes a finite number"):
        override(config, {"gen_optimizer.final_b2": "much"})


@pytest.mark.parametrize("updates_per_step", [1, 4])
def test_rates_follow_the_steps_whatever_the_updates_in_each(updates_per_step):
    """The learning rate of sgd is the size of its update."""
    section = SGD(learning_rate=1.0, momentum=0.0, final_learning_rate=0.0)
    train = Train(batch_size=10, schedule="linear", schedule_images=40.0)
    optimizer = optimizers.make(section, "gen_optimizer", train, updates_per_step)
    state, moves = optimizer.init(jnp.zeros(())), []
    for _ in range(5 * updates_per_step):
        move, state = optimizer.update(jnp.ones(()), state, jnp.zeros(()))
        moves.append(-float(move))
    expected = np.repeat([1, 0.75, 0.5, 0.25, 0], updates_per_step)
    np.testing.assert_allclose(moves, expected, atol=1e-6)


def test_b2_follows_too():
    """Adam's second moment after two updates by 1 and by 2: b2 of the second one weighs them."""
    section = Adam(b2=0.9, final_b2=0.99)
    train = Train(batch_size=10, schedule="linear", schedule_images=10.0)
    optimizer = optimizers.make(section, "disc_optimizer", train)
    state = optimizer.init(jnp.zeros(()))
    for gradient in (1.0, 2.0):
        _, state = optimizer.update(jnp.float32(gradient), state, jnp.zeros(()))
    expected = 0.99 * (0.1 * 1) + 0.01 * 4
    assert float(optax.tree.get(state, "nu")) == pytest.approx(expected, rel=1e-5)


def test_the_weight_of_a_penalty_follows():
    changes = {"penalty.name": "r1", "penalty.weight": "4", "penalty.final_weight": "2",
               "train.schedule": "linear", "train.batch_size": "10",
               "train.schedule_images": "100"}  # fmt: skip
    config = override(tiny_config(), changes)
    penalty = regularisers.penalty(config.penalty, config.train)
    view = View(None, None, None, lambda: 2 * jnp.ones((3, 1, 1, 1)), None, None)  # R1 is 2
    for step, value in ((0, 8), (5, 6), (10, 4), (99, 4)):
        assert float(penalty(view, jnp.int32(step))) == pytest.approx(value)


@pytest.mark.parametrize(
    ("changes", "half_lives"),
    [
        ({"ema_half_life_images": 50.0, "ema_ramp": 0.0}, [50, 50, 50]),
        ({"ema_half_life_images": 50.0, "ema_ramp": 1.5}, [0, 15, 50]),
        ({"ema_half_life_images": 50.0}, [0, 0.5, 2]),
        ({"ema_half_life_images": 0.0, "final_ema_half_life_images": 40.0, "ema_ramp": 0.0,
          "schedule": "linear", "schedule_images": 20.0}, [0, 20, 40]),
    ],
)  # fmt: skip
def test_the_half_life_of_the_average(changes, half_lives):
    """Steps 0, 1 and 4 of 10 images: 0, 10 and 40 were seen before them."""
    follow = average.updater(Train(batch_size=10, **changes))
    for step, half_life in zip((0, 1, 4), half_lives, strict=True):
        old, player = (
            Average(jnp.ones(()), jnp.ones(())),
            NetworkState(jnp.zeros(()), jnp.zeros(()), ()),
        )
        found = follow(old, player, jnp.int32(step))
        decay = 0.5 ** (10 / half_life) if half_life else 0.0
        np.testing.assert_allclose(found, [decay, decay], rtol=1e-5, atol=1e-7)
