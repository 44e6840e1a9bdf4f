"""R3GAN's modernised residual pair (Huang et al. 2025, arXiv 2501.05441, section 4 and appendix).

Inverted bottlenecks with a grouped convolution, bilinear resampling, LeakyReLU after each bias, no
normalisation. It stays stable by its start (fix-up, arXiv 1901.09321): the last convolution of a
block is zero, and the others shrink with the number of blocks. Kernels start normal with variance
gain^2 / inputs.
"""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax import ops
from gan_jax.config import Config
from gan_jax.networks import parts
from gan_jax.networks.dcgan import check_divisible
from gan_jax.networks.discriminator import Discriminator, with_heads
from gan_jax.networks.parts import Parts
from gan_jax.networks.resampling import bilinear_down, bilinear_up

BLOCKS = 2
"""Residual blocks of a size."""
EXPANSION = 2
"""Channels inside a block for each of its own."""
GROUP = 16
"""Channels of a group."""


class Block(nn.Module):
    """[n, h, w, c] to the same shape; `blocks` is how many the network has."""

    blocks: int

    @nn.compact
    def __call__(self, x: jax.Array, layer: Parts) -> jax.Array:
        wide, slope = EXPANSION * x.shape[-1], layer.network.negative_slope
        # sqrt(2 / (1 + slope^2)) keeps the variance, and three layers make the power -1 / 4
        init = starting(2 / (1 + slope**2) * self.blocks**-0.5)
        y = layer.activated(layer.conv(x, wide, 1, kernel_init=init))
        conv = GroupedConv(
            wide,
            layer.network.kernel_size,
            kernel_init=init,
            dtype=layer.dtype,
            groups=max(1, wide // GROUP),
        )
        y = layer.activated(layer.weighted(conv, y))
        zero = nn.initializers.zeros_init()
        return x + layer.conv(y, x.shape[-1], 1, use_bias=False, kernel_init=zero)


class GroupedConv(ops.KernelLayer):
    """[n, h, w, c] to [n, h, w, features]; a group of the output sees its group of the input."""

    groups: int = 1

    def _inputs(self, channels: int) -> int:
        return channels // self.groups

    def _apply(self, x: jax.Array, kernel: jax.Array) -> jax.Array:
        return grouped_conv(x, kernel, self.groups)


def grouped_conv(x: jax.Array, kernel: jax.Array, groups: int) -> jax.Array:
    """x [n, h, w, c] by kernel [k, k, c / groups, features], of stride 1 and SAME padding.

    As a batch of convolutions, one for each group: JAX makes it a grouped convolution where XLA's
    is native. On the CPU XLA's gradient of [8, 16, 16, 1536] by 96 groups had not come after
    190 s, and this takes 0.6 s on two cores.
    """
    x = x.reshape(*x.shape[:3], groups, -1)
    kernel = kernel.reshape(*kernel.shape[:3], groups, -1)
    y = jax.vmap(partial(ops.conv, stride=1), in_axes=3, out_axes=3)(x, kernel)
    return y.reshape(*y.shape[:3], -1)


def starting(variance: float) -> nn.initializers.Initializer:
    """Normal with this variance times the number of inputs to an output, inverted."""
    return nn.initializers.variance_scaling(variance, "fan_in", "normal")


class Generator(parts.Body):
    """Latents [n, d] to images [n, height, width, channels], by one size of map for each of
    `features`.

    The smallest map is a learned one, its channels weighed by a linear function of z.
    """

    ignores = ("norm",)
    code_init = staticmethod(starting(1.0))  # as a layer after the one-hot label
    image_shape: tuple[int, int, int]

    @nn.compact
    def __call__(self, latents: jax.Array, labels: jax.Array, train: bool) -> jax.Array:
        layer, (height, width, channels) = self.parts(labels, train), self.image_shape
        first, *rest = self.network.features
        base = (height >> len(rest), width >> len(rest), first)
        basis = self.param("basis", nn.initializers.normal(1.0), base).astype(self.dtype)
        weights = layer.dense(latents, first, use_bias=False)
        x = basis[None] * weights[:, None, None]
        blocks = BLOCKS * len(self.network.features)
        for size, features in enumerate(self.network.features):
            if size:
                x = bilinear_up(_widened(layer, x, features))
            for _ in range(BLOCKS):
                x = Block(blocks)(x, layer)
        x = layer.conv(x, channels, 1, use_bias=False).astype(jnp.float32)
        return jnp.tanh(x) if self.network.output == "tanh" else x


class Body(parts.Body):
    """Images [n, height, width, channels] to features [n, features[-1]], by one size of map for
    each of `features`.

    Each feature is a learned mean over its channel of the smallest map; where the label's row is to
    weigh them, a linear function of these means.
    """

    ignores = ("dropout_rate", "norm", "pooling")

    @nn.compact
    def __call__(self, images: jax.Array, labels: jax.Array, train: bool) -> jax.Array:
        layer, network = self.parts(labels, train), self.network
        x = layer.conv(images.astype(self.dtype), network.features[0], 1, use_bias=False)
        blocks = BLOCKS * len(network.features)
        for size, features in enumerate(network.features):
            if size:
                x = _widened(layer, bilinear_down(x), features)
            for _ in range(BLOCKS):
                x = Block(blocks)(x, layer)
        shape = x.shape[1:]
        init = nn.initializers.normal((shape[0] * shape[1]) ** -0.5)
        basis = self.param("basis", init, shape).astype(self.dtype)
        means = (x * basis[None]).sum(axis=(1, 2))
        if network.conditioning != "projection":
            return means
        return layer.dense(means, means.shape[-1], use_bias=False)

    @staticmethod
    def projection_init(key: jax.Array, shape: tuple[int, int], dtype: jnp.dtype) -> jax.Array:
        """The label's rows [classes, f]: normal, with variance 1 / (f * classes)."""
        return starting(1 / shape[-1])(key, shape, dtype)


def _widened(layer: Parts, x: jax.Array, features: int) -> jax.Array:
    return x if x.shape[-1] == features else layer.conv(x, features, 1, use_bias=False)


def generator(config: Config) -> Generator:
    """The generator of `config`. Raises `UserError` for what cannot be built."""
    data = config.data
    check_divisible(config, len(config.gen.features) - 1)
    shape = (data.height, data.width, data.channels)
    return Generator(**parts.of_config(config, config.gen, starting(1.0)), image_shape=shape)


def discriminator(config: Config) -> Discriminator:
    """The discriminator of `config`. Raises `UserError` as `generator` does."""
    check_divisible(config, len(config.disc.features) - 1)
    init = starting(1.0)
    return with_heads(config, Body(**parts.of_config(config, config.disc, init)), init)
