"""Strided and transposed convolution of images [B, H, W, C] by kernels [kh, kw, in, out].

Both, and all their derivatives, are the three functions of `trilinear`, which choose the
algorithm by the platform. They have reverse-mode derivatives of every order, and no
forward-mode ones.
"""

from jax import lax

from gan_jax.ops.trilinear import image_of, output_of
from gan_jax.ops.window import Window


def conv(x, kernel, stride=1, padding="SAME"):
    """Convolve `x` with `kernel`; equal to `jax.lax.conv_general_dilated`.

    Args:
      x: [B, H, W, in].
      kernel: [kh, kw, in, out], of the dtype of `x`; bfloat16 is summed in float32.
      stride: positive int.
      padding: "SAME", "VALID", or the zeros to add as ((top, bottom), (left, right)).

    Returns:
      [B, H', W', out]; "SAME" makes H' = ceil(H / stride).
    """
    image, taps, strides = x.shape[1:3], kernel.shape[:2], (stride, stride)
    pads = lax.padtype_to_pads(image, taps, strides, padding) if padding in _NAMED else padding
    out = tuple((n + sum(p) - t) // stride + 1 for n, p, t in zip(image, pads, taps, strict=True))
    return output_of(x, kernel, Window(image, taps, strides, tuple(p[0] for p in pads), out))


def conv_transpose(x, kernel, stride=2, padding="SAME"):
    """Transposed convolution; equal to `jax.lax.conv_transpose` and to flax's layer.

    It is the adjoint of the `conv` whose kernel is this one with both spatial axes flipped and
    the channel axes exchanged.

    Args:
      x: [B, H, W, in].
      kernel: [kh, kw, in, out], of the dtype of `x`; bfloat16 is summed in float32.
      stride: positive int.
      padding: "SAME", "VALID", or the zeros that surround the dilated `x`, as
        ((top, bottom), (left, right)).

    Returns:
      [B, H', W', out]; "SAME" makes H' = stride * H.
    """
    out, taps = x.shape[1:3], kernel.shape[:2]
    pads = [transpose_pad(t, stride, padding) for t in taps] if padding in _NAMED else padding
    image = tuple(
        (n - 1) * stride + sum(p) - t + 2 for n, p, t in zip(out, pads, taps, strict=True)
    )
    low = tuple(t - 1 - p[0] for t, p in zip(taps, pads, strict=True))
    return image_of(x, kernel, Window(image, taps, (stride, stride), low, out, turned=True))


_NAMED = ("SAME", "VALID")


def transpose_pad(taps, stride, padding):
    """(low, high) of the dilated input on one axis, by the rule of `jax.lax.conv_transpose`."""
    if padding == "VALID":
        return taps - 1, taps - 1 + max(stride - taps, 0)
    total = taps + stride - 2
    low = taps - 1 if stride > taps - 1 else -(-total // 2)
    return low, total - low
