"""Convolutions of volumes against XLA's own, in value and in the derivatives of training."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import normal
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_jax.ops import conv3d, conv3d_transpose, volumes

TOLERANCE = 2e-5
"""Of the largest value."""


def assert_close(actual, expected):
    assert actual.shape == expected.shape
    assert np.abs(actual - expected).max() <= TOLERANCE * np.abs(expected).max()


PAIRS = {
    "conv3d": (conv3d, volumes.native_conv3d),
    "conv3d_transpose": (conv3d_transpose, volumes.native_conv3d_transpose),
}


@partial(jax.jit, static_argnums=(0, 3, 4))
def value_and_gradients(function, x, kernel, stride, padding):
    y, pull = jax.vjp(lambda x, kernel: function(x, kernel, stride, padding), x, kernel)
    return y, *pull(jnp.cos(1.7 * jnp.arange(y.size)).reshape(y.shape))


@pytest.mark.parametrize("pair", PAIRS)
@settings(max_examples=6, deadline=None, derandomize=True)
@given(
    size=st.tuples(*[st.integers(4, 7)] * 3),
    taps=st.tuples(*[st.integers(1, 4)] * 3),
    stride=st.integers(1, 3),
    padding=st.sampled_from(["SAME", "VALID"]),
)
def test_equals_xla_on_drawn_cases(pair, size, taps, stride, padding):
    x, kernel = normal(0, 2, *size, 3), normal(1, *taps, 3, 4)
    ours, theirs = (value_and_gradients(f, x, kernel, stride, padding) for f in PAIRS[pair])
    for actual, expected in zip(ours, theirs, strict=True):
        assert_close(actual, expected)


@pytest.mark.parametrize("pair", PAIRS)
def test_second_derivatives_equal_xla(pair):
    """Of the squared gradient in the volume, as R1 has it."""
    x, kernel = normal(0, 2, 4, 5, 4, 3), normal(1, 4, 4, 4, 3, 2) / 9

    def penalty(function, x, kernel):
        return jnp.square(
            jax.grad(lambda x: jnp.tanh(function(x, kernel, 2, "SAME")).sum())(x)
        ).sum()

    ours, theirs = (jax.jit(jax.grad(partial(penalty, f), (0, 1)))(x, kernel) for f in PAIRS[pair])
    for actual, expected in zip(ours, theirs, strict=True):
        assert_close(actual, expected)
