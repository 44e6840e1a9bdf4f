"""The pool of earlier fakes: the swap rule, and that devices and restarts do not show in it."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from conftest import tiny_config
from one_step import started, step

from gan_jax import keys, methods, train
from gan_jax.config import override
from gan_jax.devices import collectives
from gan_jax.errors import UserError
from gan_jax.methods import Checkpoint, gan
from gan_jax.methods import pool as pools
from gan_jax.run.checkpoint import Checkpoints

SIZE, BATCH = 6, 4
KEY = jax.random.key(7)


@jax.jit
def exchange_on(pool, number, shares):
    def one(fakes):
        return pools.exchange(pool, jax.random.fold_in(KEY, number), fakes)

    return jax.vmap(one, out_axes=(None, 0), axis_name=collectives.AXIS)(shares)


def exchanged(devices, calls, pool=None, first=0):
    """The pool and the numbers shown, [calls, batch], of fakes that are their own numbers."""
    pool = pool or pools.start(SIZE, (jnp.zeros((2, 1)), jnp.int32(0)))
    seen = []
    for number in range(first, first + calls):
        numbers = jnp.arange(BATCH, dtype=jnp.int32) + number * BATCH
        fakes = jnp.tile(numbers[:, None, None] / 10, (1, 2, 1)), numbers
        shares = jax.tree.map(lambda leaf: leaf.reshape(devices, -1, *leaf.shape[1:]), fakes)
        pool, (image, shown) = exchange_on(pool, number, shares)
        np.testing.assert_array_equal(image[..., 0, 0], (shown / 10).astype(np.float32))
        seen.append(np.asarray(shown).reshape(-1))
    return pool, np.stack(seen)


def test_the_rule_is_the_papers():
    """Against a list, which is filled first and swapped after that."""
    held, expected = [], []
    for number in range(8):
        for i in range(BATCH):
            new = number * BATCH + i
            key = keys.per_example(jax.random.fold_in(KEY, number), jnp.arange(BATCH))[i]
            if len(held) < SIZE:
                held.append(new)
            elif jax.random.bernoulli(jax.random.fold_in(key, 0)):
                place = int(jax.random.randint(jax.random.fold_in(key, 1), (), 0, SIZE))
                held[place], new = new, held[place]
            expected.append(new)
    pool, shown = exchanged(1, 8)
    np.testing.assert_array_equal(shown.reshape(-1), expected)
    np.testing.assert_array_equal(pool.held[1], held)
    assert int(pool.filled) == SIZE
    old = (shown[2:] != np.arange(2 * BATCH, 8 * BATCH).reshape(-1, BATCH)).mean()
    assert 0.3 < old < 0.7


def test_two_devices_equal_one_to_the_bit_across_a_resume(tmp_path):
    whole, seen = exchanged(1, 8)
    half, first = exchanged(2, 5)
    with Checkpoints(tmp_path, Checkpoint()) as saved:
        saved.save(5, state=jax.device_get(half))
        saved.wait()
        restored = saved.restore(5, state=half)["state"]
    pool, second = exchanged(2, 3, restored, first=5)
    np.testing.assert_array_equal(np.concatenate([first, second]), seen)
    jax.tree.map(np.testing.assert_array_equal, pool, whole)


def test_a_pool_that_never_swaps_leaves_the_game_as_it_is():
    """While there is room D is shown the fakes themselves, each beside its own inputs."""
    changes = {"gen.name": "mlp", "disc.name": "mlp", "gen.features": "4", "disc.features": "4"}
    changes |= {"data.num_classes": "3", "disc.conditioning": "embedding"}
    changes |= {"disc_optimizer.name": "sgd", "gen_optimizer.name": "sgd"}
    game, state = started(config := override(tiny_config(), changes))
    game_with_room, with_room = started(override(config, {"train.pool_size": "9"}))
    after, _ = step(game, state)
    pooled, _ = step(game_with_room, with_room)
    chex.assert_trees_all_close(gan.GANState(*pooled[:-1]), after, rtol=1e-4, atol=1e-6)
    assert int(pooled.pool.filled) == 8
    images, inputs = pooled.pool.held
    assert (images[:8] != 0).any(axis=(1, 2, 3)).all()
    assert inputs.latents.shape == (9, 6)


@pytest.mark.slow
def test_a_run_with_a_pool_resumes_exactly(tmp_path):
    config = override(tiny_config(), {"train.pool_size": "12", "train.num_steps": "6"})
    whole = train.run(config, tmp_path / "whole")
    train.run(override(config, {"train.num_steps": "4"}), tmp_path / "halves")
    resumed = train.run(config, tmp_path / "halves")
    jax.tree.map(np.testing.assert_array_equal, resumed, whole)
    assert int(whole.pool.filled) == 12


def test_points_between_images_of_two_conditions_are_refused():
    changes = {"train.pool_size": "9", "penalty.name": "wgan_gp", "disc.norm": "none"}
    config = override(tiny_config(), changes | {"train.disc_update": "joint"})
    methods.make(config)
    with pytest.raises(UserError, match=r"set train\.pool_size=0\."):
        methods.make(override(config, {"data.num_classes": "3"}))
