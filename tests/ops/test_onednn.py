"""oneDNN's convolutions against XLA's own, and where they are taken."""

import re
from functools import partial
from pathlib import Path

import derived
import jax
import jax.numpy as jnp
import jaxlib
import numpy as np
import pytest
from arrays import assert_close, normal

from gan_jax.ops import conv, fast, grouped_conv, onednn, trilinear
from gan_jax.ops.window import Window, turn

WINDOWS = {
    "same": Window((9, 10), (3, 3), (1, 1), (1, 1), (9, 10)),
    "narrow": Window((6, 5), (3, 4), (1, 1), (1, 2), (6, 5)),
    "strides": Window((18, 23), (5, 4), (2, 2), (2, 1), (9, 11)),
    "narrow strides": Window((8, 8), (5, 5), (2, 2), (1, 1), (4, 4)),
    "a stride on one axis": Window((16, 9), (4, 3), (3, 1), (1, 1), (5, 9)),
    "cropped": Window((9, 9), (3, 3), (1, 1), (-1, -2), (6, 5)),
    "more zeros than taps": Window((4, 4), (3, 3), (2, 2), (4, 3), (8, 6)),
    "nothing seen by a phase": Window((9, 9), (3, 3), (3, 3), (0, 0), (1, 1)),
}

WINDOWS_OF_TILES = {
    "one tile": Window((8, 8), (5, 5), (2, 2), (1, 1), (4, 4)),
    "2x2 tiles": Window((16, 15), (5, 5), (2, 2), (1, 2), (8, 7)),
    "2x1 tiles": Window((8, 4), (3, 2), (1, 1), (1, 0), (8, 3)),
    "1x2 tiles": Window((4, 14), (3, 4), (1, 2), (1, 1), (4, 7)),
    "zeros alone seen by a tile": Window((8, 8), (5, 5), (2, 2), (1, 12), (4, 8)),
}

needs_custom_calls = pytest.mark.skipif(not onednn.is_there(), reason="no oneDNN in this jaxlib")
needs_bfloat16 = pytest.mark.skipif(
    not onednn.is_there() or " avx512bw" not in Path("/proc/cpuinfo").read_text(),
    reason="oneDNN has no bfloat16 for this processor",
)


def arguments(name, window, batch, channels, features):
    x, y = normal(0, batch, *window.image, channels), normal(1, batch, *window.out, features)
    kernel = normal(2, *window.taps, channels, features)
    return {"output": (x, kernel), "image": (y, kernel)}[name]


@needs_bfloat16
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("name", ["output", "image"])
def test_three_products_of_bfloat16_keep_float32_s_digits(name, window, turned):
    """One of the three alone is off by a thousandth of the largest value."""
    window = WINDOWS[window]
    first, kernel = arguments(name, window, 6, 33, 40)
    expected = getattr(derived, name)(first, kernel, window)
    if turned:
        kernel, window = turn(kernel), window._replace(turned=True)
    assert_close(getattr(onednn, name)(first, kernel, window), expected, 1e-5)


@needs_bfloat16
def test_a_large_map_keeps_its_digits_and_its_bits():
    window = Window((16, 16), (3, 3), (1, 1), (1, 1), (16, 16))
    x, kernel = normal(0, 4, 16, 16, 256), normal(1, 3, 3, 256, 256)
    found = onednn.output(x, kernel, window)
    assert_close(found, derived.output(x, kernel, window), 1e-5)
    np.testing.assert_array_equal(onednn.output(x, kernel, window), found)


@needs_bfloat16
@pytest.mark.parametrize("name", ["output", "image"])
def test_bfloat16_is_multiplied_once_and_rounded_once(name):
    window = WINDOWS["strides"]
    given = [x.astype(jnp.bfloat16) for x in arguments(name, window, 2, 32, 48)]
    exact = getattr(derived, name)(*(x.astype(jnp.float32) for x in given), window)
    found = getattr(onednn, name)(*given, window)
    assert found.dtype == jnp.bfloat16
    np.testing.assert_allclose(found.astype(jnp.float32), exact, rtol=2**-8, atol=1e-4)


@needs_bfloat16
@pytest.mark.parametrize(("batch", "side_by_side"), [(16, 8), (6, 6), (7, 7), (11, 1)])
def test_images_side_by_side_are_each_its_own(batch, side_by_side, monkeypatch):
    window = WINDOWS["narrow strides"]
    given = arguments("output", window, batch, 32, 32)
    text = str(jax.make_jaxpr(lambda *given: onednn.output(*given, window))(*given))
    assert f"f32[{batch // side_by_side},4,{6 * side_by_side},32]" in text
    found = onednn.output(*given, window)
    monkeypatch.setattr(onednn, "NARROW", 0)
    np.testing.assert_array_equal(found, onednn.output(*given, window))


@needs_custom_calls
@pytest.mark.parametrize(("out", "stride", "is_narrow"), [
    (7, 1, True), (8, 1, False), (8, 2, True), (9, 2, False),
])  # fmt: skip
def test_which_images_lie_side_by_side(out, stride, is_narrow):
    window = Window((stride * out,) * 2, (3, 3), (stride, stride), (1, 1), (out, out))
    given = arguments("output", window, 2, 32, 32)
    text = str(jax.make_jaxpr(lambda *given: onednn.output(*given, window))(*given))
    assert (f"f32[1,{out}," in text) == is_narrow


@needs_custom_calls
@pytest.mark.parametrize("name", ["output", "image"])
def test_an_image_of_a_few_channels_is_convolved_in_float32(name):
    window = WINDOWS["strides"]
    features, channels = (40, 3) if name == "output" else (3, 40)
    given = arguments(name, window, 2, channels, features)
    assert "bf16" not in str(jax.make_jaxpr(lambda *a: getattr(onednn, name)(*a, window))(*given))
    expected = getattr(derived, name)(*given, window)
    assert_close(getattr(onednn, name)(*given, window), expected, 2e-6)


@needs_custom_calls
def test_groups_and_all_their_gradients_equal_xla(monkeypatch):
    monkeypatch.setattr(onednn, "LEAST", 0)
    x, kernel = normal(0, 3, 7, 6, 12), normal(1, 3, 2, 4, 15)

    ours, theirs = (
        derived.second_derivatives(partial(f, groups=3)) for f in (grouped_conv, derived.same)
    )
    assert "onednn" in ours.lower(x, kernel).as_text()
    for found, expected in zip(ours(x, kernel), theirs(x, kernel), strict=True):
        assert_close(found, expected, 2e-5)


@needs_custom_calls
@pytest.mark.parametrize(("axis_a", "axis_b"), [(2, 1), (2, 2), (1, 1), (1, 2)])
def test_products_of_many_matrices(axis_a, axis_b):
    a = normal(0, 3, 5, 4).transpose((0, 1, 2) if axis_a == 2 else (0, 2, 1))
    b = normal(1, 3, 4, 6).transpose((0, 1, 2) if axis_b == 1 else (0, 2, 1))
    expected = jax.lax.dot_general(a, b, (((axis_a,), (axis_b,)), ((0,), (0,))))
    assert_close(onednn.products(a, b, axis_a, axis_b), expected, 1e-6)


@needs_custom_calls
def test_a_kernel_s_gradient_by_columns_takes_their_products(monkeypatch):
    monkeypatch.setattr(onednn, "has_matrix_unit", lambda: True)
    window = Window((32, 32), (5, 5), (2, 2), (1, 1), (16, 16))
    x, y = normal(0, 32, 32, 32, 3), normal(1, 32, 16, 16, 64)

    def gradient(x, y):
        return trilinear.kernel_of(x, y, window)

    assert "onednn$matmul" in jax.jit(gradient).lower(x, y).as_text()
    assert_close(gradient(x, y), derived.kernel(x, y, window), 1e-5)


@needs_custom_calls
@pytest.mark.parametrize("few", [1, 8, 512])
@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("window", WINDOWS_OF_TILES)
def test_a_kernel_s_gradient_by_all_points_of_tiles_at_once(window, turned, few, monkeypatch):
    """With an image at a time, with some and with all six at once."""
    monkeypatch.setattr(onednn, "LEAST", 0)
    monkeypatch.setattr(onednn, "has_matrix_unit", lambda: True)
    monkeypatch.setattr(fast, "FEW_TILES", few)
    window = WINDOWS_OF_TILES[window]
    x, y = normal(0, 6, *window.image, 5), normal(1, 6, *window.out, 7)
    gradient = jax.jit(lambda x, y: fast.kernel(x, y, window._replace(turned=turned)))
    text = gradient.lower(x, y).as_text()
    assert text.count("onednn$matmul") == 1
    found = gradient(x, y)
    assert_close(turn(found) if turned else found, derived.kernel(x, y, window), 1e-5)


@needs_custom_calls
def test_products_are_taken_in_float32_alone(monkeypatch):
    monkeypatch.setattr(onednn, "has_matrix_unit", lambda: True)
    suits = [onednn.suits_products(t, 2**25) for t in (jnp.float32, jnp.float64, jnp.bfloat16)]
    assert suits == [True, False, False]
    window = WINDOWS_OF_TILES["one tile"]
    assert fast.by_points("kernel", window, jnp.float32, (128, 256), 128)
    assert not fast.by_points("kernel", window, jnp.float64, (128, 256), 128)


@needs_bfloat16
def test_second_derivatives_equal_xla(monkeypatch):
    monkeypatch.setattr(onednn, "has_matrix_unit", lambda: True)
    x, kernel = normal(0, 16, 11, 11, 48), normal(1, 3, 3, 48, 64) / 20

    ours, theirs = (derived.second_derivatives(f) for f in (conv, derived.same))
    assert "onednn$convolution" in ours.lower(x, kernel).as_text()
    for found, expected in zip(ours(x, kernel), theirs(x, kernel), strict=True):
        assert_close(found, expected, 2e-5)


SQUARE = Window((16, 16), (3, 3), (1, 1), (1, 1), (16, 16))
SMALL = Window((4, 4), (3, 3), (1, 1), (1, 1), (4, 4))
HALVED = Window((8, 8), (5, 5), (2, 2), (1, 1), (4, 4))


@pytest.mark.parametrize(("name", "window", "channels", "batch", "form"), [
    ("output", SQUARE, (128, 128), 16, "onednn"),
    ("image", SQUARE, (128, 128), 16, "onednn"),
    ("kernel", SQUARE, (128, 128), 16, "patches"),
    ("output", SQUARE, (31, 128), 64, "native"),
    ("output", SQUARE, (3, 128), 64, "onednn"),
    ("output", SQUARE, (5, 128), 64, "columns"),
    ("image", SQUARE, (3, 128), 64, "columns"),
    ("output", SQUARE, (128, 3), 64, "columns"),
    ("output", SQUARE._replace(taps=(1, 1), low=(0, 0)), (256, 256), 64, "columns"),
    ("output", SMALL, (512, 512), 255, "patches"),  # of 4,080 pixels
    ("output", SMALL, (512, 512), 256, "onednn"),
    ("output", HALVED, (128, 256), 16, "onednn"),  # of 256
    ("output", HALVED, (128, 256), 15, "native"),
    ("output", HALVED._replace(stride=(6, 6), out=(1, 1)), (512, 512), 512, "native"),
    ("output", SMALL, (128, 128), 14, "native"),  # 2^25 multiplications take 14.2 images
    ("kernel", HALVED, (64, 128), 128, "tiles"),
    ("kernel", HALVED, (47, 256), 128, "columns"),
    ("kernel", SQUARE._replace(image=(8, 8), out=(8, 8)), (192, 192), 64, "tiles"),
    ("kernel", SQUARE._replace(image=(8, 8), out=(8, 8)), (48, 48), 16, "tiles"),
])  # fmt: skip
def test_where_they_are_taken(name, window, channels, batch, form, monkeypatch):
    monkeypatch.setattr(onednn, "is_there", lambda: True)
    monkeypatch.setattr(onednn, "has_matrix_unit", lambda: True)
    assert trilinear.on_cpu(name, window, jnp.float32, channels, batch) == form
    if form == "onednn":
        assert trilinear.on_cpu(name, window, jnp.bfloat16, channels, batch) == form
        assert trilinear.on_cpu(name, window, jnp.float64, channels, batch) != form
        turned = window._replace(turned=True)
        assert trilinear.on_cpu(name, turned, jnp.float32, channels, batch) == form
        monkeypatch.setattr(onednn, "has_matrix_unit", lambda: False)
        assert trilinear.on_cpu(name, window, jnp.float32, channels, batch) != form


def test_a_processor_without_a_matrix_unit_takes_groups_alone(monkeypatch):
    monkeypatch.setattr(onednn, "is_there", lambda: True)
    monkeypatch.setattr(onednn, "has_matrix_unit", lambda: False)
    x, kernel = jnp.zeros((64, 16, 16, 64)), jnp.zeros((3, 3, 16, 64))
    assert onednn.suits_groups("output", x, kernel) and onednn.suits_groups("image", x, kernel)
    assert not onednn.suits_groups("kernel", x, x)
    assert not onednn.suits_groups("output", x[:1], kernel)
    assert not onednn.suits_groups("output", x.astype(jnp.bfloat16), kernel)
    assert not onednn.suits_products(jnp.float32, 2**30)


@pytest.fixture
def tried():
    onednn.is_there.cache_clear()
    yield onednn.is_there
    onednn.is_there.cache_clear()


@needs_custom_calls
def test_custom_calls_are_tried_before_they_are_used(tried):
    assert tried()


def test_a_jaxlib_that_was_not_tried_has_none(tried, monkeypatch):
    monkeypatch.setattr(jaxlib, "__version__", "0.13.0.dev1")
    assert not tried()


def test_custom_calls_that_compute_another_thing_are_left_alone(tried, monkeypatch):
    right = onednn._conv

    def wrong(x, kernel, strides, pads, **options):
        return right(x, kernel, strides, ((0, 1), (0, 1)), **options)

    monkeypatch.setattr(onednn, "_conv", wrong)
    assert not tried()


def test_a_jaxlib_without_them_has_none(tried, monkeypatch):
    call = onednn._call
    monkeypatch.setattr(onednn, "_call", lambda name, *rest: call("nothing", *rest))
    assert not tried()


def test_a_processor_without_a_list_of_features_has_no_matrix_unit(monkeypatch):
    monkeypatch.setattr(onednn, "Path", lambda name: Path("no such file"))
    onednn.has_matrix_unit.cache_clear()
    assert not onednn.has_matrix_unit()
    onednn.has_matrix_unit.cache_clear()
    words = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    monkeypatch.undo()
    assert onednn.has_matrix_unit() == bool(re.search(r"\bamx_bf16\b", words))
