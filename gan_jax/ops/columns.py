"""Convolution as a matrix product with the columns of the image.

At stride 1 the output has columns as well, and those of fewer channels are made: a few images at a
time, since at as many times the size of their image as the kernel has taps, they are worth neither
writing to memory nor keeping for the backward pass.
"""

from math import prod

import jax.numpy as jnp
from jax import lax

from gan_jax.ops import onednn
from gan_jax.ops.window import col2im, im2col, turn

COLUMN_BYTES = 2**23  # of columns made at a time: what stays in cache until it is multiplied
FEW_COLUMN_BYTES = 2**25  # of all columns, for which a loop costs more than it saves


def whole_image(y, kernel, window):
    """`trilinear.image_of` with the columns of all images at once."""
    matrix = kernel.reshape(-1, kernel.shape[-1])  # [kh * kw * in, out]
    return col2im(_contract(y, matrix, 3, 1), window).astype(y.dtype)


def whole_kernel(x, y, window):
    """`trilinear.kernel_of` with the columns of all images at once."""
    shape = (*window.taps, x.shape[-1], y.shape[-1])
    columns, y = (a.reshape(-1, a.shape[-1]) for a in (im2col(x, window), y))
    return _contract(y, columns, 0, 0).T.reshape(shape).astype(x.dtype)


def output(x, kernel, window):
    """`trilinear.output_of`."""
    if _fewer(kernel.shape[3], kernel.shape[2], window):
        return _image(x, turn(kernel), window.adjoint)
    return _output(x, kernel, window)


def image(y, kernel, window):
    """`trilinear.image_of`."""
    if _fewer(kernel.shape[3], kernel.shape[2], window):
        return _output(y, turn(kernel), window.adjoint)
    return _image(y, kernel, window)


def kernel(x, y, window):
    """`trilinear.kernel_of`."""
    if _fewer(y.shape[3], x.shape[3], window):
        return turn(_kernel(y, x, window.adjoint))
    return _kernel(x, y, window)


def _fewer(outputs, inputs, window):
    """Whether to make columns of the output, which at stride 1 is as good as of the image."""
    return outputs < inputs and window.stride == (1, 1) and prod(window.taps) > 1


def _output(x, kernel, window):
    matrix = kernel.reshape(-1, kernel.shape[-1])  # [kh * kw * in, out]

    def few(bits):
        columns = _of_bits(im2col(bits, window), x.dtype)
        return _contract(columns, matrix, 3, 0).astype(x.dtype)

    return _each(few, _split(x, matrix.shape[0], window))


def _image(y, kernel, window):
    def few(bits):
        return whole_image(_of_bits(bits, y.dtype), kernel, window)

    return _each(few, _split(y, prod(kernel.shape[:3]), window))


def _kernel(x, y, window):
    shape = (*window.taps, x.shape[-1], y.shape[-1])
    width = shape[0] * shape[1] * shape[2]

    def few(total, xy):
        columns, y = (a.reshape(-1, a.shape[-1]) for a in (im2col(xy[0], window), xy[1]))
        # the transposed product of the smaller matrix: the order that runs fast
        return total + _product_of_rows(y, columns), None  # [out, kh * kw * in]

    start = jnp.zeros((shape[3], width), _accumulator(x))
    split = _split(x, width, window), _split(y, width, window)
    return lax.scan(few, start, split)[0].T.reshape(shape).astype(x.dtype)


def _split(x, width, window):
    """[B, ...] to [n, B / n, ...] so that the columns of B / n images fit COLUMN_BYTES.

    The columns of a kernel of one tap are the image, and come whole, as few do.
    """
    batch = x.shape[0]
    size = batch * window.out[0] * window.out[1] * width * x.dtype.itemsize
    if window.taps == window.stride == (1, 1) or size <= FEW_COLUMN_BYTES:
        return x[None]
    most = min(batch, -(-size // COLUMN_BYTES))
    n = max((d for d in range(1, most + 1) if batch % d == 0), default=1)
    return x.reshape(n, batch // n, *x.shape[1:])


def _each(few, x):
    """The results [B, ...] of a function of a few images' bits, of all images [n, B / n, ...]."""
    made = lax.map(lambda bits: _bits(few(bits)), _bits(x))
    return _of_bits(made.reshape(-1, *made.shape[2:]), x.dtype)


def _contract(a, b, axis_a, axis_b):
    return lax.dot_general(
        a, b, (((axis_a,), (axis_b,)), ((), ())), preferred_element_type=_accumulator(a)
    )


def _product_of_rows(a, b):
    """[n, m] and [n, k] to [m, k]."""
    if onednn.suits_products(a.dtype, a.size * b.shape[1]):
        return onednn.products(a[None], b[None], 1, 1)[0]
    return _contract(a, b, 0, 0)


def _accumulator(x):
    return jnp.promote_types(x.dtype, jnp.float32)


def _bits(x):
    """bfloat16 as integers, which XLA's CPU compiler moves in a loop as they are: it would make
    float32 of a whole array first."""
    return lax.bitcast_convert_type(x, jnp.uint16) if x.dtype == jnp.bfloat16 else x


def _of_bits(x, dtype):
    return x if x.dtype == dtype else lax.bitcast_convert_type(x, dtype)
