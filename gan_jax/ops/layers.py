"""Flax layers over `conv` and `conv_transpose`; parameters are laid out as flax's own."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
from flax import linen as nn

from gan_jax.ops.convolution import conv, conv_transpose


class KernelLayer(nn.Module):
    """A kernel [kh, kw, in, features] applied to a map, and a bias [features].

    Attributes:
      features: channels of the output.
      kernel_size: one int for a square kernel, or (rows, columns).
      use_bias: whether to add a bias.
      kernel_init, bias_init: initialisers.
      dtype: of the computation; None takes it from the input and the parameters.
      param_dtype: of the parameters.
    """

    features: int
    kernel_size: int | tuple[int, int]
    use_bias: bool = True
    kernel_init: Callable = nn.initializers.lecun_normal()
    bias_init: Callable = nn.initializers.zeros_init()
    dtype: Any = None
    param_dtype: Any = jnp.float32

    @nn.compact
    def __call__(self, x):
        """Map [B, H, W, C] to [B, H', W', features]."""
        size = self.kernel_size
        taps = (size, size) if isinstance(size, int) else tuple(size)
        shape = (*taps, self._inputs(x.shape[-1]), self.features)
        kernel = self.param("kernel", self.kernel_init, shape, self.param_dtype)
        bias = None
        if self.use_bias:
            bias = self.param("bias", self.bias_init, (self.features,), self.param_dtype)
        x, kernel, bias = nn.dtypes.promote_dtype(x, kernel, bias, dtype=self.dtype)
        y = self._apply(x, kernel)
        return y if bias is None else y + bias.reshape(1, 1, 1, -1)

    def _inputs(self, channels):
        """Channels of the map that one of the output sees."""
        return channels

    def _apply(self, x, kernel):
        """What each layer is: the map [B, H', W', features] of x and the kernel."""
        raise NotImplementedError


class Conv(KernelLayer):
    """`conv` with a bias; a drop-in for `flax.linen.Conv` on [B, H, W, C].

    Attributes:
      stride: positive int.
      padding: "SAME", "VALID" or ((top, bottom), (left, right)).
    """

    stride: int = 1
    padding: str | tuple[tuple[int, int], tuple[int, int]] = "SAME"

    def _apply(self, x, kernel):
        return conv(x, kernel, self.stride, self.padding)


class ConvTranspose(KernelLayer):
    """`conv_transpose` with a bias; a drop-in for `flax.linen.ConvTranspose` on [B, H, W, C].

    Attributes:
      stride: positive int.
      padding: "SAME", "VALID" or ((top, bottom), (left, right)).
    """

    stride: int = 2
    padding: str | tuple[tuple[int, int], tuple[int, int]] = "SAME"

    def _apply(self, x, kernel):
        return conv_transpose(x, kernel, self.stride, self.padding)
