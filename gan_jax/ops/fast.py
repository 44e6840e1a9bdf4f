"""Convolution by fewer multiplications: the fast algorithm of Toom, Cook and Winograd.

On one axis, the sum over output pixels i and taps t of y[i] k[t] x[stride * i + t] is also the sum
over points p of (A y)[p] (G k)[p] (B x)[p], with fewer points than pairs (i, t): 11 for 4 pixels
and 5 taps of stride 2, instead of 20. Nesting the rows and the columns squares the saving, and
channels make every product of two transforms a matrix product. The form is symmetric, so one
function serves the convolution and both of its adjoints: transform two, multiply, and transform
back by the transposed matrix of the third.

S. Winograd, Arithmetic Complexity of Computations, 1980; A. Lavin and S. Gray, Fast Algorithms for
Convolutional Neural Networks, arXiv 1509.09308.
"""

from fractions import Fraction
from functools import partial, reduce
from itertools import cycle
from math import prod
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax

from gan_jax.ops import onednn
from gan_jax.ops.window import in_turns, turn

TILE = 4  # output pixels that share their products; more of them lose float32 digits
FEWEST = 128  # tiles of a batch; of one image of 512 channels columns take 8 ms and points 220
FEWEST_OF_KERNEL = 64  # for its gradient, which is transformed back once
FEW_TILES = 512  # of which the points for it are made at a time

# the order keeps small both the matrices and what rounding costs them; infinity is the last point
POINTS = [Fraction(p) for p in ("0", "1", "-1", "2", "-1/2", "-2", "1/2", "3", "-1/3")]


def suits(name, window, dtype, channels, batch):
    """Whether to convolve so: where that was measured to be faster, and keeps the digits.

    The matrix products of a point must outweigh its transforms, of which those of the kernel take
    as long for one image as for many; the program grows with the tiles.
    """
    tiles = tiles_of(window)
    fewest = 48 if by_points(name, window, dtype, channels, batch) else max(48, 128 // prod(tiles))
    return (
        keeps_digits(window, dtype)
        and batch * prod(tiles) >= (FEWEST_OF_KERNEL if name == "kernel" else FEWEST)
        and min(channels) >= fewest
        and max(tiles) <= 2
        and 2 * products_of(window) <= prod(window.out) * prod(window.taps)
    )


def by_points(name, window, dtype, channels, batch):
    """Whether a map is one call of oneDNN's products for all points."""
    count = batch * products_of(window) * prod(channels)
    return name == "kernel" and onednn.suits_products(dtype, count)


def keeps_digits(window, dtype):
    """More than 3 taps of a phase would cost digits, and bfloat16 has none to lose."""
    few_taps = all(t <= 3 * s for s, t in zip(window.stride, window.taps, strict=True))
    return dtype in (jnp.float32, jnp.float64) and few_taps


def tiles_of(window):
    """How many of them cover the output: (rows, columns)."""
    return tuple(-(-n // TILE) for n in window.out)


def products_of(window):
    """How many each pair of channels takes: a point for each pixel of a tile and each tap, less one
    in each phase."""
    points = (min(s, t) * (TILE - 1) + t for s, t in zip(window.stride, window.taps, strict=True))
    return prod(points) * prod(tiles_of(window))


class Transforms(NamedTuple):
    """Matrices of one axis, each [points, tiles, length]; the kernel counts as one tile."""

    image: np.ndarray
    kernel: np.ndarray
    out: np.ndarray


def toom_cook(outputs, taps):
    """Matrices A [n, outputs], G [n, taps] and B [n, n], n = outputs + taps - 1, of stride 1.

    The sum of y[i] k[t] x[i + t] is that of (A y)[p] (G k)[p] (B x)[p]: y and k are polynomials,
    A and G evaluate them at the points, and B pairs x with the interpolated coefficients of the
    product.
    """
    n = outputs + taps - 1
    points = POINTS[: n - 1]
    a = [[p**i for i in range(outputs)] for p in points]
    g, b = [], []
    for p in points:
        others = [q for q in points if q != p]
        scale = prod((p - q for q in others), start=Fraction(1))
        g.append([p**t / scale for t in range(taps)])
        b.append([*_with_roots(others), Fraction(0)])
    # infinity: the leading coefficients
    a.append([*[Fraction(0)] * (outputs - 1), Fraction(1)])
    g.append([*[Fraction(0)] * (taps - 1), Fraction(1)])
    b.append(_with_roots(points))
    return tuple(np.array(matrix, np.float64) for matrix in (a, g, b))


def _with_roots(roots):
    """Coefficients, lowest first, of the monic polynomial with these roots."""
    coefficients: list = [Fraction(1)]
    for root in roots:
        up, here = [0, *coefficients], [*coefficients, 0]
        coefficients = [u - root * h for u, h in zip(up, here, strict=True)]
    return coefficients


def transforms(window, axis):
    """The `Transforms` of a window on one axis: zeros around the image are left out of it.

    The taps of each phase, one residue modulo the stride, see every stride-th pixel only: they
    are a convolution of stride 1, and its points are apart from those of the other phases.
    """
    image, taps, stride, low, out = (field[axis] for field in window[:5])
    tiles = -(-out // TILE)
    parts = []
    for phase in range(min(stride, taps)):
        a, g, b = toom_cook(TILE, len(range(phase, taps, stride)))
        shapes = (tiles, image), (1, taps), (tiles, out)
        part = Transforms(*(np.zeros((len(a), *shape)) for shape in shapes))
        part.kernel[:, 0, phase::stride] = g
        for tile in range(tiles):
            pixels = range(tile * TILE, min(out, (tile + 1) * TILE))
            part.out[:, tile, pixels] = a[:, : len(pixels)]
            for i in range(b.shape[1]):
                pixel = stride * (tile * TILE + i) + phase - low
                if 0 <= pixel < image:
                    part.image[:, tile, pixel] = b[:, i]
        parts.append(part)
    return Transforms(*(np.concatenate(same) for same in zip(*parts, strict=True)))


def output(x, kernel, window):
    """`trilinear.output_of`."""
    return _product(x, kernel.transpose(2, 0, 1, 3), window, ("image", "kernel", "out"), (2, 1))


def image(y, kernel, window):
    """`trilinear.image_of`."""
    return _product(y, kernel.transpose(3, 0, 1, 2), window, ("out", "kernel", "image"), (2, 1))


def kernel(x, y, window):
    """`trilinear.kernel_of`, of a window of either layout."""
    if by_points("kernel", window, x.dtype, (x.shape[-1], y.shape[-1]), len(x)):
        return _kernel_by_points(x, y, window)
    k = _product(x, y, window, ("image", "out", "kernel"), (1, 1)).transpose(1, 2, 0, 3)
    return turn(k) if window.turned else k


def _kernel_by_points(x, y, window):
    """The same by oneDNN's products, of all points at once."""
    rows, columns = (transforms(window, axis) for axis in (0, 1))
    most = max(1, FEW_TILES // prod(tiles_of(window)))
    of_image = partial(_points, rows=rows.image, columns=columns.image)
    of_output = partial(_points, rows=rows.out, columns=columns.out)
    matrix = np.kron(rows.kernel[:, 0], columns.kernel[:, 0])
    parts = in_turns(x, most), in_turns(y, most)
    return kernel_of_points(parts, window, (of_image, of_output), onednn.products, matrix)


def kernel_of_points(parts, window, points, products, matrix):
    """`trilinear.kernel_of`, of a window of either layout, from a few images' points at a time.

    Args:
      parts: images and outputs, [n, B, H, W, C] each.
      window: a `Window`.
      points: two functions, of some images and of their outputs, to matrices [P, K, C].
      products: a function of two such and of the axes to contract.
      matrix: that of a kernel's taps, [P, kh * kw].
    """
    order = -1 if window.turned else 1
    channels = tuple(part.shape[-1] for part in parts)[::order]

    def few(total, part):
        a, b = [of(images) for of, images in zip(points, part, strict=True)][::order]
        return total + products(a, b, 1, 1), None

    start = jnp.zeros((len(matrix), *channels), parts[0].dtype)
    made = lax.scan(few, start, parts)[0]
    return apply(matrix[:, ::order].T, made).reshape(*window.taps, *channels)


def _points(x, rows, columns):
    """[B, H, W, C] to [P * Q, U * T * B, C], by [P, T, H] and [Q, U, W].

    For each point of the rows, that of the columns is one product for all tiles, with a matrix of
    a block for each row of them: so the tiles come to lie beside the images, for all to be summed.
    """
    points, tiles, height = rows.shape
    width, channels = x.shape[2:]
    x = apply(rows.reshape(-1, height), x.transpose(1, 2, 0, 3))
    blocks = np.einsum("quw,st->qustw", columns, np.eye(tiles)).reshape(-1, tiles * width)
    blocks = jnp.broadcast_to(jnp.asarray(blocks, x.dtype), (points, *blocks.shape))
    x = x.reshape(points, tiles * width, -1)
    made = lax.dot_general(blocks, x, (((2,), (1,)), ((0,), (0,))))
    return made.reshape(points * len(columns), -1, channels)


def _product(a, b, window, roles, axes):
    """Transform `a` and `b`, contract `axes` of their matrices [P, T * B, C], and transform back.

    All are laid out as images [B, H, W, C], the kernel as [in, kh, kw, out] or the same with its
    channels exchanged; `roles` are the names in `Transforms` of `a`, of `b` and of the result. The
    points of the columns are apart to the end: XLA runs small products side by side, where it
    leaves a large batch of them to one thread, and the rows of one point stay in cache.
    """
    rows, columns = ([getattr(transforms(window, axis), r) for r in roles] for axis in (0, 1))
    contraction = (((axes[0],), (axes[1],)), ((0,), (0,)))
    tiles = [_to_columns(x, matrix) for x, matrix in zip((a, b), columns[:2], strict=True)]
    points, wide = columns[2].shape[:2]

    def at(q):
        left, right = (
            [_to_rows(tile[q], matrix) for tile in side]
            for side, matrix in zip(tiles, rows[:2], strict=True)
        )
        # the one tile of a kernel serves all tiles of the other, and the tiles of two add up to it
        products = [lax.dot_general(p, r, contraction) for p, r in zip(left, cycle(right))]
        if wide == 1:
            products = [reduce(jnp.add, products)]
        return [_from_rows(p, rows[2]) for p in products]

    made = zip(*(at(q) for q in range(points)), strict=True)
    return _from_columns([jnp.stack(tile) for tile in made], columns[2])


def _to_columns(x, matrix):
    """[B, H, W, C] to [Q, H, B, C] for each of U tiles, by [Q, U, W]."""
    x = x.transpose(2, 1, 0, 3)
    seen = [slice(*_span(tile)) for tile in matrix.swapaxes(0, 1)]
    return [apply(matrix[:, u, s], x[s]) for u, s in enumerate(seen)]


def _from_columns(tiles, matrix):
    """The adjoint of `_to_columns`: U arrays [Q, H, B, C] to [B, H, W, C], by [Q, U, W]."""
    parts = []
    for u, tile in enumerate(tiles):
        low, high = _span(matrix[:, u])
        part = apply(matrix[:, u, low:high].T, tile)
        pads = [(low, matrix.shape[2] - high, 0), *[(0, 0, 0)] * 3]
        parts.append(lax.pad(part, jnp.zeros((), part.dtype), pads))
    return reduce(jnp.add, parts).transpose(2, 1, 0, 3)


def _to_rows(x, matrix):
    """[H, B, C] to one matrix [T * B, C] for each of P points, by [P, T, H]."""
    points = apply(matrix.reshape(-1, matrix.shape[2]), x)
    return points.reshape(matrix.shape[0], -1, x.shape[-1])


def _from_rows(x, matrix):
    """The adjoint of `_to_rows`: [P, T * B, C] to [H, B, C]."""
    back = matrix.reshape(-1, matrix.shape[2]).T
    return apply(back, x.reshape(back.shape[1], -1, x.shape[-1]))


def apply(matrix, x):
    """[n, m] times [m, ...] as [n, ...]: as a matrix product far faster than as sums."""
    flat = jnp.asarray(matrix, x.dtype) @ x.reshape(x.shape[0], -1)
    return flat.reshape(-1, *x.shape[1:])


def _span(matrix):
    """(first, one past the last) of the columns of [Q, W] that are not all zero.

    A tile that sees nothing but padding keeps a column of zeros.
    """
    columns = np.flatnonzero(matrix.any(0)).tolist() or [0]
    return columns[0], columns[-1] + 1
