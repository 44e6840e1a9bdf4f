"""Strided and transposed convolution of volumes [B, D, H, W, C] by kernels [kd, kh, kw, in, out].

On the CPU what each tap of the depth sees becomes channels of an image, so that each slice of the
output is one convolution of images, whose fast forms and derivatives of every order they share.
Elsewhere they are XLA's own. `python -m benchmarks.convolutions` measures both.
"""

import jax
import jax.numpy as jnp
from jax import lax

from gan_jax.ops.convolution import conv, conv_transpose, transpose_pad
from gan_jax.ops.platform import for_platform


def conv3d(x: jax.Array, kernel: jax.Array, stride: int = 1, padding: str = "SAME") -> jax.Array:
    """Convolve `x` with `kernel`; equal to `jax.lax.conv_general_dilated`.

    Args:
      x: [B, D, H, W, in].
      kernel: [kd, kh, kw, in, out], of the dtype of `x`; bfloat16 is summed in float32.
      stride: positive int.
      padding: "SAME" or "VALID".

    Returns:
      [B, D', H', W', out]; "SAME" makes D' = ceil(D / stride).
    """
    return for_platform(native_conv3d, cpu=folded_conv3d)(x, kernel, stride, padding)


def conv3d_transpose(
    x: jax.Array, kernel: jax.Array, stride: int = 2, padding: str = "SAME"
) -> jax.Array:
    """Transposed convolution; equal to `jax.lax.conv_transpose` and to flax's layer.

    Args:
      x: [B, D, H, W, in].
      kernel: [kd, kh, kw, in, out], of the dtype of `x`; bfloat16 is summed in float32.
      stride: positive int.
      padding: "SAME" or "VALID".

    Returns:
      [B, D', H', W', out]; "SAME" makes D' = stride * D.
    """
    form = for_platform(native_conv3d_transpose, cpu=folded_conv3d_transpose)
    return form(x, kernel, stride, padding)


ORDER = ("NDHWC", "DHWIO", "NDHWC")


def native_conv3d(x, kernel, stride, padding):
    """`conv3d` by XLA's convolution."""
    return lax.conv_general_dilated(x, kernel, (stride,) * 3, padding, dimension_numbers=ORDER)


def native_conv3d_transpose(x, kernel, stride, padding):
    """`conv3d_transpose` by XLA's convolution."""
    return lax.conv_transpose(x, kernel, (stride,) * 3, padding, dimension_numbers=ORDER)


def folded_conv3d(x, kernel, stride, padding):
    """`conv3d` by a convolution of images."""
    taps = kernel.shape[0]
    pads = lax.padtype_to_pads(x.shape[1:2], (taps,), (stride,), padding)[0]
    seen = _seen_in_depth(x, taps, stride, pads)  # [B, D', H, W, kd * in]
    flat = kernel.transpose(1, 2, 0, 3, 4).reshape(*kernel.shape[1:3], -1, kernel.shape[-1])
    return _unfold(conv(_fold(seen), flat, stride, padding), len(x))


def folded_conv3d_transpose(x, kernel, stride, padding):
    """`conv3d_transpose` by a transposed convolution of images."""
    taps, outputs = kernel.shape[0], kernel.shape[-1]
    flat = kernel[::-1].transpose(1, 2, 3, 0, 4).reshape(*kernel.shape[1:4], -1)
    y = _unfold(conv_transpose(_fold(x), flat, stride, padding), len(x))
    low, high = transpose_pad(taps, stride, padding)
    depth = (x.shape[1] - 1) * stride + low + high - taps + 2
    pads = (taps - 1 - low, taps - 1 - high)
    whole = jax.ShapeDtypeStruct((len(x), depth, *y.shape[2:4], outputs), y.dtype)
    spread = jax.linear_transpose(lambda v: _seen_in_depth(v, taps, stride, pads), whole)
    return spread(y)[0]


def _seen_in_depth(x, taps, stride, pads):
    """What each tap of the depth sees: [B, D, H, W, C] to [B, D', H, W, kd * C]."""
    zero, depth = jnp.zeros((), x.dtype), x.shape[1]
    x = lax.pad(x, zero, [(0, 0, 0), (*pads, 0), *[(0, 0, 0)] * 3])
    reach = depth + sum(pads) - taps + 1
    return jnp.concatenate([x[:, i : i + reach : stride] for i in range(taps)], axis=-1)


def _fold(x):
    """Slices as images: [B, D, H, W, C] to [B * D, H, W, C]."""
    return x.reshape(-1, *x.shape[2:])


def _unfold(x, batch):
    return x.reshape(batch, -1, *x.shape[1:])
