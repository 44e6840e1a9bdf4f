"""One step of a game on eight images of 8x8, on one device or on several."""

import functools

import jax
import jax.numpy as jnp
import optax

from gan_jax import keys
from gan_jax.devices import collectives
from gan_jax.method import Example
from gan_jax.methods import game as games
from gan_jax.methods import gan

IMAGES = jax.random.uniform(jax.random.key(9), (8, 8, 8, 1), minval=-1.0, maxval=1.0)


@functools.cache
def started(config):
    game = games.make(config)
    return game, jax.jit(lambda key: gan.init(game, key))(keys.root(config.seed))


def on_devices(function, devices, *shared, fused=True):
    """`function(shard of the batch, *shared)` on all devices; what they disagree on is refused.
    Unless `fused`, operation by operation: XLA rounds a loop of several where a program has it."""
    shards = IMAGES.reshape(devices, -1, *IMAGES.shape[1:])
    batch = Example(shards, jnp.zeros(shards.shape[:2], jnp.int32))
    return _mapped(function, len(shared), fused)(batch, *shared)


@functools.cache
def _mapped(function, shared, fused):
    axes = (0, *[None] * shared)
    mapped = jax.vmap(function, axes, out_axes=None, axis_name=collectives.AXIS)
    return jax.jit(mapped, compiler_options={} if fused else {"xla_disable_hlo_passes": "fusion"})


def step(game, state, devices=1):
    return on_devices(_step_of(game), devices, state)


@functools.cache
def _step_of(game):
    return lambda batch, state: gan.step(game, state, batch, keys.root(0))


def keys_at_0(purpose):
    return keys.at_step(keys.root(0), purpose, 0)


def count(player):
    return int(optax.tree.get(player.opt, "count"))
