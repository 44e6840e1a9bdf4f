"""Convolution of images [B, H, W, C] by groups of channels, each by kernels of its own.

As with `trilinear`, each of the three maps is the others' derivative.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

from gan_jax.ops import onednn, trilinear
from gan_jax.ops.platform import for_platform
from gan_jax.ops.window import Window

GPU_CHANNELS = 384
"""Of a kernel, up to which a GPU gets the kernels of several groups as one."""


def grouped_conv(x: jax.Array, kernel: jax.Array, groups: int) -> jax.Array:
    """Convolve each group of `x` by its own of `kernel`, at stride 1, with "SAME" zeros around.

    Args:
      x: [B, H, W, C].
      kernel: [kh, kw, C / groups, features], of the dtype of `x`.
      groups: of which C and features are multiples.

    Returns:
      [B, H, W, features]; a group of the output sees its group of the input.
    """
    image, taps = x.shape[1:3], kernel.shape[:2]
    low = tuple((t - 1) // 2 for t in taps)
    window = Window(image, taps, (1, 1), low, image)
    kernel, groups = for_platform(_as_it_is, gpu=_merged)(kernel, groups)
    if groups == 1:
        return trilinear.output_of(x, kernel, window)
    return output_of(x, kernel, (window, groups))


def _as_it_is(kernel, groups):
    return kernel, groups


def _merged(kernel, groups):
    """The same convolution by fewer groups, as wide as `GPU_CHANNELS` lets them be.

    A kernel [kh, kw, inputs, features] has zeros where an output does not see an input. A GPU's
    matrix units multiply them faster than a grouped convolution leaves them out.
    """
    inputs, outputs = kernel.shape[2], kernel.shape[3] // groups
    most = max(1, GPU_CHANNELS // max(inputs, outputs))
    together = max(n for n in range(1, min(groups, most) + 1) if groups % n == 0)
    rest = groups // together
    parts = kernel.reshape(*kernel.shape[:3], rest, together, outputs)
    own = jnp.eye(together, dtype=kernel.dtype)
    blocks = jnp.einsum("hwirto,ts->hwsirto", parts, own)
    return blocks.reshape(*kernel.shape[:2], together * inputs, -1), rest


@trilinear.bilinear
def output_of(x, kernel, window_and_groups):
    """The convolution of each group, [B, H, W, C], [kh, kw, C / groups, out] to [B, H, W, out]."""
    return _of_groups("output", x, kernel, *window_and_groups)


@trilinear.bilinear
def image_of(y, kernel, window_and_groups):
    """Its adjoint in the image."""
    return _of_groups("image", y, kernel, *window_and_groups)


@trilinear.bilinear
def kernel_of(x, y, window_and_groups):
    """Its adjoint in the kernel."""
    return _of_groups("kernel", x, y, *window_and_groups)


trilinear.give_gradients(output_of, image_of, kernel_of)


def _of_groups(name, a, b, window, groups):
    """XLA makes one grouped convolution of a batch of them, which the CPU computes by a naive loop;
    on a GPU they have been merged first."""
    return for_platform(_batch, cpu=_on_cpu)(name, a, b, window, groups)


def _on_cpu(name, a, b, window, groups):
    if onednn.suits_groups(name, a, b):
        return getattr(onednn, name)(a, b, window, groups)
    return _in_turn(name, a, b, window, groups)


def _in_turn(name, a, b, window, groups):
    """One after another: a program of all of them side by side would take long to compile."""

    def part(x, i):
        size = x.shape[-1] // groups
        return lax.dynamic_slice_in_dim(x, i * size, size, axis=-1)

    function = _of_one(name, window)
    made = jax.eval_shape(lambda: function(part(a, 0), part(b, 0)))
    size, last = made.shape[-1], len(made.shape) - 1

    def body(i, whole):
        return lax.dynamic_update_slice_in_dim(
            whole, function(part(a, i), part(b, i)), i * size, axis=last
        )

    start = jnp.zeros((*made.shape[:-1], groups * size), made.dtype)
    return lax.fori_loop(0, groups, body, start)


def _batch(name, a, b, window, groups):
    function = _of_one(name, window)
    a, b = (x.reshape(*x.shape[:-1], groups, -1) for x in (a, b))
    made = jax.vmap(function, in_axes=3, out_axes=3)(a, b)
    return made.reshape(*made.shape[:-2], -1)


def _of_one(name, window):
    return partial(getattr(trilinear, f"{name}_of"), window=window)
