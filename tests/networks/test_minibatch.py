"""What D sees of the batch: closed forms, and the same on any number of devices."""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.devices import collectives
from gan_jax.errors import UserError
from gan_jax.networks.attention import SelfAttention, attention
from gan_jax.networks.minibatch import GROUP, MinibatchDiscrimination, MinibatchStddev

FEATURES = jax.random.normal(jax.random.key(0), (16, 5))


def spread(function, devices, x):
    shards = x.reshape(devices, -1, *x.shape[1:])
    y = jax.vmap(function, axis_name=collectives.AXIS)(shards)
    return y.reshape(-1, *y.shape[2:])


def stddev(x, train=True):
    return MinibatchStddev().apply({}, x, train=train)


def test_the_deviation_is_the_mean_over_features_of_each_group_of_four():
    y = spread(stddev, 1, FEATURES)
    np.testing.assert_array_equal(y[:, :5], FEATURES)
    expected = np.asarray(FEATURES).reshape(4, GROUP, 5).std(axis=1).mean(axis=1)
    np.testing.assert_allclose(y[:, 5], np.repeat(expected, GROUP), rtol=1e-4)


def test_the_deviation_does_not_depend_on_the_order_in_a_group_or_on_the_devices():
    order = np.arange(16).reshape(4, 4)[:, ::-1].ravel()
    one = spread(stddev, 1, FEATURES)[:, 5]
    np.testing.assert_allclose(spread(stddev, 1, FEATURES[order])[:, 5], one, rtol=1e-6)
    for devices in (2, 4):
        np.testing.assert_allclose(spread(stddev, devices, FEATURES)[:, 5], one, rtol=1e-6)


def test_the_deviation_of_equal_examples_is_the_root_of_epsilon_with_a_finite_gradient():
    same = jnp.ones((4, 5))
    np.testing.assert_allclose(stddev(same)[:, 5], 1e-4, rtol=1e-3)
    assert jnp.isfinite(jax.grad(lambda x: stddev(x).sum())(same)).all()


def test_a_device_without_whole_groups_is_refused_in_training_only():
    with pytest.raises(UserError, match="multiple of 4 times the devices"):
        stddev(FEATURES[:6])
    assert stddev(FEATURES[:6], train=False).shape == (6, 6)


def test_closeness_is_the_sum_of_exponentials_over_the_global_batch():
    layer = MinibatchDiscrimination(rows=3, columns=2)
    variables = layer.init(jax.random.key(1), FEATURES, train=True)

    def discriminate(x):
        return layer.apply(variables, x, train=True)

    made = FEATURES @ variables["params"]["Dense_0"]["kernel"]
    rows = np.asarray(made).reshape(16, 3, 2)
    expected = np.exp(-np.abs(rows[:, None] - rows[None]).sum(axis=3)).sum(axis=1)
    for devices in (1, 2, 4):
        y = spread(discriminate, devices, FEATURES)
        np.testing.assert_allclose(y[:, 5:], expected, rtol=1e-4)


def test_the_gradient_through_the_other_devices_is_that_of_one_device():
    """Averaged over devices, as the update does."""
    layer = MinibatchDiscrimination(rows=3, columns=2)
    params = layer.init(jax.random.key(1), FEATURES, train=True)["params"]

    def gradient(devices):
        def of_shard(x):
            def loss(params):
                y = layer.apply({"params": params}, x, train=True)
                return (y[:, 5:] ** 2).mean()

            return collectives.mean(jax.grad(loss)(params))

        shards = FEATURES.reshape(devices, -1, 5)
        mapped = jax.vmap(of_shard, out_axes=None, axis_name=collectives.AXIS)
        return mapped(shards)["Dense_0"]["kernel"]

    np.testing.assert_allclose(gradient(4), gradient(1), rtol=1e-4, atol=1e-6)


def attending():
    layer = SelfAttention(partial(nn.Dense, kernel_init=nn.initializers.glorot_uniform()))
    x = jax.random.normal(jax.random.key(2), (2, 3, 4, 8))
    return layer, x, layer.init(jax.random.key(3), x)


def test_attention_starts_as_the_identity_and_sees_permuted_pixels_alike():
    layer, x, variables = attending()
    np.testing.assert_array_equal(layer.apply(variables, x), x)
    params = variables["params"] | {"gamma": jnp.float32(0.7)}
    y = layer.apply({"params": params}, x)
    assert float(jnp.abs(y - x).max()) > 1e-2
    order = np.random.default_rng(0).permutation(12)
    moved = x.reshape(2, 12, 8)[:, order].reshape(x.shape)
    z = layer.apply({"params": params}, moved)
    np.testing.assert_allclose(
        z.reshape(2, 12, 8), y.reshape(2, 12, 8)[:, order], rtol=1e-4, atol=1e-5
    )


def test_the_rows_of_attention_sum_to_one_and_follow_the_products():
    query, key = (jax.random.normal(jax.random.key(n), (2, 6, 4)) for n in (0, 1))
    rows = attention(query, key)
    np.testing.assert_allclose(rows.sum(axis=2), 1, rtol=1e-5)
    products = np.exp(np.asarray(query[1, 2]) @ np.asarray(key[1]).T)
    np.testing.assert_allclose(rows[1, 2], products / products.sum(), rtol=1e-4)
