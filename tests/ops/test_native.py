"""XLA's convolutions in the order of axes that its CPU compiler multiplies."""

import re

import derived
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import normal

from gan_jax.ops import native, trilinear
from gan_jax.ops.window import Window

pytestmark = pytest.mark.usefixtures("without_onednn")

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
    expected = getattr(derived, name)(*given, window)
    found = getattr(native, name)(*given, window)
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-6 * np.abs(expected).max())


@pytest.mark.parametrize("stride", [2, 3])
def test_an_output_of_any_stride_equals_what_jax_makes(stride):
    window = Window((7, 6), (4, 3), (stride, stride), (1, 0), (3, 2))
    given = arguments(window, 3, 5)["output"]
    expected = derived.output(*given, window)
    np.testing.assert_allclose(native.output(*given, window), expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("batch", "cached", "turns"), [
    (1, 2**20, 1), (16, 2**20, 1), (17, 2**20, 17), (34, 2**20, 17), (64, 2**20, 4),
    (4, 2 * 30 * 7 * 4, 2), (4, 1, 4),
])  # fmt: skip
def test_a_kernel_s_gradient_sums_a_few_images_at_a_time(batch, cached, turns, monkeypatch):
    """At most 16, and at most those whose outputs of 6x5 pixels and 7 channels are cached."""
    monkeypatch.setattr(native, "CACHED", cached)
    given = arguments(WINDOWS["same"], batch, 2)["kernel"]
    traced = jax.make_jaxpr(lambda *given: native.kernel(*given, WINDOWS["same"]))(*given)
    assert re.findall(r"length=(\d+)", str(traced)) == [str(turns)]
    expected = derived.kernel(*given, WINDOWS["same"])
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
    ("output", 2, 3, (32, 32), jnp.float32, "native"),
    ("output", 2, 3, (32, 32), jnp.bfloat16, "columns"),
    ("image", 2, 3, (32, 32), jnp.float32, "columns"),
    ("output", 1, 4, (64, 64), jnp.float32, "native"),
    ("output", 1, 4, (65, 64), jnp.float32, "columns"),  # fewer channels than it is made of
    ("output", 1, 4, (65, 63), jnp.float32, "native"),
    ("image", 1, 4, (64, 65), jnp.float32, "columns"),
    ("kernel", 1, 4, (16, 4096), jnp.float32, "native"),  # 1 MB of one image's outputs
    ("kernel", 1, 4, (16, 4097), jnp.float32, "columns"),
    ("output", 1, 3, (32, 32), jnp.bfloat16, "columns"),
    ("output", 1, 3, (64, 64), jnp.float32, "tiles"),
])  # fmt: skip
def test_the_form_of_a_map_on_the_cpu(name, stride, taps, channels, dtype, form):
    low = (taps - 1) // 2
    window = Window(*((n, n) for n in (8, taps, stride, low, 8 // stride)))
    assert trilinear.on_cpu(name, window, dtype, channels, 64) == form
    if (stride, form) == (2, "native"):
        turned = window._replace(turned=True)
        assert trilinear.on_cpu(name, turned, dtype, channels, 64) == "columns"
