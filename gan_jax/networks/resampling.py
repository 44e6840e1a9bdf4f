"""Convolutions of stride 1 that upsampling precedes or a reduction follows, each made one.

Both together are a single convolution of the small map, with a kernel that is larger by one.
"""

import jax
import jax.numpy as jnp

from gan_jax import ops


class UpsampleConv(ops.KernelLayer):
    """[n, h, w, c], upsampled by two to nearest neighbours and convolved: [n, 2h, 2w, features]."""

    def _apply(self, x: jax.Array, kernel: jax.Array) -> jax.Array:
        return upsample_conv(x, kernel)


class PooledConv(ops.KernelLayer):
    """[n, h, w, c], convolved and the means of 2x2 pixels taken: [n, h / 2, w / 2, features]."""

    def _apply(self, x: jax.Array, kernel: jax.Array) -> jax.Array:
        return pooled_conv(x, kernel)


def upsample_conv(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """`conv` by kernel [k, k, in, out] of x [n, h, w, in] upsampled by two to nearest neighbours.

    The upsampling is a transposed convolution with four ones. Of the kernel of side k + 1 that both
    are together, each pixel sees a quarter: 9 products in place of 25, for k = 5.
    """
    low, high = _pads(len(kernel))
    pads = (low + 1, high + 1)
    return ops.conv_transpose(x, _widened(kernel).astype(x.dtype), stride=2, padding=(pads, pads))


def pooled_conv(x: jax.Array, kernel: jax.Array) -> jax.Array:
    """Means of 2x2 pixels of `conv` by kernel [k, k, in, out] of x [n, h, w, in], h and w even.

    For k = 3 these are 16 products for a pixel in place of 36.
    """
    pads = _pads(len(kernel))
    return ops.conv(x, (_widened(kernel) / 4).astype(x.dtype), stride=2, padding=(pads, pads))


def _widened(kernel: jax.Array) -> jax.Array:
    """The kernel convolved with a square of four ones: [k + 1, k + 1, in, out]."""
    kernel = jnp.pad(kernel, ((0, 1), (0, 1), (0, 0), (0, 0)))
    for axis in (0, 1):
        kernel += jnp.roll(kernel, 1, axis)  # zeros come round
    return kernel


def _pads(kernel_size: int) -> tuple[int, int]:
    """Zeros before and after a side that leave its length, for stride 1."""
    return (kernel_size - 1) // 2, kernel_size - 1 - (kernel_size - 1) // 2


def upsampled(x: jax.Array) -> jax.Array:
    """[n, h, w, c] to nearest neighbours [n, 2h, 2w, c]."""
    return x.repeat(2, axis=1).repeat(2, axis=2)


def pixel_shuffle(x: jax.Array, ratio: int) -> jax.Array:
    """[n, h, w, ratio^2 * c] to [n, ratio * h, ratio * w, c]: the pixel (i, j) of a square of the
    output has the channels from (i + ratio * j) * c on (Shi et al. 2016, arXiv 1609.05158, equation
    4)."""
    n, height, width, channels = x.shape
    x = x.reshape(n, height, width, ratio, ratio, channels // ratio**2)
    return x.transpose(0, 1, 4, 2, 3, 5).reshape(n, ratio * height, ratio * width, -1)


def mean_pooled(x: jax.Array) -> jax.Array:
    """[n, h, w, c], h and w even, to the means of 2x2 pixels [n, h / 2, w / 2, c]."""
    n, height, width, channels = x.shape
    return x.reshape(n, height // 2, 2, width // 2, 2, channels).mean(axis=(2, 4))


def bilinear_up(x: jax.Array) -> jax.Array:
    """[n, h, w, c] to [n, 2h, 2w, c]: weights 3/4 and 1/4 of the two nearest lines of each axis."""
    for axis in (1, 2):
        before, after = _shifted(x, axis, 1), _shifted(x, axis, -1)
        pair = jnp.stack([0.25 * before + 0.75 * x, 0.75 * x + 0.25 * after], axis=axis + 1)
        x = pair.reshape(*x.shape[:axis], -1, *x.shape[axis + 1 :])
    return x


def bilinear_down(x: jax.Array) -> jax.Array:
    """[n, h, w, c], h and w even, to [n, h / 2, w / 2, c]: a quarter of what the adjoint of
    `bilinear_up` gives, weights 1/8, 3/8, 3/8, 1/8."""
    for axis in (1, 2):
        split = x.reshape(*x.shape[:axis], -1, 2, *x.shape[axis + 1 :])
        even, odd = jnp.moveaxis(split, axis + 1, 0)
        x = 0.375 * (even + odd) + 0.125 * (_shifted(odd, axis, 1) + _shifted(even, axis, -1))
    return x


def _shifted(x: jax.Array, axis: int, by: int) -> jax.Array:
    """x moved by one line, 1 or -1; a line of zeros comes in."""
    pads = [(0, 0, 0)] * x.ndim
    pads[axis] = (by, -by, 0)
    return jax.lax.pad(x, jnp.zeros((), x.dtype), pads)
