"""The fast algorithm: exact in its construction, and close to XLA in float32."""

from functools import partial

import derived
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import assert_close, normal
from jax import lax

from gan_jax.ops import conv, conv_transpose, fast
from gan_jax.ops.window import Window, turn

pytestmark = pytest.mark.usefixtures("without_onednn")

DIMENSIONS = ("NHWC", "HWIO", "NHWC")
CONV = Window(image=(16, 15), taps=(5, 5), stride=(2, 2), low=(1, 2), out=(8, 7))
SAME = Window(image=(8, 6), taps=(3, 2), stride=(1, 1), low=(1, 0), out=(8, 5))
TILE = Window(image=(8, 8), taps=(5, 5), stride=(2, 2), low=(1, 1), out=(4, 4))
PADDED = TILE._replace(low=(1, 12), out=(4, 8))  # its first tile sees nothing but padding


@pytest.mark.parametrize("low", [0, 2])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("taps", range(2, 8))
def test_construction_is_exact(taps, stride, low):
    """The coefficient of every (output, tap, pixel) is 1 where the window joins them, else 0."""
    out = (13 + 3 - taps) // stride + 1
    made = fast.transforms(Window((13, 0), (taps, 0), (stride, 1), (low, 0), (out, 0)), 0)
    joined = np.zeros((out, taps, 13))
    for o, t in np.ndindex(out, taps):
        if 0 <= stride * o + t - low < 13:
            joined[o, t, stride * o + t - low] = 1
    product = np.einsum("pao,pbt,pax->otx", made.out, made.kernel, made.image)
    np.testing.assert_allclose(product, joined, atol=1e-12)


@pytest.mark.parametrize("window", [CONV, SAME, TILE, PADDED])
def test_three_maps_equal_xla(window):
    """In float32 with many channels, for a batch of cotangents without structure."""
    x, kernel = normal(0, 3, *window.image, 64), normal(1, *window.taps, 64, 96)
    y = normal(2, 3, *window.out, 96)
    expected, pull = jax.vjp(lambda x, kernel: derived.output(x, kernel, window), x, kernel)
    of_image, of_kernel = pull(y)
    assert_close(jax.jit(fast.output, static_argnums=2)(x, kernel, window), expected, 1e-5)
    assert_close(jax.jit(fast.image, static_argnums=2)(y, kernel, window), of_image, 1e-5)
    assert_close(jax.jit(fast.kernel, static_argnums=2)(x, y, window), of_kernel, 1e-5)
    turned = jax.jit(fast.kernel, static_argnums=2)(x, y, window._replace(turned=True))
    assert_close(turn(turned), of_kernel, 1e-5)


def test_where_it_suits():
    window, single = CONV, jnp.dtype("float32")
    assert fast.suits("output", window, single, (48, 48), 32)
    assert fast.suits("output", window, jnp.dtype("float64"), (48, 48), 32)
    assert not fast.suits("output", window, jnp.dtype("bfloat16"), (48, 48), 128)
    assert not fast.suits("output", window, single, (47, 64), 128)
    assert not fast.suits("output", window, single, (64, 3), 128)
    assert fast.suits(
        "output", window._replace(out=(4, 4)), single, (128, 256), 128
    )  # a tile, not four
    assert not fast.suits("output", window._replace(out=(4, 4)), single, (128, 256), 127)
    assert not fast.suits("output", window._replace(out=(4, 4)), single, (127, 256), 128)
    assert not fast.suits("output", window._replace(out=(9, 9)), single, (192, 192), 128)
    assert not fast.suits("output", window._replace(taps=(7, 7)), single, (192, 192), 128)
    assert not fast.suits("output", window._replace(out=(1, 1)), single, (192, 192), 128)
    assert not fast.suits("output", window, single, (192, 192), 31)  # 124 tiles
    assert fast.suits("kernel", window, single, (192, 192), 16)
    assert not fast.suits("kernel", window, single, (192, 192), 15)


@pytest.mark.parametrize("name", ["conv", "conv_transpose"])
def test_second_derivatives_equal_xla(name):
    """Of the squared gradient; each of the three maps is differentiated."""
    ours = conv if name == "conv" else conv_transpose
    x, kernel = normal(0, 32, 16, 16, 48), normal(1, 5, 5, 48, 48) / 20

    def xla(x, kernel, stride):
        function = lax.conv_general_dilated if name == "conv" else lax.conv_transpose
        return function(x, kernel, (stride, stride), "SAME", None, dimension_numbers=DIMENSIONS)

    def slopes(function):
        # without optimisation XLA's own convolutions take ten times as long
        options = {"xla_backend_optimization_level": 2}
        return derived.second_derivatives(partial(function, stride=2), options)(x, kernel)

    for actual, expected in zip(slopes(ours), slopes(xla), strict=True):
        assert_close(actual, expected, 1e-5)


def test_vmap_over_kernels():
    x, kernels = normal(0, 32, 16, 16, 48), normal(1, 3, 5, 5, 48, 48)
    together = jax.vmap(lambda kernel: conv(x, kernel, 2))(kernels)
    for actual, kernel in zip(together, kernels, strict=True):
        assert_close(actual, conv(x, kernel, 2), 3e-6)
