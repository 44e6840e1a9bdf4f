"""XLA's convolutions of stride 1 in the order of axes that its CPU compiler multiplies."""

import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import normal

from gan_jax.ops import native, trilinear
from gan_jax.ops.window import Window

WINDOWS = {
    "same": Window((6, 5), (3, 3), (1, 1), (1, 1), (6, 5)),
    "valid": Window((6, 5), (3, 2), (1, 1), (0, 0), (4, 4)),
    "uneven": Window((6, 5), (4, 3), (1, 1), (3, 0), (7, 4)),
    "more zeros than taps": Window((4, 4), (3, 3), (1, 1), (4, 3), (8, 6)),
    "cropped": Window((6, 6), (3, 3), (1, 1), (-1, 0), (3, 4)),
}


def arguments(window, batch, channels):
    x, y = normal(0, batch, *window.image, channels), normal(1, batch, *window.out, 7)
    kernel = normal(2, *window.taps, channels, 7)
    return {"output": (x, kernel), "image": (y, kernel), "kernel": (x, y)}


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("name", ["output", "image", "kernel"])
def test_equals_what_jax_derives(name, window):
    window = WINDOWS[window]
    given = arguments(window, 3, 5)[name]
    expected = getattr(trilinear, f"_native_{name}")(*given, window)
    found = getattr(native, name)(*given, window)
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-6 * np.abs(expected).max())


@pytest.mark.parametrize(("batch", "turns"), [(1, 1), (16, 1), (17, 17), (34, 17), (64, 4)])
def test_a_kernel_s_gradient_sums_a_few_images_at_a_time(batch, turns):
    assert native._split(jnp.zeros((batch, 2))).shape == (turns, batch // turns, 2)
    given = arguments(WINDOWS["same"], batch, 2)["kernel"]
    expected = trilinear._native_kernel(*given, WINDOWS["same"])
    found = native.kernel(*given, WINDOWS["same"])
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-6 * np.abs(expected).max())


@pytest.mark.parametrize("name", ["output", "image", "kernel"])
def test_xla_gets_the_order_of_axes_that_it_multiplies_inside_a_loop(name):
    window = WINDOWS["same"]
    given = arguments(window, 2, 5)[name]

    def looped(count, a, b):
        def body(_, total):
            return total + getattr(native, name)(a + total, b, window).sum()

        return jax.lax.fori_loop(0, count, body, 0.0)

    text = jax.jit(looped).lower(2, *given).compile().as_text()
    assert re.findall(r"dim_labels=([^,\s]+)", text) == ["b01f_01io->b01f"]


@pytest.mark.parametrize(("name", "stride", "taps", "channels", "dtype", "form"), [
    ("output", 1, 3, (16, 16), jnp.float32, "native"),
    ("output", 1, 3, (15, 64), jnp.float32, "columns"),
    ("output", 1, 3, (64, 15), jnp.float32, "columns"),
    ("image", 1, 3, (16, 3), jnp.float32, "columns"),
    ("kernel", 1, 3, (16, 15), jnp.float32, "columns"),
    ("kernel", 1, 3, (16, 16), jnp.float32, "native"),
    ("output", 1, 1, (64, 64), jnp.float32, "columns"),
    ("output", 2, 3, (32, 32), jnp.float32, "columns"),
    ("output", 1, 3, (32, 32), jnp.bfloat16, "columns"),
    ("output", 1, 3, (64, 64), jnp.float32, "tiles"),
])  # fmt: skip
def test_the_form_of_a_map_on_the_cpu(name, stride, taps, channels, dtype, form):
    low = (taps - 1) // 2
    window = Window(*((n, n) for n in (8, taps, stride, low, 8 // stride)))
    assert trilinear.on_cpu(name, window, dtype, channels, 64) == form
