"""Grouped convolutions against XLA's own, in value and in every derivative that R3GAN takes."""

from functools import partial

import derived
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import normal
from hypothesis import given, settings
from hypothesis import strategies as st

from gan_jax.ops import grouped, grouped_conv
from gan_jax.ops.window import Window

TOLERANCE = 2e-5
"""Of the largest value."""


def assert_close(actual, expected):
    assert actual.shape == expected.shape
    assert np.abs(actual - expected).max() <= TOLERANCE * np.abs(expected).max()


@partial(jax.jit, static_argnums=(0, 3))
def value_and_gradients(function, x, kernel, groups):
    y, pull = jax.vjp(lambda x, kernel: function(x, kernel, groups), x, kernel)
    return y, *pull(jnp.cos(1.7 * jnp.arange(y.size)).reshape(y.shape))


@settings(max_examples=12, deadline=None, derandomize=True)
@given(
    size=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    taps=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    channels=st.sampled_from([(1, 1), (2, 3), (16, 16), (16, 2), (2, 16), (17, 20)]),
    groups=st.integers(1, 4),
    batch=st.sampled_from([1, 3, 34]),
)
def test_equals_xla_on_drawn_cases(size, taps, channels, groups, batch):
    x = normal(0, batch, *size, groups * channels[0])
    kernel = normal(1, *taps, channels[0], groups * channels[1])
    assert_same_as_xla(x, kernel, groups)


def assert_same_as_xla(x, kernel, groups):
    ours, theirs = (value_and_gradients(f, x, kernel, groups) for f in (grouped_conv, derived.same))
    for actual, expected in zip(ours, theirs, strict=True):
        assert_close(actual, expected)


@pytest.mark.parametrize("channels", [2, 16])
def test_second_derivatives_equal_xla(channels):
    """Of the squared gradient, as R1 and R2 have it; all three maps are differentiated."""
    x, kernel = normal(0, 2, 5, 4, 3 * channels), normal(1, 3, 3, channels, 3 * channels) / 9

    ours, theirs = (
        derived.second_derivatives(partial(f, groups=3))(x, kernel)
        for f in (grouped_conv, derived.same)
    )
    for actual, expected in zip(ours, theirs, strict=True):
        assert_close(actual, expected)


def test_all_groups_at_once_is_one_after_another():
    """What other platforms than the CPU take."""
    x, kernel = normal(0, 2, 5, 4, 32), normal(1, 3, 3, 16, 32)
    window = Window((5, 4), (3, 3), (1, 1), (1, 1), (5, 4))
    forms = grouped._in_turn, grouped._batch
    in_turn, batch = (form("output", x, kernel, window, 2) for form in forms)
    assert_close(batch, in_turn)


@pytest.mark.parametrize("most", [16, 48, 384])  # none, two of three each, all in one
def test_a_gpu_merges_groups_into_the_same_convolution(monkeypatch, most):
    monkeypatch.setattr(grouped, "GPU_CHANNELS", most)
    monkeypatch.setattr(grouped, "for_platform", lambda default, **forms: forms.get("gpu", default))
    x, kernel = normal(0, 2, 5, 4, 96), normal(1, 3, 3, 16, 48)
    kept, groups = grouped._merged(kernel, 6)
    assert (kept.shape[2], groups) == {16: (16, 6), 48: (48, 2), 384: (96, 1)}[most]
    assert_same_as_xla(x, kernel, 6)


def test_a_group_sees_its_own_channels():
    x, kernel = normal(0, 1, 6, 6, 6), normal(1, 3, 3, 2, 9)
    alone = grouped_conv(x[..., 2:4], kernel[..., 3:6], 1)
    np.testing.assert_allclose(grouped_conv(x, kernel, 3)[..., 3:6], alone, rtol=0, atol=1e-5)


def test_a_batch_of_networks_is_each_alone():
    x, kernel = normal(0, 2, 2, 5, 4, 32), normal(1, 2, 3, 3, 16, 32)
    together = jax.vmap(partial(value_and_gradients, grouped_conv, groups=2))(x, kernel)
    for i in range(2):
        alone = value_and_gradients(grouped_conv, x[i], kernel[i], 2)
        for actual, expected in zip(together, alone, strict=True):
            assert_close(actual[i], expected)
