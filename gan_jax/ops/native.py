"""XLA's own convolutions: of any stride, and both adjoints of those of stride 1.

XLA's CPU compiler multiplies patches where a convolution takes [B, H, W, C] by [kh, kw, in, out].
It brings other orders into this one at the top of a program only: inside a loop, where training is,
the adjoint in the kernel that JAX derives ran 50 times slower. So both adjoints are written here as
convolutions of that order: by the kernel turned round, and by one map of another.
"""

from math import prod

import jax.numpy as jnp
from jax import lax

from gan_jax.ops.window import in_turns, turn

FEW_IMAGES = 16  # whose pixels a kernel's gradient sums at a time: faster, and keeps more digits
CACHED = 2**20  # bytes of outputs that it reads over and over, once for each row of patches
FEWEST = 16  # channels from which on it is as fast as any
NARROW = 64  # channels from which on a map with fewer than it is made of is faster by columns


def suits(name, window, dtype, channels):
    """Whether to compute a map so, as measured, if not by tiles; arguments as of `on_cpu`."""
    of_image, of_output = channels
    made, seen = (of_image, of_output) if name == "image" else (of_output, of_image)
    is_strided = window.stride != (1, 1)
    if name == "kernel":
        is_fast = 4 * prod(window.out) * of_output <= CACHED
    else:
        is_fast = is_strided or made >= seen or made < NARROW
    return (
        dtype == jnp.float32
        and (not is_strided or (name == "output" and not window.turned))
        and prod(window.taps) > 1
        and min(channels) >= FEWEST
        and is_fast
    )


def output(x, kernel, window):
    """`trilinear.output_of`."""
    return _conv(x, kernel, window.stride, window.zeros)


def image(y, kernel, window):
    """`trilinear.image_of`."""
    return output(y, turn(kernel), window.adjoint)


def kernel(x, y, window):
    """`trilinear.kernel_of`: channels are its images, and images its channels."""
    lengths = zip(window.low, window.image, window.out, window.taps, strict=True)
    pads = [(low, out + taps - 1 - low - n) for low, n, out, taps in lengths]

    def few(total, xy):
        x, y = xy
        return total + _conv(x.transpose(3, 1, 2, 0), y.transpose(1, 2, 0, 3), (1, 1), pads), None

    most = max(1, min(FEW_IMAGES, CACHED // (prod(y.shape[1:]) * y.dtype.itemsize)))
    split = in_turns(x, most), in_turns(y, most)
    start = jnp.zeros((x.shape[-1], *window.taps, y.shape[-1]), x.dtype)
    return lax.scan(few, start, split)[0].transpose(1, 2, 0, 3)


def _conv(x, kernel, stride, pads):
    return lax.conv_general_dilated(
        x, kernel, stride, pads, dimension_numbers=("NHWC", "HWIO", "NHWC")
    )
