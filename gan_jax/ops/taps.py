"""Convolution by kernels of the transposed layout, [kh, kw, out, in], as a product for each tap.

A batch of products, one for each tap, reads such a kernel and writes its gradient as they lie in
memory. The columns of an image want them turned first: a copy of the kernel, which takes longer
than its products where a large kernel meets few pixels.
"""

from math import prod

import jax.numpy as jnp
from jax import lax

from gan_jax.ops.window import image_of_taps, seen_by_tap


def output(x, kernel, window):
    """`trilinear.output_of`."""
    seen = _seen(x, window).swapaxes(1, 2)
    # term by term and pixels last, a quarter faster than by `sum(0)` and channels last
    made = sum(_products(_matrices(kernel), seen, 2, 1))  # [out, B * out_h * out_w]
    return made.T.reshape(len(x), *window.out, -1).astype(x.dtype)


def image(y, kernel, window):
    """`trilinear.image_of`."""
    made = _products(_repeated(y, window), _matrices(kernel), 2, 1)[::-1]
    made = made.reshape(len(made), len(y), *window.out, -1)
    return image_of_taps(made, window).astype(y.dtype)


def kernel(x, y, window):
    """`trilinear.kernel_of`."""
    made = _products(_repeated(y, window), _seen(x, window), 1, 1)  # [taps, out, in]
    return made.reshape(*window.taps, *made.shape[1:]).astype(x.dtype)


def _seen(x, window):
    """What each tap sees, in the kernel's order: [B, H, W, C] to [taps, B * out_h * out_w, C]."""
    return jnp.stack(seen_by_tap(x, window)[::-1]).reshape(prod(window.taps), -1, x.shape[-1])


def _repeated(y, window):
    """[B, out_h, out_w, C] to [taps, B * out_h * out_w, C], which XLA need not write."""
    pixels = y.reshape(-1, y.shape[-1])
    return jnp.broadcast_to(pixels, (prod(window.taps), *pixels.shape))


def _matrices(kernel):
    """[kh, kw, out, in] to [taps, out, in]."""
    return kernel.reshape(-1, *kernel.shape[2:])


def _products(a, b, axis_a, axis_b):
    return lax.dot_general(
        a,
        b,
        (((axis_a,), (axis_b,)), ((0,), (0,))),
        preferred_element_type=jnp.promote_types(a.dtype, jnp.float32),
    )
