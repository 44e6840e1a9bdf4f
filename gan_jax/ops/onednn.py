"""oneDNN's convolutions, which jaxlib brings along for processors of x86.

Their convolutions by groups, in float32, run side by side. And they take bfloat16 to the matrix
unit (AMX), where a processor has one, eight times as fast as float32 can be multiplied. An array of
float32 is to 16 bits the sum of two of bfloat16, and of the four products of two such sums that of
the small parts does not count: so a convolution in float32 is three of theirs, to within 1e-5 of
its largest value (Henry, Tang and Heinecke, arXiv 1904.06376). An image of a few channels leaves
most of the unit idle, and takes one convolution in float32.

XLA's CPU compiler has them as custom calls that it does not document. So `is_there` compares one
with XLA's own before any is used, and a jaxlib that was not tried has none. XLA cannot write
a program of them to the compilation cache.
"""

import json
from functools import cache, partial
from math import prod
from pathlib import Path

import jax
import jax.numpy as jnp
import jaxlib
import numpy as np
from jax import lax

TRIED = ((0, 10), (0, 12))
"""First and last version of jaxlib; of each between, the custom calls of one were tried."""

LEAST = 2**25  # multiplications of a map, for which a program may have to be compiled at each start
PIXELS_PER_CHANNEL = 8  # of all outputs, for which it pays to reorder the kernel, at stride 1
FEWEST = 32  # channels that fill the matrix unit
FEW_CHANNELS = 4  # of an image up to which it is one convolution in float32
NARROW = 8  # pixels of a row below which it leaves parts of the matrix unit idle
ABREAST = 8  # images whose rows are then one


def suits(name, window, dtype, channels, batch):
    """Whether to compute a map so, where that was measured to be faster; arguments as of `on_cpu`.

    There are no gradients of kernels among the custom calls.
    """
    of_image, of_output = channels
    pixels_per_channel = batch * prod(window.out) / max(channels)
    fewest = PIXELS_PER_CHANNEL if window.stride == (1, 1) else 1  # where there are no tiles
    wide = min(channels) >= FEWEST and pixels_per_channel >= fewest
    thin = name == "output" and _is_thin(of_image) and of_output >= FEWEST
    return (
        name != "kernel"
        and dtype in (jnp.float32, jnp.bfloat16)
        and batch * prod(window.out) * prod(window.taps) * prod(channels) >= LEAST
        and all(s <= t for s, t in zip(window.stride, window.taps, strict=True))
        and prod(window.taps) > 1
        and (wide or thin)
        and reaches_matrix_unit()
    )


def suits_groups(name, x, kernel):
    """Whether to compute a map of groups so, of images [B, H, W, C] of either side."""
    return (
        name != "kernel"
        and x.dtype == jnp.float32
        and prod(x.shape[:3]) * kernel.size >= LEAST
        and is_there()
    )


def suits_products(dtype, count):
    """Whether to make products of many matrices so, of so many multiplications."""
    # without a matrix unit nothing else has to be compiled anew, and they alone may not pay
    return dtype == jnp.float32 and count >= LEAST and reaches_matrix_unit()


def reaches_matrix_unit():
    """Whether there is a matrix unit, and the custom calls that bring bfloat16 to it."""
    return has_matrix_unit() and is_there()


@cache
def has_matrix_unit():
    """Whether the processor multiplies matrices of bfloat16."""
    try:
        return "amx_bf16" in Path("/proc/cpuinfo").read_text().split()
    except OSError:
        return False


@cache
def is_there():
    """Whether this jaxlib has the custom calls, and they compute what they should."""
    version = tuple(int(n) for n in jaxlib.__version__.split(".")[:2])
    if not TRIED[0] <= version <= TRIED[1]:
        return False
    random = np.random.default_rng(0)
    shapes = (1, 5, 4, 8), (3, 2, 4, 16)
    x, kernel = (random.normal(size=shape).astype(np.float32) for shape in shapes)
    strides, pads, groups = (2, 1), ((1, 0), (0, 1)), 2

    def both(x, kernel):
        expected = lax.conv_general_dilated(
            x, kernel, strides, pads, dimension_numbers=("NHWC", "HWIO", "NHWC"),
            feature_group_count=groups,
        )  # fmt: skip
        return _conv(x, kernel, strides, pads, groups=groups), expected

    try:
        found, expected = jax.jit(both).lower(x, kernel).compile()(x, kernel)
    except jax.errors.JaxRuntimeError:
        return False
    return np.allclose(found, expected, rtol=0, atol=1e-4)


def output(x, kernel, window, groups=1):
    """`trilinear.output_of`, or that of each group of channels."""
    if window.turned:
        kernel = kernel[::-1, ::-1]
    return _precise(x, kernel, window.turned, window.stride, window.zeros, groups)


def image(y, kernel, window, groups=1):
    """`trilinear.image_of`, or that of each group of channels.

    Each phase of its pixels is a convolution by the taps that reach it.
    """
    is_turned = not window.turned
    if groups > 1:
        kernel, is_turned = _turn(kernel, groups), False
    elif is_turned:
        kernel = kernel[::-1, ::-1]

    def phase(row, column):
        (i, rows), (j, columns) = row, column
        return _precise(y, kernel[i, j], is_turned, (1, 1), (rows, columns), groups)

    rows, columns = (_phases(window, axis) for axis in (0, 1))
    x = jnp.stack([jnp.stack([phase(r, c) for c in columns], axis=3) for r in rows], axis=2)
    x = x.reshape(len(y), x.shape[1] * x.shape[2], -1, x.shape[-1])  # [B, h, sh, w, sw, C] before
    return x[:, : window.image[0], : window.image[1]]


def products(a, b, axis_a, axis_b):
    """The matrix product of [P, ., .] and [P, ., .] for each P, over these axes."""
    made = jax.ShapeDtypeStruct((len(a), a.shape[3 - axis_a], b.shape[3 - axis_b]), a.dtype)
    config = {"transpose_a": axis_a == 1, "transpose_b": axis_b == 2}
    return _call("matmul", made, {"onednn_matmul_config": config})(a, b)


def _turn(kernel, groups):
    """`window.turn` of each group's kernel: [kh, kw, in / G, out] to [kh, kw, out / G, in]."""
    parts = kernel[::-1, ::-1].reshape(*kernel.shape[:3], groups, -1).swapaxes(2, 4)
    return parts.reshape(*parts.shape[:3], -1)


def _phases(window, axis):
    """Of each phase of an image's axis: which taps reach it, of a kernel that is turned, and how
    many (low, high) zeros they see around the output; all phases have as many pixels."""
    image, taps, stride, low, out = (field[axis] for field in window[:5])
    pixels = -(-image // stride)
    phases = []
    for phase in range(stride):
        first = (phase + low) % stride
        reaching = len(range(first, taps, stride))
        last = first + stride * (reaching - 1)
        before = (last - phase - low) // stride
        turned = slice(taps - 1 - last, taps - first, stride)
        phases.append((turned, (before, pixels + reaching - 1 - before - out)))
    return phases


def _precise(x, kernel, is_turned, strides, pads, groups):
    """A convolution with the digits of its dtype; negative pads crop, and the channels of a kernel
    that `is_turned` lie as [out, in]."""
    rows, columns = (
        slice(max(0, -low), n - max(0, -high))
        for n, (low, high) in zip(x.shape[1:3], pads, strict=True)
    )
    x, pads = x[:, rows, columns], [(max(0, low), max(0, high)) for low, high in pads]
    if groups > 1 or _is_thin(x.shape[-1]):
        return _conv(x, kernel, strides, pads, is_turned, groups)
    out = _length(x.shape[2], kernel.shape[1], strides[1], pads[1])
    if out < NARROW or (out == NARROW and strides[1] > 1):
        return _abreast(x, kernel, strides, pads, is_turned)
    return _by_matrix_unit(x, kernel, strides, pads, is_turned)


def _by_matrix_unit(x, kernel, strides, pads, is_turned):
    conv = partial(_conv, strides=strides, pads=pads, is_turned=is_turned)
    if x.dtype == jnp.bfloat16:
        return conv(x, kernel)
    (x, x_rest), (kernel, kernel_rest) = _halves(x), _halves(kernel)
    made = conv(x_rest, kernel, dtype=jnp.float32)
    made = conv(x, kernel_rest, added=made)
    return conv(x, kernel, added=made)


def _abreast(x, kernel, strides, pads, is_turned):
    """A convolution of several images side by side, with zeros between them."""
    (batch, height, width, channels), (low, _) = x.shape, pads[1]
    stride, taps = strides[1], kernel.shape[1]
    out = _length(width, taps, stride, pads[1])
    slot = -(-max(low + width, stride * (out - 1) + taps) // stride) * stride
    n = max(n for n in range(1, ABREAST + 1) if batch % n == 0)
    x = jnp.pad(x, ((0, 0), (0, 0), (low, slot - low - width), (0, 0)))
    x = x.reshape(batch // n, n, height, slot, channels).swapaxes(1, 2)
    x = x.reshape(batch // n, height, n * slot, channels)
    pads = pads[0], (0, max(0, taps - stride))
    made = _by_matrix_unit(x, kernel, strides, pads, is_turned)
    made = made.reshape(*made.shape[:2], n, slot // stride, -1)[:, :, :, :out]
    return made.swapaxes(1, 2).reshape(batch, -1, out, made.shape[-1])


def _length(image, taps, stride, pads):
    """How many pixels an output has on an axis."""
    return (image + sum(pads) - taps) // stride + 1


def _is_thin(channels):
    return channels <= FEW_CHANNELS


def _halves(x):
    """An array of float32 as two of bfloat16, whose sum it is to 16 bits.

    Each is a function of `x` alone, so that XLA makes both in one loop.
    """
    rounded = lax.reduce_precision(x, exponent_bits=8, mantissa_bits=7)
    return x.astype(jnp.bfloat16), (x - rounded).astype(jnp.bfloat16)


def _conv(x, kernel, strides, pads, is_turned=False, groups=1, dtype=None, added=None):
    """The custom call, plus an array of its result's shape and dtype, or else of this dtype."""
    dtype = dtype or (x if added is None else added).dtype
    inputs, outputs = (3, 2) if is_turned else (2, 3)
    out = map(_length, x.shape[1:3], kernel.shape[:2], strides, pads)
    images = {"dims": 4, "data": {"batch_dim": 0, "feature_dim": 3, "spatial_dims": [1, 2]}}
    filters = {
        "input_feature_dim": inputs, "output_feature_dim": outputs, "spatial_dims": [0, 1],
    }  # fmt: skip
    config = {
        "dims": 4,
        "feature_groups": groups,
        "input": images,
        "kernel": {"dims": 4, "filter": filters},
        "output": images,
        "window": {
            "size": kernel.shape[:2],
            "strides": strides,
            "pad_left": [low for low, _ in pads],
            "pad_right": [high for _, high in pads],
            "window_dilations": [1, 1],
        },
        "fusions": {"ops": [] if added is None else ["BINARY_ADD"]},
    }
    made = jax.ShapeDtypeStruct((len(x), *out, kernel.shape[outputs]), dtype)
    call = _call("convolution", made, {"onednn_conv_config": config})
    return call(x, kernel) if added is None else call(x, kernel, added)


def _call(name, made, config):
    """A custom call with the fields of XLA's onednn_config.proto."""
    return jax.ffi.ffi_call(
        f"__onednn${name}",
        made,
        vmap_method="sequential",
        custom_call_api_version=2,
        legacy_backend_config=json.dumps(config),
    )
