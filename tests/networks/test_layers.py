import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.devices import collectives
from gan_jax.networks.layers import BatchNorm, Dropout

NORM = BatchNorm(momentum=0.8, epsilon=1e-3)


def spread(function, devices, *shared):
    """`function(shard, *shared)` on every shard of a batch, as devices run it."""

    def run(batch):
        shards = batch.reshape(devices, -1, *batch.shape[1:])
        axes = (0, *(None for _ in shared))
        return jax.vmap(function, in_axes=axes, axis_name=collectives.AXIS)(shards, *shared)

    return run


def variables(channels, scale=1.0, bias=0.0):
    made = NORM.init(jax.random.key(0), jnp.zeros((1, channels)), train=True)
    params = {"norm": {"scale": jnp.full(channels, scale), "bias": jnp.full(channels, bias)}}
    return {"params": params, "batch_stats": made["batch_stats"]}


def train_norm(batch, state):
    return NORM.apply(state, batch, train=True, mutable=["batch_stats"])


def test_batch_norm_brings_the_batch_to_its_bias_and_scale():
    x = 3 + 2 * jax.random.normal(jax.random.key(1), (64, 4, 4, 5))
    y, _ = spread(train_norm, 1, variables(5, scale=1.5, bias=0.25))(x)
    variance = np.var(x, axis=(0, 1, 2))
    np.testing.assert_allclose(np.mean(y, axis=(0, 1, 2, 3)), 0.25, atol=1e-5)
    expected = 1.5**2 * variance / (variance + 1e-3)
    np.testing.assert_allclose(np.var(y, axis=(0, 1, 2, 3)), expected, rtol=1e-4)


@pytest.mark.parametrize("devices", [1, 2, 4])
def test_batch_norm_normalises_by_the_batch_of_all_devices(devices):
    x = jax.random.normal(jax.random.key(1), (8, 5)) * jnp.arange(1.0, 9.0)[:, None]
    y, changed = spread(train_norm, devices, variables(5))(x)
    expected = (x - x.mean(0, keepdims=True)) / jnp.sqrt(x.var(0, keepdims=True) + 1e-3)
    np.testing.assert_allclose(y.reshape(8, 5), expected, rtol=1e-4, atol=1e-5)
    running = changed["batch_stats"]["norm"]
    for device in range(devices):
        np.testing.assert_allclose(running["mean"][device], 0.2 * x.mean(0), rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(running["var"][device], 0.8 + 0.2 * x.var(0), rtol=1e-4)


def test_batch_norm_in_inference_does_not_see_its_neighbours():
    state = variables(5)
    x = jax.random.normal(jax.random.key(1), (8, 5))
    alone = NORM.apply(state, x[:1], train=False)
    np.testing.assert_array_equal(alone[0], NORM.apply(state, x, train=False)[0])


def test_batch_norm_keeps_float32_statistics_in_bfloat16():
    norm = BatchNorm(momentum=0.8, epsilon=1e-3, dtype=jnp.bfloat16)
    x = 100 + jax.random.normal(jax.random.key(1), (1, 256, 5), jnp.float32)
    apply = jax.vmap(
        lambda b: norm.apply(variables(5), b, train=True, mutable=["batch_stats"]),
        axis_name=collectives.AXIS,
    )
    y, changed = apply(x)
    assert y.dtype == jnp.bfloat16
    assert changed["batch_stats"]["norm"]["mean"].dtype == jnp.float32
    mean = changed["batch_stats"]["norm"]["mean"][0]
    np.testing.assert_allclose(mean, 0.2 * np.mean(x[0], 0), rtol=1e-5)


def dropped(batch):
    return Dropout(0.25).apply({}, batch, train=True, rngs={"dropout": jax.random.key(5)})


def test_dropout_masks_are_the_same_on_any_number_of_devices():
    x = jnp.ones((8, 400))
    one, two, four = (spread(dropped, n)(x).reshape(8, 400) for n in (1, 2, 4))
    np.testing.assert_array_equal(one, two)
    np.testing.assert_array_equal(one, four)
    assert len({row.tobytes() for row in np.asarray(one)}) == 8  # each example has its own


def test_dropout_zeroes_its_rate_and_keeps_the_mean():
    y = np.asarray(spread(dropped, 1)(jnp.ones((8, 4000))))
    assert set(np.unique(y)) == {0.0, np.float32(1 / 0.75)}
    assert np.mean(y == 0) == pytest.approx(0.25, abs=0.01)  # 32,000 draws: 4 deviations


def test_dropout_rests_in_inference():
    x = jnp.ones((2, 3))
    np.testing.assert_array_equal(Dropout(0.25).apply({}, x, train=False), x)
