"""G learns from the fakes that D takes for the most real (arXiv 2002.06224)."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from conftest import tiny_config
from one_step import keys_at_0, started, step

from gan_jax.config import override
from gan_jax.devices import collectives
from gan_jax.errors import UserError
from gan_jax.methods import game as games
from gan_jax.methods import passes

PLAIN = {"train.disc_update": "joint", "disc.dropout_rate": "0", "gen.norm": "none",
         "disc.norm": "none", "gen_optimizer.name": "sgd",
         "gen_optimizer.momentum": "0"}  # fmt: skip


def ranks(values, devices):
    shards = jnp.asarray(values).reshape(devices, -1)
    return np.ravel(jax.vmap(collectives.ranks, axis_name=collectives.AXIS)(shards))


@pytest.mark.parametrize("devices", [1, 2, 3])
def test_ranks_over_all_devices(devices):
    np.testing.assert_array_equal(ranks([1.0, 5, 3, 5, -2, 0], devices), [3, 0, 2, 1, 5, 4])


@pytest.mark.parametrize("devices", [1, 2])
def test_the_weights_of_the_kept_have_the_mean_one(devices):
    """Half of six: the three largest, each twice as heavy."""
    game, state = started(override(tiny_config(), {**PLAIN, "train.gen_top_share": "0.5"}))
    now = passes.StepContext(state.step, state.scalars, keys_at_0)
    shards = jnp.array([1.0, 5, 3, 5, -2, 0]).reshape(devices, -1)
    mapped = jax.vmap(
        lambda logits: passes.top_weights(game, now, logits), axis_name=collectives.AXIS
    )
    np.testing.assert_array_equal(np.ravel(mapped(shards)), [0, 2, 2, 2, 0, 0])


def moved(config, devices=1):
    """What sgd moved G by: the learning rate times its gradient."""
    game, state = started(override(config, PLAIN))
    after, metrics = step(game, state, devices)
    return jax.tree.map(jnp.subtract, state.gen.params, after.gen.params), metrics


def test_the_whole_share_is_the_plain_game():
    plain, metrics = moved(tiny_config())
    whole, same = moved(override(tiny_config(), {"train.gen_top_share": "0.9999"}))
    assert float(metrics["g/loss"]) == pytest.approx(float(same["g/loss"]), rel=1e-6)
    assert float(optax.tree.norm(optax.tree.sub(plain, whole))) < 1e-6 * float(
        optax.tree.norm(plain)
    )


def test_the_loss_is_that_of_the_most_real_fakes_on_any_number_of_devices():
    """A quarter of 8: the two largest logits, which have the smallest losses."""
    config = override(tiny_config(), {"train.gen_top_share": "0.25"})
    one, metrics = moved(config)
    two, other = moved(config, devices=4)
    assert float(metrics["g/loss"]) == pytest.approx(float(other["g/loss"]), rel=1e-5)
    assert float(optax.tree.norm(optax.tree.sub(one, two))) < 1e-4 * float(optax.tree.norm(one))
    _, whole = moved(tiny_config())
    assert float(metrics["g/loss"]) < float(whole["g/loss"])


def test_the_share_may_shrink_with_the_schedule():
    """From all to a quarter over 8 images, which is one step."""
    changes = {"train.final_gen_top_share": "0.25", "train.schedule": "linear",
               "train.schedule_images": "8"}  # fmt: skip
    game, state = started(override(tiny_config(), {**PLAIN, **changes}))
    share = game.gen_top_share
    assert [float(share(jnp.int32(number))) for number in (0, 1, 5)] == [1, 0.25, 0.25]
    fixed, _ = started(override(tiny_config(), {**PLAIN, "train.gen_top_share": "0.25"}))
    later = state._replace(step=jnp.int32(1))
    losses = [float(step(g, later)[1]["g/loss"]) for g in (game, fixed)]
    assert losses[0] == losses[1]


@pytest.mark.parametrize("field", ["gen_top_share", "final_gen_top_share"])
def test_means_over_all_fakes_leave_none_out(field):
    changes = {"loss.name": "relativistic_average"}
    changes |= {"train.disc_update": "joint", f"train.{field}": "0.5"}
    with pytest.raises(UserError, match=r"means over all fakes.*set train\.gen_top_share=1"):
        games.make(override(tiny_config(), changes))
