"""Layers that networks share; none depends on how the batch is spread over devices."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax import collectives, keys


class BatchNorm(nn.Module):
    """Batch normalisation over the global batch (Ioffe and Szegedy 2015, arXiv 1502.03167).

    In training, mean and variance are those of all devices' examples together; else the running
    ones. Statistics and parameters are float32 whatever `dtype` is.
    """

    momentum: float
    epsilon: float
    dtype: jnp.dtype = jnp.float32

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        return nn.BatchNorm(
            use_running_average=not train,
            momentum=self.momentum,
            epsilon=self.epsilon,
            dtype=self.dtype,
            axis_name=collectives.AXIS,
            name="norm",
        )(x)


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


def label_code(labels: jax.Array, num_classes: int, features: int, dtype: jnp.dtype) -> jax.Array:
    """Labels [n] as an embedding [n, features], or for `features` 0 as one-hot [n, num_classes].

    Called in a compact method, of which the embedding is a layer.
    """
    if not features:
        return jax.nn.one_hot(labels, num_classes, dtype=dtype)
    return nn.Embed(num_classes, features, dtype=dtype, name="embedding")(labels)


def beside(x: jax.Array, code: jax.Array) -> jax.Array:
    """x [n, c] or [n, h, w, c] with the code [n, k] after its channels, the same at each pixel."""
    code = code.reshape(len(code), *[1] * (x.ndim - 2), -1)
    code = jnp.broadcast_to(code, (*x.shape[:-1], code.shape[-1]))
    return jnp.concatenate([x.astype(code.dtype), code], axis=-1)
