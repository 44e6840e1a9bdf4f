import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import normal

from gan_jax.ops import depthwise, depthwise_conv


@pytest.mark.parametrize("size", [(8, 9), (9, 10)])
@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("taps", [(1, 1), (3, 3), (5, 5), (2, 4)])
def test_equals_xla_on_every_platform(size, stride, taps):
    x, kernel = normal(0, 2, *size, 6), normal(1, *taps, 1, 6)
    expected = jax.lax.conv_general_dilated(
        *(x, kernel, (stride, stride), "SAME"),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=6,
    )
    for function in (depthwise_conv, depthwise._native):
        found = jax.jit(function, static_argnums=2)(x, kernel, stride)
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-5)


def test_channels_do_not_mix():
    x, kernel = normal(0, 1, 6, 6, 3), normal(1, 3, 3, 1, 3)
    alone = [depthwise_conv(x[..., c : c + 1], kernel[..., c : c + 1]) for c in range(3)]
    together = depthwise_conv(x, kernel)
    np.testing.assert_allclose(together, jnp.concatenate(alone, axis=3), rtol=0, atol=1e-6)
