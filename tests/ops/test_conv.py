"""Convolutions against XLA's own, in value and in every derivative that training takes."""

from functools import partial

import derived
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from arrays import assert_close, normal
from flax import linen as nn
from hypothesis import given, settings
from hypothesis import strategies as st
from jax import lax

from gan_jax.ops import Conv, ConvTranspose, columns, conv, conv_transpose, trilinear
from gan_jax.ops.window import Window

PADDINGS = ["SAME", "VALID", ((1, 2), (3, 0))]
DIMENSIONS = ("NHWC", "HWIO", "NHWC")


def xla_conv(x, kernel, stride, padding):
    return lax.conv_general_dilated(x, kernel, (stride, stride), padding, None, None, DIMENSIONS)


def xla_conv_transpose(x, kernel, stride, padding):
    return lax.conv_transpose(x, kernel, (stride, stride), padding, None, DIMENSIONS)


PAIRS = {"conv": (conv, xla_conv), "conv_transpose": (conv_transpose, xla_conv_transpose)}


@partial(jax.jit, static_argnums=(0, 3, 4))
def value_and_gradients(function, x, kernel, stride, padding):
    """Output, and both gradients for a varied cotangent, exact in every dtype."""
    y, pull = jax.vjp(lambda x, kernel: function(x, kernel, stride, padding), x, kernel)
    cotangent = jnp.round(64 * jnp.cos(1.7 * jnp.arange(y.size))) / 64
    return y, *pull(cotangent.reshape(y.shape).astype(y.dtype))


@pytest.fixture
def few_images(monkeypatch):
    """Columns are made for one image at a time, as they are for large images."""
    monkeypatch.setattr(columns, "COLUMN_BYTES", 1)
    jax.clear_caches()
    yield
    jax.clear_caches()


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("taps", range(1, 8))
def test_equals_xla(name, taps, stride, padding):
    size = (8, 9) if taps % 2 else (9, 10)
    x, kernel = normal(0, 2, *size, 3), normal(1, taps, max(1, taps - 1), 3, 4)
    ours, theirs = (value_and_gradients(f, x, kernel, stride, padding) for f in PAIRS[name])
    for actual, expected in zip(ours, theirs, strict=True):
        assert_close(actual, expected, 1e-5)


@settings(max_examples=20, deadline=None, derandomize=True)
@given(
    name=st.sampled_from(sorted(PAIRS)),
    size=st.tuples(st.integers(7, 12), st.integers(7, 12)),
    taps=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    channels=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    batch=st.integers(1, 3),
    stride=st.integers(1, 3),
    padding=st.sampled_from(["SAME", "VALID"])
    | st.tuples(*[st.tuples(st.integers(0, 3), st.integers(0, 3))] * 2),
)
def test_equals_xla_on_drawn_cases(name, size, taps, channels, batch, stride, padding):
    x, kernel = normal(0, batch, *size, channels[0]), normal(1, *taps, *channels)
    ours, theirs = (value_and_gradients(f, x, kernel, stride, padding) for f in PAIRS[name])
    for actual, expected in zip(ours, theirs, strict=True):
        assert_close(actual, expected, 1e-5)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("stride", [1, 2])
def test_a_few_images_at_a_time(few_images, name, stride):
    x, kernel = normal(0, 6, 8, 9, 3), normal(1, 5, 4, 3, 4)
    ours, theirs = (value_and_gradients(f, x, kernel, stride, "SAME") for f in PAIRS[name])
    for actual, expected in zip(ours, theirs, strict=True):
        assert_close(actual, expected, 1e-5)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("taps", [3, 4])
def test_bfloat16_is_summed_in_float32(name, taps, stride):
    ours, theirs = PAIRS[name]
    # 64 channels: sums of hundreds of terms, which bfloat16 sums would spoil
    x = normal(0, 2, 8, 9, 64).astype(jnp.bfloat16)
    kernel = normal(1, taps, taps, 64, 8).astype(jnp.bfloat16)
    actual = value_and_gradients(ours, x, kernel, stride, "SAME")
    x, kernel = x.astype(jnp.float32), kernel.astype(jnp.float32)
    exact = value_and_gradients(theirs, x, kernel, stride, "SAME")
    assert_rounded(actual, exact)


def assert_rounded(found, exact):
    """To bfloat16, which alone costs 2 ** -8."""
    for a, e in zip(found, exact, strict=True):
        assert a.dtype == jnp.bfloat16
        assert_close(a, e, 1.05 * 2**-8)


@pytest.mark.parametrize("name", PAIRS)
def test_bfloat16_comes_a_few_images_at_a_time(few_images, name):
    ours, theirs = PAIRS[name]
    x = normal(0, 6, 8, 9, 3).astype(jnp.bfloat16)
    kernel = normal(1, 5, 4, 3, 4).astype(jnp.bfloat16)
    actual = value_and_gradients(ours, x, kernel, 2, "SAME")
    single = x.astype(jnp.float32), kernel.astype(jnp.float32)
    assert_rounded(actual, value_and_gradients(theirs, *single, 2, "SAME"))


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("taps", [3, 4, 5])
def test_transpose_is_the_adjoint(taps, stride, padding):
    # the size of a "SAME" image is a multiple of the stride, of a "VALID" one what taps reach
    size = 8 if padding == "SAME" else 3 * stride + taps
    x, kernel = normal(0, 2, size, size, 3), normal(1, taps, taps, 3, 4)
    out = conv(x, kernel, stride, padding)
    y = normal(2, *out.shape)
    if padding == "SAME":
        total = max((out.shape[1] - 1) * stride + taps - size, 0)
        low = taps - 1 - total // 2
        pads = ((low, size - (out.shape[1] - 1) * stride - 2 + taps - low),) * 2
    else:
        pads = padding
    adjoint = conv_transpose(y, kernel[::-1, ::-1].swapaxes(2, 3), stride, pads)
    np.testing.assert_allclose(jnp.vdot(out, y), jnp.vdot(x, adjoint), rtol=1e-5)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("stride", [1, 2])
def test_second_derivatives_equal_xla(name, stride):
    """Of the squared gradient, as a penalty has it; all three linear maps are differentiated."""
    x, kernel = normal(0, 2, 8, 9, 3), normal(1, 5, 4, 3, 4) / 5

    def penalty(function, x, kernel):
        def total(x, kernel):
            return jnp.tanh(function(x, kernel, stride, "SAME")).sum()

        return sum(jnp.square(slope).sum() for slope in jax.grad(total, (0, 1))(x, kernel))

    ours, theirs = (jax.jit(jax.grad(partial(penalty, f), (0, 1)))(x, kernel) for f in PAIRS[name])
    for actual, expected in zip(ours, theirs, strict=True):
        assert_close(actual, expected, 1e-5)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("axes", [(0, 0), (None, 0), (0, None)])
def test_vmap_equals_one_at_a_time(name, axes):
    function = PAIRS[name][0]
    x, kernel = normal(0, 3, 2, 8, 8, 3), normal(1, 3, 5, 5, 3, 4)
    x, kernel = (a if axis == 0 else a[0] for a, axis in zip((x, kernel), axes, strict=True))

    def run(x, kernel):
        return value_and_gradients(function, x, kernel, 2, "SAME")

    together = jax.vmap(run, axes)(x, kernel)
    for i in range(3):
        alone = run(*(a[i] if axis == 0 else a for a, axis in zip((x, kernel), axes, strict=True)))
        for actual, expected in zip(together, alone, strict=True):
            assert_close(actual[i], expected, 1e-5)


def test_inside_scan_and_while():
    x, kernel = normal(0, 2, 8, 8, 3), normal(1, 5, 5, 3, 3) / 5

    def twice(function, kernel):
        return function(jnp.tanh(function(x, kernel, 1, "SAME")), kernel, 1, "SAME").sum()

    def scanned(kernel):
        first = lax.scan(lambda x, _: (jnp.tanh(conv(x, kernel)), None), x, None, length=1)[0]
        return lax.scan(lambda x, _: (conv(x, kernel), None), first, None, length=1)[0].sum()

    expected = jax.grad(partial(twice, xla_conv))(kernel)
    assert_close(jax.jit(jax.grad(scanned))(kernel), expected, 1e-5)
    looped = jax.jit(lambda n: lax.fori_loop(0, n, lambda _, x: conv(x, kernel), x))(2)
    assert_close(looped, xla_conv(xla_conv(x, kernel, 1, "SAME"), kernel, 1, "SAME"), 1e-5)


@pytest.mark.parametrize("padding", PADDINGS)
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize(("ours", "flax"), [(Conv, nn.Conv), (ConvTranspose, nn.ConvTranspose)])
def test_layers_are_drop_in_for_flax(ours, flax, stride, padding):
    x = normal(0, 2, 8, 9, 3)
    mine = ours(4, (5, 3), stride=stride, padding=padding, bias_init=nn.initializers.normal())
    theirs = flax(
        4, (5, 3), strides=(stride, stride), padding=padding, bias_init=nn.initializers.normal()
    )
    params = theirs.init(jax.random.key(0), x)
    own = mine.init(jax.random.key(0), x)
    jax.tree.map(np.testing.assert_array_equal, own, params)
    assert_close(mine.apply(params, x), theirs.apply(params, x), 1e-5)


def test_layer_dtypes_and_no_bias():
    x = normal(0, 2, 8, 8, 3)
    layer = Conv(4, 3, stride=2, use_bias=False, dtype=jnp.bfloat16)
    y, variables = layer.init_with_output(jax.random.key(0), x)
    assert (y.dtype, y.shape) == (jnp.bfloat16, (2, 4, 4, 4))
    assert list(variables["params"]) == ["kernel"]
    assert variables["params"]["kernel"].dtype == jnp.float32


def test_only_the_chosen_algorithm_is_compiled():
    x, kernel = normal(0, 2, 8, 8, 3), normal(1, 5, 5, 3, 4)
    compiled = jax.jit(jax.grad(lambda k: conv(x, k, 2).sum())).lower(kernel)
    native = "convolution(" in compiled.as_text(dialect="hlo")
    assert native == (jax.default_backend() != "cpu")


@pytest.mark.parametrize(("taps", "overlap"), [(3, [1, 2]), (4, [2, 2]), (5, [2, 3])])
def test_how_many_pixels_a_transposed_convolution_adds_in_each_of_its_own(taps, overlap):
    """The checkerboard of odd kernels (Odena et al. 2016, doi 10.23915/distill.00003)."""
    one_line = conv_transpose(jnp.ones((1, 1, 8, 1)), jnp.ones((1, taps, 1, 1)), 2, "SAME")
    inner = np.asarray(one_line[0, 0, 4:-4, 0])
    assert sorted(inner[:2]) == overlap
    np.testing.assert_array_equal(inner, np.tile(inner[:2], 4))


def test_a_large_kernel_is_left_to_xla():
    """Of 64x64 taps a loop over them took a quarter of an hour to compile."""
    x, kernel = normal(0, 1, 12, 12, 2), normal(1, 16, 16, 2, 3)
    ours, theirs = (value_and_gradients(f, x, kernel, 2, "SAME") for f in PAIRS["conv_transpose"])
    for actual, expected in zip(ours, theirs, strict=True):
        assert_close(actual, expected, 1e-5)
    lowered = jax.jit(conv).lower(x, normal(2, 64, 64, 2, 3)).as_text()
    assert len(lowered.splitlines()) < 100


@pytest.mark.parametrize("name", ["image", "kernel"])
@pytest.mark.parametrize("size, channels, by_columns", [
    (8, (6, 5), {"image", "kernel"}), (9, (6, 5), set()), (16, (3, 5), {"image"}),
])  # fmt: skip
def test_the_forms_for_a_gpu_are_xla_s_in_value_and_chosen_by_shape(
    name, size, channels, by_columns
):
    x, kernel = normal(0, 2, size, size, channels[0]), normal(1, 5, 5, *channels)
    window = made_window(size, 5, 2)
    y = normal(2, 2, *window.out, channels[1])
    given = {"image": (y, kernel), "kernel": (x, y)}[name]
    expected = getattr(derived, name)(*given, window)
    traced = jax.make_jaxpr(partial(getattr(trilinear, f"_gpu_{name}"), window=window))(*given)
    assert ("conv_general_dilated" not in str(traced)) == (name in by_columns)
    found = getattr(trilinear, f"_gpu_{name}")(*given, window)
    assert_close(found, expected, 2e-6)


def made_window(size, taps, stride):
    """Of "SAME" zeros, more below and on the right."""
    out = -(-size // stride)
    low = max((out - 1) * stride + taps - size, 0) // 2
    pairs = ((n, n) for n in (size, taps, stride, low, out))
    return Window(*pairs)
