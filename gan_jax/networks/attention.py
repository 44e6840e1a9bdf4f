"""Self-attention over the pixels of a map (Zhang et al. 2018, arXiv 1805.08318)."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.networks.settings import ModuleDef


class SelfAttention(nn.Module):
    """A map [n, h, w, c] to one of the same shape: x + gamma * o(attention), gamma 0 at first.

    Queries and keys have c / 8 channels and values c / 2; every pixel attends to every pixel
    (section 3, equations 1 to 3), so that permuted pixels give the same output, permuted.
    """

    dense: ModuleDef

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        n, height, width, channels = x.shape
        pixels = x.reshape(n, height * width, channels)
        query, key, value = (
            self.dense(max(1, channels // share), use_bias=False, name=name)(pixels)
            for name, share in (("query", 8), ("key", 8), ("value", 2))
        )
        found = attention(query, key) @ value  # [n, h * w, c / 2]
        found = self.dense(channels, use_bias=False, name="output")(found)
        gamma = self.param("gamma", nn.initializers.zeros_init(), ())
        return x + gamma.astype(x.dtype) * found.reshape(x.shape)


def attention(query: jax.Array, key: jax.Array) -> jax.Array:
    """How much each of the queries [n, p, d] looks at each of the keys [n, p, d]: [n, p, p].

    Rows sum to 1; they are computed in float32.
    """
    products = jnp.einsum("nqd,nkd->nqk", query, key, preferred_element_type=jnp.float32)
    return jax.nn.softmax(products, axis=-1).astype(query.dtype)
