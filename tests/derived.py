"""The three maps of a convolution by XLA, the adjoints as JAX derives them."""

import jax
from jax import lax


def output(x, kernel, window):
    lengths = zip(window.image, window.taps, window.stride, window.low, window.out, strict=True)
    pads = [(low, s * (o - 1) + t - low - n) for n, t, s, low, o in lengths]
    names = ("NHWC", "HWIO", "NHWC")
    return lax.conv_general_dilated(x, kernel, window.stride, pads, dimension_numbers=names)


def image(y, kernel, window):
    x = jax.ShapeDtypeStruct((len(y), *window.image, kernel.shape[2]), y.dtype)
    return jax.linear_transpose(lambda x: output(x, kernel, window), x)(y)[0]


def kernel(x, y, window):
    k = jax.ShapeDtypeStruct((*window.taps, x.shape[-1], y.shape[-1]), x.dtype)
    return jax.linear_transpose(lambda k: output(x, k, window), k)(y)[0]
