"""The trilinear form behind convolution, as the three linear maps that it holds.

For an image x, a kernel k and an output y, <conv(x, k), y> is linear in each. Its three partial
gradients `output_of(x, k)`, `image_of(y, k)` and `kernel_of(x, y)` are the convolution, the
transposed convolution and the gradient of the kernel; the derivative of any one is made of the
other two, so derivatives of every order stay within these three functions, and the platform's
choice of algorithm is made here and nowhere else.

On the CPU, where XLA computes dilated convolutions by a naive loop, each takes one of six forms:
the tiles of `fast` or, on larger maps, of `patches`, XLA's own convolution, a product with the
columns of the image, or one for each tap of a transposed convolution's kernel, and, where the
processor has a matrix unit, oneDNN's convolutions.
A kernel's gradient of bfloat16 is computed in float32 there.
`on_cpu` is the table that chooses by shape; `python -m benchmarks.convolutions` measures it again.
Kernels of more than `MOST_TAPS` are left to XLA.

On a GPU each is XLA's own, but for the two adjoints of strided convolutions of tiny maps, and those
of images of a few channels, where cuDNN is slow; docs/performance.md has what was measured.
"""

from functools import partial
from math import prod

import jax
import jax.numpy as jnp

from gan_jax.ops import columns, fast, native, onednn, patches, taps
from gan_jax.ops.platform import for_platform
from gan_jax.ops.window import turn

FORMS = {
    "tiles": fast, "patches": patches, "native": native, "columns": columns, "taps": taps,
    "onednn": onednn,
}  # fmt: skip
"""Modules with an `output`, an `image` and, but for `onednn`, a `kernel`."""

OF_EITHER_LAYOUT = {
    "taps": ("output", "image", "kernel"),
    "onednn": ("output", "image"),
    "tiles": ("kernel",),
    "patches": ("kernel",),
}
"""Maps of those that turn a kernel themselves, or have it turned already."""

FEW_PIXELS = 64  # of all images' outputs up to which it does not pay to turn a kernel
CHANNELS_PER_PIXEL = 4  # from which it does not pay to turn a kernel's gradient
TINY_MAP = 16  # output pixels up to which a GPU gets its adjoints by columns
FEW_CHANNELS = 4  # of an image up to which a GPU gets it by columns
MOST_TAPS = 225  # of a kernel whose columns are made, which takes an operation each to compile


def bilinear(function):
    """A function of (a, b, window): traced once for each shape, and to be given its derivatives."""
    return jax.custom_vjp(jax.jit(function, static_argnums=2), nondiff_argnums=(2,))


@bilinear
def output_of(x, kernel, window):
    """The convolution: [B, H, W, in], [kh, kw, in, out] to [B, out_h, out_w, out]."""
    return _form("output", window, native.output, native.output)(x, kernel, window)


@bilinear
def image_of(y, kernel, window):
    """The adjoint in the image: [B, out_h, out_w, out], [kh, kw, in, out] to [B, H, W, in]."""
    return _form("image", window, _gpu_image, _native_image)(y, kernel, window)


@bilinear
def kernel_of(x, y, window):
    """The adjoint in the kernel: [B, H, W, in], [B, out_h, out_w, out] to [kh, kw, in, out]."""
    return _form("kernel", window, _gpu_kernel, _native_kernel)(x, y, window)


def _form(name, window, gpu, native):
    native = _of_either_layout(name, native)
    if prod(window.taps) > MOST_TAPS:
        return native
    gpu = _of_either_layout(name, gpu)
    return for_platform(native, cpu=partial(_on_cpu, name), gpu=gpu)


def _of_either_layout(name, form):
    """A form of kernels [kh, kw, in, out] that takes turned ones too."""

    def turning(a, b, window):
        if not window.turned:
            return form(a, b, window)
        window = window._replace(turned=False)
        return turn(form(a, b, window)) if name == "kernel" else form(a, turn(b), window)

    return turning


def give_gradients(output, image, kernel):
    """Give the three bilinear functions of (a, b, window) each other as their derivatives."""
    _gradients(output, lambda dy, x, k, w: image(dy, k, w), lambda dy, x, k, w: kernel(x, dy, w))
    _gradients(image, lambda dx, y, k, w: output(dx, k, w), lambda dx, y, k, w: kernel(dx, y, w))
    _gradients(kernel, lambda dk, x, y, w: image(y, dk, w), lambda dk, x, y, w: output(x, dk, w))


def _gradients(function, of_first, of_second):
    """The two derivatives are functions of (cotangent, a, b, window)."""
    function.defvjp(
        lambda a, b, window: (function(a, b, window), (a, b)),
        lambda window, saved, cotangent: (
            of_first(cotangent, *saved, window),
            of_second(cotangent, *saved, window),
        ),
    )


give_gradients(output_of, image_of, kernel_of)


def on_cpu(name, window, dtype, channels, batch):
    """Which of `FORMS` a map takes on the CPU: the fastest, as measured, that keeps the digits.

    Args:
      name: "output", "image" or "kernel".
      window: a `Window`.
      dtype: of both arguments.
      channels: (of the image, of the output).
      batch: how many images there are.
    """
    if onednn.suits(name, window, dtype, channels, batch):
        return "onednn"
    if patches.suits(name, window, dtype, channels, batch):
        return "patches"
    if fast.suits(name, window, dtype, channels, batch):
        return "tiles"
    if native.suits(name, window, dtype, channels):
        return "native"
    pixels = batch * prod(window.out)
    wide = name == "kernel" and max(channels) >= CHANNELS_PER_PIXEL * pixels
    return "taps" if window.turned and (pixels <= FEW_PIXELS or wide) else "columns"


def by_form(form, name):
    """A map of (a, b, window) by one of `FORMS`; `taps` are of turned kernels alone."""
    function = getattr(FORMS[form], name)
    return function if name in OF_EITHER_LAYOUT.get(form, ()) else _of_either_layout(name, function)


def _on_cpu(name, a, b, window):
    if name == "kernel" and a.dtype == jnp.bfloat16:  # XLA multiplies these in float32 anyway
        a, b = a.astype(jnp.float32), b.astype(jnp.float32)
        return _on_cpu(name, a, b, window).astype(jnp.bfloat16)
    channels = (a.shape[-1], b.shape[-1]) if name == "kernel" else b.shape[2:]
    if window.turned and name != "kernel":
        channels = channels[::-1]
    return by_form(on_cpu(name, window, a.dtype, channels, len(a)), name)(a, b, window)


def _gpu_image(y, kernel, window):
    suits = _is_tiny(window) or (min(window.stride) > 1 and kernel.shape[2] <= FEW_CHANNELS)
    return (columns.whole_image if suits else _native_image)(y, kernel, window)


def _gpu_kernel(x, y, window):
    return (columns.whole_kernel if _is_tiny(window) else _native_kernel)(x, y, window)


def _is_tiny(window):
    return min(window.stride) > 1 and prod(window.out) <= TINY_MAP


def _native_image(y, kernel, window):
    x = jax.ShapeDtypeStruct((y.shape[0], *window.image, kernel.shape[2]), y.dtype)
    return jax.linear_transpose(lambda x: native.output(x, kernel, window), x)(y)[0]


def _native_kernel(x, y, window):
    kernel = jax.ShapeDtypeStruct((*window.taps, x.shape[-1], y.shape[-1]), x.dtype)
    return jax.linear_transpose(lambda kernel: native.output(x, kernel, window), kernel)(y)[0]
