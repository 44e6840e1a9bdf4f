"""What all updates share."""

import contextlib

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gan_jax.devices import collectives
from gan_jax.methods import network_state


def test_the_only_device_makes_no_copy_of_its_mean():
    def copies(context):
        with context:
            make = jax.make_jaxpr(lambda x: collectives.mean(x), axis_env=[(collectives.AXIS, 1)])
            return "psum" in str(make(jnp.ones(3)))

    assert copies(contextlib.nullcontext())
    assert not copies(collectives.only_device())
    assert copies(contextlib.nullcontext())


@pytest.mark.parametrize("devices", [1, 2])
def test_an_update_is_by_the_mean_gradient_of_all_devices_and_tells_its_norm(devices):
    params = {"a": jnp.zeros((1, 2)), "b": jnp.zeros(1)}
    sgd = optax.sgd(1.0)
    network = network_state.NetworkState(params, {}, sgd.init(params))
    of_each = {"a": jnp.array([[[2.0, -3.0]], [[4.0, -1.0]]]), "b": jnp.array([[5.0], [7.0]])}

    def update(grads):
        after, norm = network_state.apply_gradient(sgd, network, grads, {})
        return after.params, norm

    given = jax.tree.map(lambda leaf: leaf[:devices], of_each)
    after, norm = jax.vmap(update, axis_name=collectives.AXIS)(given)
    a, b = ([2.0, -3.0], 5.0) if devices == 1 else ([3.0, -2.0], 6.0)
    np.testing.assert_array_equal(after["a"][0], [[-a[0], -a[1]]])
    np.testing.assert_array_equal(after["b"][0], [-b])
    assert float(norm[0]) == pytest.approx((a[0] ** 2 + a[1] ** 2 + b**2) ** 0.5, rel=1e-6)
