"""The three maps of a convolution by XLA, the adjoints as JAX derives them."""

import jax
import jax.numpy as jnp
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


def same(x, kernel, groups=1):
    """The convolution of stride 1 with "SAME" zeros around, by groups of channels."""
    return lax.conv_general_dilated(
        *(x, kernel, (1, 1), "SAME"),
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=groups,
    )


def second_derivatives(function, compiler_options=None):
    """Of a function of an image and a kernel, the gradients of its squared gradient in both: each
    of the three maps is differentiated."""

    def penalty(x, kernel):
        inner = jax.grad(lambda x, k: jnp.tanh(function(x, k)).sum(), (0, 1))(x, kernel)
        return sum(jnp.square(slope).sum() for slope in inner)

    return jax.jit(jax.grad(penalty, (0, 1)), compiler_options=compiler_options)
