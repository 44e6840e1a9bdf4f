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
from math import prod
from typing import NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax

TILE = 4  # output pixels that share their products; more of them lose float32 digits

# the order keeps small both the matrices and what rounding costs them; infinity is the last point
POINTS = [Fraction(p) for p in ("0", "1", "-1", "2", "-1/2", "-2", "1/2", "3", "-1/3")]


def suits(window, dtype, channels):
    """Whether to convolve so: where that was measured to be faster, and keeps the digits.

    The matrix products of a point must outweigh its transforms. More than 3 taps of a phase would
    cost digits, and bfloat16 has none to lose; the program grows with the tiles.
    """
    points = [min(s, t) * (TILE - 1) + t for s, t in zip(window.stride, window.taps, strict=True)]
    tiles = [-(-n // TILE) for n in window.out]
    fast = prod(points) * prod(tiles)
    return (
        dtype in (jnp.float32, jnp.float64)
        and prod(tiles) * min(channels) >= 192
        and max(tiles) <= 2
        and all(t <= 3 * s for s, t in zip(window.stride, window.taps, strict=True))
        and 2 * fast <= prod(window.out) * prod(window.taps)
    )


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
    image, taps, stride, low, out = (field[axis] for field in window)
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
    return _product(x, kernel.transpose(2, 0, 1, 3), window, ("image", "kernel", "out"), (1, 0))


def image(y, kernel, window):
    """`trilinear.image_of`."""
    return _product(y, kernel.transpose(2, 0, 1, 3), window, ("out", "kernel", "image"), (1, 1))


def kernel(x, y, window):
    """`trilinear.kernel_of`."""
    k = _product(x, y, window, ("image", "out", "kernel"), (0, 0))
    return k.transpose(1, 2, 0, 3)


def _product(a, b, window, roles, axes):
    """Transform `a` and `b`, contract `axes` of their matrices [:, C], and transform back.

    All are laid out as images [B, H, W, C], the kernel as [in, kh, kw, out]; `roles` are the names
    in `Transforms` of `a`, of `b` and of the result. A loop over the points of the rows keeps what
    it makes in cache, and the program short.
    """
    rows, columns = ([getattr(transforms(window, axis), r) for r in roles] for axis in (0, 1))
    contraction = (((axes[0],), (axes[1],)), ((), ()))

    def one_row(ab):
        pairs = zip(*(_to_points(r, m) for r, m in zip(ab, columns[:2], strict=True)), strict=True)
        products = [lax.dot_general(p, q, contraction) for p, q in pairs]
        return _from_points(products, columns[2], rows[2].shape[1])

    return _from_rows(lax.map(one_row, (_to_rows(a, rows[0]), _to_rows(b, rows[1]))), rows[2])


def _to_rows(x, matrix):
    """[B, H, W, C] to [P, T, B, W, C] by [P, T, H]."""
    combined = _combine(matrix.reshape(-1, matrix.shape[-1]), _parts(x, 1))
    # unfused from the sums, the stack is a copy of memory
    stacked = jnp.stack(lax.optimization_barrier(combined))
    return stacked.reshape(*matrix.shape[:2], *stacked.shape[1:])


def _to_points(rows, matrix):
    """[T, B, W, C] to one matrix [T * U * B, C] for each of Q points, by [Q, U, W]."""
    tiles = [_parts(row, 1) for row in rows]
    return [jnp.concatenate([s for t in tiles for s in _combine(point, t)]) for point in matrix]


def _from_points(products, matrix, tiles):
    """The adjoint of `_to_points`: Q matrices [T * U * B, C] to [T, B, W, C]."""
    back = matrix.reshape(-1, matrix.shape[-1]).T
    split = [p.reshape(tiles, matrix.shape[1], -1, p.shape[-1]) for p in products]
    by_tile = ([part for s in split for part in _parts(s[t], 0)] for t in range(tiles))
    return jnp.stack([jnp.stack(_combine(back, parts), 1) for parts in by_tile])


def _from_rows(rows, matrix):
    """The adjoint of `_to_rows`: [P, T, B, W, C] to [B, H, W, C]."""
    back = matrix.reshape(-1, matrix.shape[-1]).T
    return jnp.stack(_combine(back, _parts(rows.reshape(-1, *rows.shape[2:]), 0)), 1)


def _parts(x, axis):
    return [lax.index_in_dim(x, i, axis, keepdims=False) for i in range(x.shape[axis])]


def _combine(matrix, parts):
    """One sum for each row of the matrix, of the parts that it does not zero."""
    nothing = jnp.zeros_like(parts[0])
    return [
        sum((float(c) * p for c, p in zip(row, parts, strict=True) if c), start=nothing)
        for row in matrix
    ]
