"""Depthwise convolution of images [B, H, W, C]: each channel by a kernel of its own."""

import jax
import jax.numpy as jnp
from jax import lax

from gan_jax.ops.platform import for_platform


def depthwise_conv(x: jax.Array, kernel: jax.Array, stride: int = 1) -> jax.Array:
    """Convolve every channel of `x` by its own kernel, with "SAME" zeros around.

    On the CPU, where XLA's grouped convolution is a naive loop, it is the sum over the taps of
    shifted images, which XLA fuses into one pass; elsewhere it is XLA's own.

    Args:
      x: [B, H, W, C].
      kernel: [kh, kw, 1, C], of the dtype of `x`.
      stride: positive int.

    Returns:
      [B, H', W', C] with H' = ceil(H / stride).
    """
    return for_platform(_native, cpu=_shifted)(x, kernel, stride)


def _shifted(x, kernel, stride):
    taps, strides = kernel.shape[:2], (stride, stride)
    pads = lax.padtype_to_pads(x.shape[1:3], taps, strides, "SAME")
    height, width = (-(-n // stride) for n in x.shape[1:3])
    x = jnp.pad(x, ((0, 0), *pads, (0, 0)))
    return sum(
        x[:, i : i + stride * (height - 1) + 1 : stride, j : j + stride * (width - 1) + 1 : stride]
        * kernel[i, j].reshape(1, 1, 1, -1)
        for i in range(taps[0])
        for j in range(taps[1])
    )


def _native(x, kernel, stride):
    return lax.conv_general_dilated(
        x,
        kernel,
        (stride, stride),
        "SAME",
        dimension_numbers=("NHWC", "HWIO", "NHWC"),
        feature_group_count=x.shape[-1],
        precision=lax.Precision.HIGHEST,  # it waits for memory, not for products
    )
