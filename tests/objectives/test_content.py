"""Content terms by hand, and in a step of the game."""

import chex
import jax.numpy as jnp
import numpy as np
import pytest
from conftest import tiny_config
from one_step import count, started, step

from gan_jax.config import override, stated
from gan_jax.errors import UserError
from gan_jax.methods import game as games
from gan_jax.objectives.content import Content

MADE, TARGET = np.zeros((2, 1, 2, 2, 1), np.float32)
MADE[0, :, :, 0] = [[0.5, -0.5], [0.0, 0.5]]
TARGET[0, :, :, 0] = [[0.0, 0.5], [0.0, 0.0]]


def test_each_term_by_hand():
    value, found = Content(l1=2, l2=3, gradient_difference=5)(MADE, TARGET)
    expected = {
        "g/l1": (0.5 + 1 + 0 + 0.5) / 4,
        "g/l2": (0.25 + 1 + 0 + 0.25) / 4,
        # down: |made| 0.5, 1, |target| 0, 0.5; across: 1, 0.5 and 0.5, 0
        "g/gradient_difference": (0.5 + 0.5) / 2 + (0.5 + 0.5) / 2,
    }
    assert {name: float(term) for name, term in found.items()} == pytest.approx(expected)
    weighted = zip((2, 3, 5), expected.values(), strict=True)
    assert float(value) == pytest.approx(sum(weight * term for weight, term in weighted))
    assert Content(l2=1)(MADE, TARGET)[1].keys() == {"g/l2"}


def test_gs_loss_is_the_sum_of_its_parts():
    game, state = started(override(tiny_config(), {"content.l1": "10"}))
    metrics = step(game, state)[1]
    parts = float(metrics["g/adversarial"] + 10 * metrics["g/l1"])
    assert float(metrics["g/loss"]) == pytest.approx(parts, rel=1e-6)


ALONE = {"content.l1": "2", "content.steps_alone": "2", "train.disc_update": "joint"}


@pytest.mark.parametrize("turns", [{}, {"train.disc_updates": "2"}])
def test_d_waits_while_g_learns_by_content_alone(turns):
    game, state = started(override(tiny_config(), ALONE | turns))
    after, metrics = step(game, state)
    chex.assert_trees_all_equal(after.disc, state.disc)
    assert (count(after.gen), int(after.step)) == (1, 1)
    assert float(metrics["g/loss"]) == pytest.approx(2 * float(metrics["g/l1"]), rel=1e-6)
    assert float(metrics["d/loss"]) == 0
    if turns:
        many = step(game, state, devices=2)
        chex.assert_trees_all_close(after.gen.params, many[0].gen.params, rtol=1e-4, atol=1e-5)
    last = state._replace(step=jnp.int32(2))
    after, metrics = step(game, last)
    assert count(after.disc) == game.disc_updates
    assert float(metrics["d/loss"]) > 0


def test_steps_alone_need_a_term():
    with pytest.raises(UserError, match="none has a weight"):
        games.make(override(tiny_config(), {"content.steps_alone": "5"}))


def test_features_of_no_network_are_refused_before_anything_is_made():
    with pytest.raises(UserError, match=r"content\.space\.name=classifier has networks for MNIST"):
        games.make(override(tiny_config(), {"content.features": "1"}))
    assert "content.features" not in stated(tiny_config())
