"""The trilinear form behind convolution, as the three linear maps that it holds.

For an image x, a kernel k and an output y, <conv(x, k), y> is linear in each. Its three partial
gradients `output_of(x, k)`, `image_of(y, k)` and `kernel_of(x, y)` are the convolution, the
transposed convolution and the gradient of the kernel; the derivative of any one is made of the
other two, so derivatives of every order stay within these three functions, and the platform's
choice of algorithm is made here and nowhere else.

On the CPU, where XLA computes dilated convolutions by a naive loop, each is the algorithm of
`fast` where that suits, else a matrix product with the columns of the image. The columns are made
for a few images at a time: 25 times the size of their image, they are worth neither writing to
memory nor keeping for the backward pass. Kernels of more than `MOST_TAPS` are left to XLA.

On a GPU each is XLA's own, but for the two adjoints of strided convolutions of tiny maps, and those
of images of a few channels, where cuDNN is slow; docs/performance.md has what was measured.
"""

from functools import partial
from math import prod

import jax
import jax.numpy as jnp
from jax import lax

from gan_jax.ops import fast
from gan_jax.ops.window import col2im, im2col

COLUMN_BYTES = 2**23  # of columns made at a time: what stays in cache until it is multiplied
TINY_MAP = 16  # output pixels up to which a GPU gets its adjoints by columns
FEW_CHANNELS = 4  # of an image up to which a GPU gets it by columns
MOST_TAPS = 225  # of a kernel whose columns are made, which takes an operation each to compile


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def output_of(x, kernel, window):
    """The convolution: [B, H, W, in], [kh, kw, in, out] to [B, out_h, out_w, out]."""
    return _choose(_cpu_output, _native_output, _native_output, x, kernel, window)


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def image_of(y, kernel, window):
    """The adjoint in the image: [B, out_h, out_w, out], [kh, kw, in, out] to [B, H, W, in]."""
    return _choose(_cpu_image, _gpu_image, _native_image, y, kernel, window)


@partial(jax.custom_vjp, nondiff_argnums=(2,))
def kernel_of(x, y, window):
    """The adjoint in the kernel: [B, H, W, in], [B, out_h, out_w, out] to [kh, kw, in, out]."""
    return _choose(_cpu_kernel, _gpu_kernel, _native_kernel, x, y, window)


@partial(jax.jit, static_argnums=(0, 1, 2, 5))  # traced once for each shape, however often called
def _choose(cpu, gpu, native, a, b, window):
    if prod(window.taps) > MOST_TAPS:
        cpu = gpu = native
    cpu, gpu, native = (partial(function, window=window) for function in (cpu, gpu, native))
    return lax.platform_dependent(a, b, cpu=cpu, cuda=gpu, default=native)


def _gradients(function, of_first, of_second):
    """Give the bilinear `function(a, b)` its two derivatives, as functions of (cotangent, a, b)."""
    function.defvjp(
        lambda a, b, window: (function(a, b, window), (a, b)),
        lambda window, saved, cotangent: (
            of_first(cotangent, *saved, window),
            of_second(cotangent, *saved, window),
        ),
    )


_gradients(
    output_of,
    lambda dy, x, kernel, window: image_of(dy, kernel, window),
    lambda dy, x, kernel, window: kernel_of(x, dy, window),
)
_gradients(
    image_of,
    lambda dx, y, kernel, window: output_of(dx, kernel, window),
    lambda dx, y, kernel, window: kernel_of(dx, y, window),
)
_gradients(
    kernel_of,
    lambda dk, x, y, window: image_of(y, dk, window),
    lambda dk, x, y, window: output_of(x, dk, window),
)


def _cpu_output(x, kernel, window):
    suits = fast.suits(window, x.dtype, kernel.shape[2:], len(x))
    return (fast.output if suits else _gemm_output)(x, kernel, window)


def _cpu_image(y, kernel, window):
    suits = fast.suits(window, y.dtype, kernel.shape[2:], len(y))
    return (fast.image if suits else _gemm_image)(y, kernel, window)


def _cpu_kernel(x, y, window):
    suits = fast.suits(window, x.dtype, (x.shape[-1], y.shape[-1]), len(x))
    return (fast.kernel if suits else _gemm_kernel)(x, y, window)


def _gpu_image(y, kernel, window):
    suits = _is_tiny(window) or (min(window.stride) > 1 and kernel.shape[2] <= FEW_CHANNELS)
    return (_columns_image if suits else _native_image)(y, kernel, window)


def _gpu_kernel(x, y, window):
    return (_columns_kernel if _is_tiny(window) else _native_kernel)(x, y, window)


def _is_tiny(window):
    return min(window.stride) > 1 and prod(window.out) <= TINY_MAP


def _columns_image(y, kernel, window):
    """`_gemm_image` with the columns of all images at once."""
    matrix = kernel.reshape(-1, kernel.shape[-1])  # [kh * kw * in, out]
    return col2im(_contract(y, matrix, 3, 1), window).astype(y.dtype)


def _columns_kernel(x, y, window):
    """`_gemm_kernel` with the columns of all images at once."""
    shape = (*window.taps, x.shape[-1], y.shape[-1])
    columns, y = (a.reshape(-1, a.shape[-1]) for a in (im2col(x, window), y))
    return _contract(y, columns, 0, 0).T.reshape(shape).astype(x.dtype)


def _gemm_output(x, kernel, window):
    matrix = kernel.reshape(-1, kernel.shape[-1])  # [kh * kw * in, out]

    def few(x):
        return _contract(im2col(x, window), matrix, 3, 0).astype(x.dtype)

    return _join(lax.map(few, _split(x, matrix.shape[0], window)))


def _gemm_image(y, kernel, window):
    def few(y):
        return _columns_image(y, kernel, window)

    return _join(lax.map(few, _split(y, prod(kernel.shape[:3]), window)))


def _gemm_kernel(x, y, window):
    shape = (*window.taps, x.shape[-1], y.shape[-1])
    width = shape[0] * shape[1] * shape[2]

    def few(total, xy):
        columns, y = (a.reshape(-1, a.shape[-1]) for a in (im2col(xy[0], window), xy[1]))
        # the transposed product of the smaller matrix: the order that runs fast
        return total + _contract(y, columns, 0, 0), None  # [out, kh * kw * in]

    start = jnp.zeros((shape[3], width), _accumulator(x))
    split = _split(x, width, window), _split(y, width, window)
    return lax.scan(few, start, split)[0].T.reshape(shape).astype(x.dtype)


def _split(x, width, window):
    """[B, ...] to [n, B / n, ...] so that the columns of B / n images fit COLUMN_BYTES."""
    batch = x.shape[0]
    size = batch * window.out[0] * window.out[1] * width * x.dtype.itemsize
    most = min(batch, -(-size // COLUMN_BYTES))
    n = max((d for d in range(1, most + 1) if batch % d == 0), default=1)
    return x.reshape(n, batch // n, *x.shape[1:])


def _join(x):
    return x.reshape(-1, *x.shape[2:])


def _contract(a, b, axis_a, axis_b):
    return lax.dot_general(
        a, b, (((axis_a,), (axis_b,)), ((), ())), preferred_element_type=_accumulator(a)
    )


def _accumulator(x):
    return jnp.promote_types(x.dtype, jnp.float32)


def _native_output(x, kernel, window):
    reach = (
        s * (o - 1) + t for s, o, t in zip(window.stride, window.out, window.taps, strict=True)
    )
    pads = [(low, r - low - n) for r, low, n in zip(reach, window.low, window.image, strict=True)]
    return lax.conv_general_dilated(
        x, kernel, window.stride, pads, dimension_numbers=("NHWC", "HWIO", "NHWC")
    )


def _native_image(y, kernel, window):
    x = jax.ShapeDtypeStruct((y.shape[0], *window.image, kernel.shape[2]), y.dtype)
    return jax.linear_transpose(lambda x: _native_output(x, kernel, window), x)(y)[0]


def _native_kernel(x, y, window):
    kernel = jax.ShapeDtypeStruct((*window.taps, x.shape[-1], y.shape[-1]), x.dtype)
    return jax.linear_transpose(lambda kernel: _native_output(x, kernel, window), kernel)(y)[0]
