"""Convolution of images [B, H, W, C] by groups of channels, each by kernels of its own.

As with `trilinear`, each of the three maps is the others' derivative.
"""

from functools import partial

import jax
import jax.numpy as jnp
from jax import lax

from gan_jax.ops import trilinear
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
    return _output_of(x, kernel, (window, groups))


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


@partial(jax.jit, static_argnums=(0, 3))  # traced once for each shape
def _of_groups(function, a, b, window_and_groups):
    """`function(a, b, window)` of each group of the last axes of `a` and `b`.

    On the CPU one after another: XLA's grouped convolutions are a loop over numbers there, and a
    program of all groups side by side would take long to compile. Elsewhere XLA makes one grouped
    convolution of a batch of them; on a GPU they have been merged first.
    """
    window, groups = window_and_groups
    return for_platform(_batch, cpu=_in_turn)(partial(function, window=window), a, b, groups)


def _in_turn(function, a, b, groups):
    def part(x, i):
        size = x.shape[-1] // groups
        return lax.dynamic_slice_in_dim(x, i * size, size, axis=-1)

    made = jax.eval_shape(lambda: function(part(a, 0), part(b, 0)))
    size, last = made.shape[-1], len(made.shape) - 1

    def body(i, whole):
        return lax.dynamic_update_slice_in_dim(
            whole, function(part(a, i), part(b, i)), i * size, axis=last
        )

    start = jnp.zeros((*made.shape[:-1], groups * size), made.dtype)
    return lax.fori_loop(0, groups, body, start)


def _batch(function, a, b, groups):
    a, b = (x.reshape(*x.shape[:-1], groups, -1) for x in (a, b))
    made = jax.vmap(function, in_axes=3, out_axes=3)(a, b)
    return made.reshape(*made.shape[:-2], -1)


_output_of, _image_of, _kernel_of = (
    jax.custom_vjp(partial(_of_groups, function), nondiff_argnums=(2,))
    for function in (trilinear.output_of, trilinear.image_of, trilinear.kernel_of)
)
trilinear.give_gradients(_output_of, _image_of, _kernel_of)
