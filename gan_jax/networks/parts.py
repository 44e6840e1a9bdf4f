"""The layers of a network as its config has them: what is normalised, and by what."""

from collections.abc import Callable
from typing import ClassVar, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax import ops
from gan_jax.config import Config, Network
from gan_jax.errors import UserError
from gan_jax.networks.layers import BatchNorm, ConditionalBatchNorm, VirtualBatchNorm
from gan_jax.networks.resampling import EnlargedConv, PooledConv
from gan_jax.networks.spectral import SpectralNorm


class Parts(NamedTuple):
    """What all layers of one pass through a network share.

    Its methods are called in a compact method of a module, to which the layers then belong.
    """

    network: Network
    labels: jax.Array  # [n]
    num_classes: int
    kernel_init: Callable
    dtype: jnp.dtype
    train: bool

    def dense(self, x: jax.Array, features: int, use_bias: bool = True, **fields) -> jax.Array:
        """x [..., c] to [..., features]."""
        return self.weighted(nn.Dense(features, use_bias, **self._completed(fields)), x)

    def conv(self, x: jax.Array, features: int, kernel_size: int, **fields) -> jax.Array:
        """A convolution [n, h, w, c], of stride 1 if nothing else is said."""
        return self.weighted(ops.Conv(features, kernel_size, **self._completed(fields)), x)

    def conv_transpose(self, x: jax.Array, features: int, kernel_size: int, **fields) -> jax.Array:
        """A transposed convolution [n, h, w, c], of stride 2 if nothing else is said."""
        return self.weighted(ops.ConvTranspose(features, kernel_size, **self._completed(fields)), x)

    def enlarged_conv(self, x: jax.Array, features: int, kernel_size: int, **fields) -> jax.Array:
        """A convolution of x [n, h, w, c] enlarged by two: [n, 2h, 2w, features]."""
        return self.weighted(EnlargedConv(features, kernel_size, **self._completed(fields)), x)

    def pooled_conv(self, x: jax.Array, features: int, kernel_size: int, **fields) -> jax.Array:
        """A convolution of x [n, h, w, c], then the means of 2x2 pixels: half the sides."""
        return self.weighted(PooledConv(features, kernel_size, **self._completed(fields)), x)

    def embedding(self, features: int, name: str, init: Callable | None = None) -> jax.Array:
        """A row [features] for each of the labels: [n, features]."""
        embed = nn.Embed(
            self.num_classes,
            features,
            dtype=self.dtype,
            embedding_init=init or self.kernel_init,
            name=name,
        )
        return self.weighted(embed, self.labels)

    def code(self, features: int) -> jax.Array:
        """The labels as an embedding [n, features], or for `features` 0 as one-hot [n, classes]."""
        if features:
            return self.embedding(features, "embedding")
        return jax.nn.one_hot(self.labels, self.num_classes, dtype=self.dtype)

    def weighted(self, layer: nn.Module, x: jax.Array) -> jax.Array:
        """A layer applied, its kernel normalised where the network's kernels are."""
        if self.network.kernel_norm == "spectral":
            return SpectralNorm(layer)(x, self.train)
        return layer(x)

    @property
    def normalises(self) -> bool:
        """Whether `norm` does anything, so that the layer before it needs no bias."""
        return self.network.norm != "none"

    def norm(self, x: jax.Array, of_labels: bool = True) -> jax.Array:
        """x [n, ..., c] normalised as the network's maps are, by its label where that is asked."""
        network = self.network
        momentum, epsilon = network.batch_norm_momentum, network.batch_norm_epsilon
        if network.norm == "conditional_batch" and of_labels:
            norm = ConditionalBatchNorm(self.num_classes, momentum, epsilon, x.dtype)
            return norm(x, self.labels, self.train)
        if network.norm == "virtual_batch":
            return VirtualBatchNorm(epsilon, x.dtype)(x)
        if network.norm == "none":
            return x
        return BatchNorm(momentum, epsilon, x.dtype)(x, self.train)

    def activated(self, x: jax.Array) -> jax.Array:
        """The nonlinearity, LeakyReLU; of slope 0 it is ReLU."""
        return nn.leaky_relu(x, self.network.negative_slope)

    def _completed(self, fields: dict) -> dict:
        return {"kernel_init": self.kernel_init, "dtype": self.dtype, **fields}


class Body(nn.Module):
    """A network made of `Parts`: what the config says of it."""

    takes_rows: ClassVar[bool] = False  # whether it sees an image as one row of numbers
    ignores: ClassVar[tuple[str, ...]] = ()  # fields of `network` that it makes nothing of

    network: Network
    num_classes: int
    kernel_init: Callable
    dtype: jnp.dtype

    def parts(self, labels: jax.Array, train: bool) -> Parts:
        """What the layers of one pass share."""
        fields = self.network, labels, self.num_classes, self.kernel_init, self.dtype, train
        return Parts(*fields)


def of_config(config: Config, network: Network, kernel_init: Callable) -> dict:
    """The fields of a `Body` that is one of a config's networks."""
    dtype = jnp.dtype(config.train.compute_dtype)
    return {
        "network": network,
        "num_classes": config.data.num_classes,
        "kernel_init": kernel_init,
        "dtype": dtype,
    }


PLAIN = {"dropout_rate": 0.0, "norm": "none", "output": "tanh", "pooling": "flatten"}
"""What a field says that a network makes nothing of."""


def check_plain(config: Config, part: str, fields: tuple[str, ...]) -> None:
    """Raises `UserError` when a network is given something in a field that it ignores."""
    network = getattr(config, part)
    for field in fields:
        if getattr(network, field) != PLAIN[field]:
            raise UserError(
                f"{part}.name={network.name} makes nothing of {part}.{field}; set "
                f"{part}.{field}={PLAIN[field]}."
            )


GLOROT = nn.initializers.glorot_uniform()


def pooled(network: Network, x: jax.Array) -> jax.Array:
    """Maps [n, h, w, c] as features [n, f]: all of their pixels, or the sum or mean over them."""
    if network.pooling == "flatten":
        return x.reshape(x.shape[0], -1)
    return x.sum(axis=(1, 2)) if network.pooling == "sum" else x.mean(axis=(1, 2))
