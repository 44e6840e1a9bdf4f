"""The fast algorithm on maps of many tiles, against XLA's own convolutions."""

from functools import partial

import derived
import jax
import jax.numpy as jnp
import pytest
from arrays import assert_close, normal

from gan_jax.ops import conv, patches, trilinear
from gan_jax.ops.window import Window, turn

pytestmark = pytest.mark.usefixtures("without_onednn")

WINDOWS = {
    "same": Window((9, 6), (3, 3), (1, 1), (1, 1), (9, 6)),
    "uneven taps": Window((9, 12), (2, 3), (1, 1), (0, 2), (8, 12)),
    "strides": Window((18, 11), (5, 4), (2, 2), (2, 1), (9, 5)),
    "a stride on one axis": Window((16, 9), (4, 3), (2, 1), (1, 1), (8, 9)),
    "cropped": Window((9, 9), (3, 3), (1, 1), (-1, -2), (6, 5)),
    "more zeros than a tile": Window((3, 3), (3, 3), (1, 1), (6, 0), (12, 3)),
}


@pytest.mark.parametrize("few", [1, 10, 256])
@pytest.mark.parametrize("window", WINDOWS)
def test_three_maps_equal_xla(window, few, monkeypatch):
    """With an image at a time, with two and with all four at once."""
    monkeypatch.setattr(patches, "FEW_TILES", few)
    window = WINDOWS[window]
    x, kernel = normal(0, 4, *window.image, 5), normal(1, *window.taps, 5, 7)
    y = normal(2, 4, *window.out, 7)

    @partial(jax.jit, static_argnums=0)
    def all_three(ours):
        by = patches if ours else derived
        made = by.output(x, kernel, window), by.image(y, kernel, window)
        turned = window._replace(turned=True)
        of_turned = turn(patches.kernel(x, y, turned)) if ours else by.kernel(x, y, window)
        return *made, by.kernel(x, y, window), of_turned

    for found, expected in zip(all_three(True), all_three(False), strict=True):
        assert_close(found, expected, 1e-5)


def test_a_large_map_keeps_its_digits():
    """2e-5 of the largest value is what every form of a convolution keeps in float32."""
    window = Window((16, 16), (3, 3), (1, 1), (1, 1), (16, 16))
    x, kernel = normal(0, 4, 16, 16, 256), normal(1, 3, 3, 256, 256)
    exact = jax.jit(derived.output, static_argnums=2)(x, kernel, window)
    assert_close(jax.jit(patches.output, static_argnums=2)(x, kernel, window), exact, 2e-5)


SQUARE = Window((16, 16), (3, 3), (1, 1), (1, 1), (16, 16))
HALVED = Window((32, 32), (4, 4), (2, 2), (1, 1), (16, 16))


@pytest.mark.parametrize(("name", "window", "channels", "batch", "form"), [
    ("output", SQUARE, (64, 128), 4, "patches"),
    ("image", SQUARE, (64, 128), 4, "patches"),
    ("kernel", SQUARE, (64, 64), 4, "patches"),
    ("output", SQUARE, (64, 64), 4, "native"),  # a large product's rate already
    ("kernel", SQUARE, (63, 256), 4, "native"),  # 256 KB of one image's outputs
    ("output", SQUARE, (64, 128), 3, "native"),  # 48 tiles
    ("output", SQUARE._replace(out=(17, 17), image=(17, 17)), (64, 128), 4, "native"),  # 25 tiles
    ("output", HALVED._replace(taps=(1, 5)), (64, 128), 4, "native"),
    ("output", SQUARE._replace(out=(8, 8), image=(8, 8)), (192, 192), 16, "patches"),
    ("output", SQUARE._replace(out=(8, 8), image=(8, 8)), (191, 192), 32, "tiles"),
    ("kernel", HALVED, (64, 64), 4, "patches"),
    ("output", HALVED, (256, 256), 4, "native"),
    ("output", HALVED._replace(taps=(5, 5)), (64, 128), 4, "patches"),
    ("output", HALVED._replace(taps=(7, 7)), (64, 128), 4, "native"),
])  # fmt: skip
def test_where_they_are_taken(name, window, channels, batch, form):
    assert trilinear.on_cpu(name, window, jnp.float32, channels, batch) == form
    assert trilinear.on_cpu(name, window, jnp.bfloat16, channels, batch) == "columns"


def test_second_derivatives_equal_xla():
    """Of the squared gradient; each of the three maps is differentiated."""
    x, kernel = normal(0, 8, 12, 12, 64), normal(1, 3, 3, 64, 128) / 20

    window = Window((12, 12), (3, 3), (1, 1), (1, 1), (12, 12))
    assert patches.suits("output", window, jnp.float32, (64, 128), 8)
    ours, theirs = (derived.second_derivatives(f)(x, kernel) for f in (conv, derived.same))
    for found, expected in zip(ours, theirs, strict=True):
        assert_close(found, expected, 2e-5)
