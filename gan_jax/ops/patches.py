"""The fast algorithm on maps of many tiles, a patch of the image for each.

`fast` transforms one axis after the other. Here all pixels that a tile sees are one column, which
the Kronecker product of both axes' matrices transforms at once: fewer passes over memory, and a
program that does not grow with the tiles. They are made for a few images at a time, so as to stay
in cache. Pixels and taps of one phase, a residue modulo the stride, are apart from other phases'.
"""

import math
from functools import cache, partial
from itertools import product
from math import prod
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax

from gan_jax.ops import onednn
from gan_jax.ops.fast import (
    TILE,
    apply,
    by_points,
    keeps_digits,
    kernel_of_points,
    products_of,
    tiles_of,
    toom_cook,
)
from gan_jax.ops.window import Window, image_of_taps, in_turns, seen_by_tap

FEW_TILES = 256  # of which the transforms are made at a time
FEWEST = 64  # tiles of a batch, for which transforming the kernel pays


def suits(name, window, dtype, channels, batch):
    """Whether to compute a map so: where that was measured to be faster, and keeps the digits.

    The gradient of a kernel is transformed back once for all images, so it pays the soonest. `fast`
    has fewer operations in the transforms of maps of up to 2x2 tiles, and oneDNN's products, too.
    """
    tiles, of_kernel = tiles_of(window), name == "kernel"
    saved = prod(window.out) * prod(window.taps) / products_of(window)
    fewest = 64.0
    if max(tiles) <= 2:
        is_faster = window.stride == (1, 1) and not by_points(name, window, dtype, channels, batch)
        fewest = 192 if is_faster else math.inf
    return (
        keeps_digits(window, dtype)
        and all(s <= t for s, t in zip(window.stride, window.taps, strict=True))
        and saved >= (2.5 if of_kernel else 3)
        and min(channels) >= fewest
        and (of_kernel or max(channels) >= 128)
        and batch * prod(tiles) >= FEWEST
    )


class _Phase(NamedTuple):
    """Which of a patch's pixels and of a kernel's taps, row-major, and their matrices [P, n]."""

    pixels: list[int]
    taps: list[int]
    out: np.ndarray
    kernel: np.ndarray
    image: np.ndarray


def output(x, kernel, window):
    """`trilinear.output_of`."""
    matrices = _of_kernel(kernel, window)

    def few(x):
        return _to_output(_contract(_of_image(x, window), matrices, 2, 1), window)

    return _mapped(few, x, window)


def image(y, kernel, window):
    """`trilinear.image_of`."""
    matrices = _of_kernel(kernel, window)

    def few(y):
        return _to_image(_contract(_of_output(y, window), matrices, 2, 2), window)

    return _mapped(few, y, window)


def kernel(x, y, window):
    """`trilinear.kernel_of`, of a window of either layout."""
    points = partial(_of_image, window=window), partial(_of_output, window=window)
    parts = _split(x, window), _split(y, window)
    return kernel_of_points(parts, window, points, _contract, _of_taps(window))


def _patches(window):
    """The window through which tiles see the image."""
    taps = (s * (TILE - 1) + t for s, t in zip(window.stride, window.taps, strict=True))
    stride = (TILE * s for s in window.stride)
    return Window(window.image, tuple(taps), tuple(stride), window.low, tiles_of(window))


def _tiles(window):
    """The window through which tiles see the output, each its own pixels."""
    side = (TILE, TILE)
    return Window(window.out, side, side, (0, 0), tiles_of(window))


@cache
def _phases(window):
    rows, columns = (
        [(phase, toom_cook(TILE, len(range(phase, t, s)))) for phase in range(s)]
        for t, s in zip(window.taps, window.stride, strict=True)
    )
    phases = []
    for (p, by_row), (q, by_column) in product(rows, columns):
        of_phase = partial(_of_phase, first=(p, q), stride=window.stride)
        matrices = (np.kron(r, c) for r, c in zip(by_row, by_column, strict=True))
        phases.append(_Phase(of_phase(_patches(window).taps), of_phase(window.taps), *matrices))
    return phases


def _of_phase(sides, first, stride):
    """Those of [rows, columns] that are, each `stride`, from `first` on, as row-major numbers."""
    every = np.arange(prod(sides)).reshape(sides)
    return every[first[0] :: stride[0], first[1] :: stride[1]].ravel().tolist()


def _of_taps(window):
    """The matrix [P, kh * kw] of a kernel."""
    parts = []
    for phase in _phases(window):
        part = np.zeros((len(phase.kernel), prod(window.taps)))
        part[:, phase.taps] = phase.kernel
        parts.append(part)
    return np.concatenate(parts)


def _of_kernel(kernel, window):
    """[kh, kw, in, out] to a matrix [P, in, out]."""
    return apply(_of_taps(window), kernel.reshape(-1, *kernel.shape[2:]))


def _of_pixels(window):
    """The matrix [P, TILE * TILE] of a tile of the output."""
    return np.concatenate([phase.out for phase in _phases(window)])


def _of_image(x, window):
    """[B, H, W, C] to a matrix [P, B * tiles, C]."""
    seen = [pixels.reshape(-1, x.shape[-1]) for pixels in seen_by_tap(x, _patches(window))]
    return jnp.concatenate([
        apply(phase.image, jnp.stack([seen[n] for n in phase.pixels]))
        for phase in _phases(window)
    ])  # fmt: skip


def _to_image(points, window):
    """The adjoint of `_of_image`."""
    patches, first = _patches(window), 0
    seen = [jnp.zeros(())] * prod(patches.taps)
    for phase in _phases(window):
        last = first + len(phase.image)
        pixels = apply(phase.image.T, points[first:last])
        for n, each in zip(phase.pixels, pixels, strict=True):
            seen[n] = each.reshape(-1, *patches.out, each.shape[-1])
        first = last
    return image_of_taps(seen, patches)


def _of_output(y, window):
    """[B, out_h, out_w, C] to a matrix [P, B * tiles, C]."""
    pixels = jnp.stack(seen_by_tap(y, _tiles(window)))
    return apply(_of_pixels(window), pixels.reshape(len(pixels), -1, y.shape[-1]))


def _to_output(points, window):
    """The adjoint of `_of_output`."""
    tiles = _tiles(window)
    pixels = apply(_of_pixels(window).T, points)
    return image_of_taps([each.reshape(-1, *tiles.out, each.shape[-1]) for each in pixels], tiles)


def _contract(a, b, axis_a, axis_b):
    """A product of matrices for each point."""
    if onednn.suits_products(a.dtype, a.size * b.shape[3 - axis_b]):
        return onednn.products(a, b, axis_a, axis_b)
    return lax.dot_general(a, b, (((axis_a,), (axis_b,)), ((0,), (0,))))


def _mapped(few, x, window):
    parts = _split(x, window)
    if len(parts) == 1:
        return few(x)
    made = lax.map(few, parts)
    return made.reshape(-1, *made.shape[2:])


def _split(x, window):
    """[B, ...] to [n, B / n, ...] of at most `FEW_TILES`, or of one image."""
    return in_turns(x, max(1, FEW_TILES // prod(tiles_of(window))))
