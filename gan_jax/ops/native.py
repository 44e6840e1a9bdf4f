"""XLA's own convolutions of stride 1, all three maps in the one order of axes that runs fast.

XLA's CPU compiler multiplies patches where a convolution takes [B, H, W, C] by [kh, kw, in, out].
It brings other orders into this one at the top of a program only: inside a loop, where training is,
the adjoint in the kernel that JAX derives ran 50 times slower. So both adjoints are written here as
convolutions of that order: by the kernel turned round, and by one map of another.
"""

import jax.numpy as jnp
from jax import lax

from gan_jax.ops.window import in_turns, turn

FEW_IMAGES = 16  # whose pixels a kernel's gradient sums at a time: faster, and keeps more digits


def output(x, kernel, window):
    """`trilinear.output_of`."""
    return _conv(x, kernel, _pads(window.low, window.image, window.taps, window.out))


def image(y, kernel, window):
    """`trilinear.image_of`."""
    return output(y, turn(kernel), window.adjoint)


def kernel(x, y, window):
    """`trilinear.kernel_of`: channels are its images, and images its channels."""
    pads = _pads(window.low, window.image, window.out, window.taps)

    def few(total, xy):
        x, y = xy
        return total + _conv(x.transpose(3, 1, 2, 0), y.transpose(1, 2, 0, 3), pads), None

    start = jnp.zeros((x.shape[-1], *window.taps, y.shape[-1]), x.dtype)
    return lax.scan(few, start, (_split(x), _split(y)))[0].transpose(1, 2, 0, 3)


def _conv(x, kernel, pads):
    return lax.conv_general_dilated(
        x, kernel, (1, 1), pads, dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def _pads(low, image, taps, out):
    return [(n, o + t - 1 - n - i) for n, i, t, o in zip(low, image, taps, out, strict=True)]


def _split(x):
    """[B, ...] to [n, B / n, ...] of at most `FEW_IMAGES`."""
    return in_turns(x, FEW_IMAGES)
