"""Products of each tap against XLA's own convolutions, for kernels of the transposed layout."""

import re

import derived
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import assert_close, normal
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import lax

from gan_jax.ops import conv_transpose, taps, trilinear
from gan_jax.ops.window import Window, turn

MAPS = ["output", "image", "kernel"]


def arguments(window, batch, channels, dtype=jnp.float32):
    x, y = normal(0, batch, *window.image, channels[0]), normal(1, batch, *window.out, channels[1])
    kernel = normal(2, *window.taps, *channels[::-1])
    x, y, kernel = (part.astype(dtype) for part in (x, y, kernel))
    return {"output": (x, kernel), "image": (y, kernel), "kernel": (x, y)}


def expected(name, given, window):
    """By XLA's own convolution of the kernel as `conv` has it, in float32."""
    a, b = (part.astype(jnp.float32) for part in given)
    by_xla, window = getattr(derived, name), window._replace(turned=False)
    return turn(by_xla(a, b, window)) if name == "kernel" else by_xla(a, turn(b), window)


sides = st.tuples(st.integers(1, 6), st.integers(1, 6))


@settings(max_examples=10, deadline=None, derandomize=True)
@given(
    image=sides,
    size=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    low=st.tuples(st.integers(-1, 3), st.integers(-1, 3)),
    out=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    channels=st.tuples(st.integers(1, 6), st.integers(1, 6)),
    batch=st.integers(1, 3),
)
def test_equals_xla(image, size, stride, low, out, channels, batch):
    window = Window(image, size, stride, low, out, turned=True)

    @jax.jit
    def both(given):
        return {
            name: (getattr(taps, name)(*each, window), expected(name, each, window))
            for name, each in given.items()
        }

    for found, exact in both(arguments(window, batch, channels)).values():
        np.testing.assert_allclose(found, exact, rtol=0, atol=2e-5 * max(1, np.abs(exact).max()))


HALVED = Window((4, 4), (4, 4), (2, 2), (1, 1), (2, 2), turned=True)


@pytest.mark.parametrize("name", MAPS)
def test_bfloat16_is_summed_in_float32(name):
    given = arguments(HALVED, 2, (96, 128), jnp.bfloat16)[name]
    found = getattr(taps, name)(*given, HALVED)
    assert found.dtype == jnp.bfloat16
    assert_close(found, expected(name, given, HALVED), 1.05 * 2**-8)


@pytest.mark.parametrize("name", MAPS)
def test_no_copy_of_the_kernel_is_turned(name):
    """As the columns, which want one, show; the kernel has 4 * 4 * 96 * 128 numbers."""
    given = arguments(HALVED, 1, (96, 128))[name]

    def copies(form):
        call = jax.jit(lambda a, b: trilinear.by_form(form, name)(a, b, HALVED))
        text = call.lower(*given).compile().as_text()
        return re.findall(r"\[4,4,(?:96,128|128,96)\]\S* (?:transpose|reverse)\(", text)

    assert not copies("taps") and copies("columns")


@pytest.mark.parametrize(
    ("batch", "size", "forms"),
    [
        (1, 16, ("taps", "taps", "taps")),
        (4, 8, ("taps", "taps", "taps")),
        (1, 18, ("columns", "columns", "taps")),
        (4, 16, ("columns", "columns", "taps")),
        (1, 34, ("columns", "columns", "columns")),
    ],
)
def test_the_kernel_of_a_transposed_convolution_is_turned_where_it_meets_many_pixels(
    batch, size, forms
):
    window = Window(*((n, n) for n in (size, 4, 2, 1, size // 2)), turned=True)
    of = {name: trilinear.on_cpu(name, window, jnp.float32, (512, 1024), batch) for name in MAPS}
    assert of == dict(zip(MAPS, forms, strict=True))
    assert "taps" not in {
        trilinear.on_cpu(name, window._replace(turned=False), jnp.float32, (512, 1024), batch)
        for name in MAPS
    }


@pytest.mark.parametrize("size", [(2, 2), (9, 8)], ids=["few pixels", "many"])
def test_a_transposed_convolution_differentiates_twice_as_xla_s(size):
    """Each of the three maps, with its layout, in the gradient of a squared gradient."""
    x, kernel = normal(0, 1, *size, 3), normal(1, 4, 4, 3, 5) / 4

    def xla(x, kernel):
        return lax.conv_transpose(x, kernel, (2, 2), "SAME", None, ("NHWC", "HWIO", "NHWC"))

    def penalty(function, x, kernel):
        slopes = jax.grad(lambda x, k: jnp.tanh(function(x, k)).sum(), (0, 1))(x, kernel)
        return sum(jnp.square(slope).sum() for slope in slopes)

    ours, theirs = (
        jax.jit(jax.grad(lambda x, k, f=f: penalty(f, x, k), (0, 1)))(x, kernel)
        for f in (conv_transpose, xla)
    )
    for found, exact in zip(ours, theirs, strict=True):
        assert_close(found, exact, 2e-5)
