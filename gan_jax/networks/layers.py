"""Layers that networks share; none depends on how the batch is spread over devices."""

from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax import keys
from gan_jax.devices import collectives


class BatchNorm(nn.Module):
    """Batch normalisation over the global batch (Ioffe and Szegedy 2015, arXiv 1502.03167).

    In training, mean and variance are those of all devices' examples together; else the running
    ones. Statistics and parameters are float32 whatever `dtype` is.
    """

    momentum: float
    epsilon: float
    dtype: jnp.dtype = jnp.float32
    scale_init: Callable = nn.initializers.ones_init()

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        return _over_all_devices(self, train, self.scale_init)(x)


def _over_all_devices(layer, train: bool, scale_init: Callable | None) -> nn.BatchNorm:
    affine = scale_init is not None
    return nn.BatchNorm(
        use_running_average=not train,
        momentum=layer.momentum,
        epsilon=layer.epsilon,
        dtype=layer.dtype,
        use_scale=affine,
        use_bias=affine,
        axis_name=collectives.AXIS,
        scale_init=scale_init or nn.initializers.ones_init(),
        name="norm",
    )


class InstanceNorm(nn.Module):
    """Each channel of a picture normalised by its own mean and variance (Ulyanov et al. 2016, arXiv
    1607.08022), then a scale and a bias where it is `affine`. [n, h, w, c] to the same.

    It is BatchNorm in training mode of each picture alone, in training and in inference. pix2pix's
    authors train and sample with such batches of one. StarGAN's also keep running statistics of it;
    here a picture's own serve in inference too, as they did in training.
    """

    epsilon: float = 1e-5
    dtype: jnp.dtype = jnp.float32
    affine: bool = True
    scale_init: Callable = nn.initializers.ones_init()

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        y = x.astype(jnp.float32)
        y -= y.mean(axis=(1, 2), keepdims=True)
        y *= jax.lax.rsqrt((y**2).mean(axis=(1, 2), keepdims=True) + self.epsilon)
        if self.affine:
            scale = self.param("scale", self.scale_init, x.shape[-1:])
            bias = self.param("bias", nn.initializers.zeros_init(), x.shape[-1:])
            y = y * scale[None, None, None] + bias[None, None, None]
        return y.astype(self.dtype)


class PReLU(nn.Module):
    """x [n, ..., c], negative values times a learned slope of their channel (He et al. 2015, arXiv
    1502.01852, equation 1)."""

    slope_init: Callable = nn.initializers.constant(0.25)

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        slope = self.param("slope", self.slope_init, x.shape[-1:]).astype(x.dtype)
        return jnp.where(x >= 0, x, x * slope.reshape(*[1] * (x.ndim - 1), -1))


class Dropout(nn.Module):
    """Zeroes a share `rate` of each example and scales the rest by 1 / (1 - rate).

    An example's mask is a function of the key and its number in the global batch, so it is the
    same on any number of devices.
    """

    rate: float

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        if not train or self.rate == 0 or self.is_initializing():
            return x
        numbers = collectives.example_numbers(x.shape[0])
        example_keys = keys.per_example(self.make_rng("dropout"), numbers)
        keep = jax.vmap(lambda key: jax.random.bernoulli(key, 1 - self.rate, x.shape[1:]))
        return jnp.where(keep(example_keys), x / (1 - self.rate), 0)


def pooled(x: jax.Array, pooling: str) -> jax.Array:
    """Maps [n, h, w, c] as features [n, f]: all of their pixels ("flatten"), or the "sum" or "mean"
    over them."""
    if pooling == "flatten":
        return x.reshape(x.shape[0], -1)
    return x.sum(axis=(1, 2)) if pooling == "sum" else x.mean(axis=(1, 2))


def concatenated(x: jax.Array, code: jax.Array) -> jax.Array:
    """x [n, c] or [n, h, w, c] with the code [n, k] after its channels, the same at each pixel."""
    code = code.reshape(len(code), *[1] * (x.ndim - 2), -1)
    code = jnp.broadcast_to(code, (*x.shape[:-1], code.shape[-1]))
    return jnp.concatenate([x.astype(code.dtype), code], axis=-1)


class ConditionalBatchNorm(nn.Module):
    """Batch normalisation whose scale and bias are those of the label (Dumoulin et al. 2016, arXiv
    1610.07629; Miyato and Koyama 2018, arXiv 1802.05637, table 4)."""

    num_classes: int
    momentum: float
    epsilon: float
    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array, labels: jax.Array | None, train: bool) -> jax.Array:
        x = _over_all_devices(self, train, scale_init=None)(x)
        shape = (self.num_classes, x.shape[-1])
        scale = self.param("scale", nn.initializers.ones_init(), shape)[labels]
        bias = self.param("bias", nn.initializers.zeros_init(), shape)[labels]
        scale, bias = (y.reshape(len(x), *[1] * (x.ndim - 2), -1) for y in (scale, bias))
        return (x * scale + bias).astype(self.dtype)


class VirtualBatchNorm(nn.Module):
    """Normalisation by a reference batch and the example itself (Salimans et al. 2016, arXiv
    1606.03498, section 3.4).

    The first `REFERENCE` rows of x are the reference, in training and in inference; they are
    normalised by themselves alone. No example sees any other but these.
    """

    epsilon: float
    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        y = x.astype(jnp.float32)
        pixels = tuple(range(1, x.ndim - 1))
        means = [y.mean(axis=pixels, keepdims=True), (y**2).mean(axis=pixels, keepdims=True)]
        share = jnp.where(jnp.arange(len(x)) < REFERENCE, 0, 1 / (REFERENCE + 1))
        share = share.reshape(-1, *[1] * (x.ndim - 1))
        mean, square = (
            share * m + (1 - share) * m[:REFERENCE].mean(axis=0, keepdims=True) for m in means
        )
        scale = self.param("scale", nn.initializers.ones_init(), x.shape[-1:])
        bias = self.param("bias", nn.initializers.zeros_init(), x.shape[-1:])
        shape = (*[1] * (x.ndim - 1), -1)
        y = (y - mean) * jax.lax.rsqrt(square - mean**2 + self.epsilon)
        return (y * scale.reshape(shape) + bias.reshape(shape)).astype(self.dtype)


REFERENCE = 64
"""Examples in the reference batch."""
