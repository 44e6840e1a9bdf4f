"""Every discriminator: a body that makes features of images, and the heads that judge them.

The heads are the same for all bodies, so that each body works with each way of conditioning.
"""

from collections.abc import Callable
from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.config import Config, Network
from gan_jax.errors import UserError
from gan_jax.networks.layers import BatchNorm, beside, label_code


class Codes(NamedTuple):
    """What Q takes the structured latents of an image to be (arXiv 1606.03657, section 6)."""

    categories: tuple[jax.Array, ...]  # logits [n, k], one array for each categorical code
    mean: jax.Array  # [n, c], of the continuous codes
    log_var: jax.Array  # [n, c]


class Verdict(NamedTuple):
    """What D finds in images, all of it float32. A larger logit is always more real."""

    logits: jax.Array  # [n]
    features: jax.Array  # [n, f], what the linear head sees
    classes: jax.Array | None = None  # logits [n, k] of the auxiliary classifier
    codes: Codes | None = None


class Discriminator(nn.Module):
    """(images [n, h, w, c] in [-1, 1], labels [n], train) to a `Verdict`.

    The body maps (images, labels, train) to features [n, f]; the logit is linear in them. Of the
    labels, `network.conditioning` makes

    - embedding: a code beside the channels of each pixel (Mirza and Osindero 2014, arXiv
      1411.1784);
    - projection: the product of the features and an embedding, which is added to the logit (Miyato
      and Koyama 2018, arXiv 1802.05637, equation 3);
    - classifier: nothing to see, but logits of the classes to learn (Odena et al. 2016, arXiv
      1610.09585).
    """

    body: nn.Module
    network: Network
    num_classes: int
    categories: tuple[int, ...]
    continuous: int
    kernel_init: Callable
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, images: jax.Array, labels: jax.Array, train: bool) -> Verdict:
        conditioning = self.network.conditioning
        if conditioning == "embedding":
            width = self.network.embedding_features
            images = beside(images, label_code(labels, self.num_classes, width, images.dtype))
        features = self.body(images, labels, train)
        logits = self._dense(1, "logit")(features)[:, 0].astype(jnp.float32)
        if conditioning == "projection":
            embed = nn.Embed(
                self.num_classes,
                features.shape[-1],
                dtype=self.dtype,
                embedding_init=self.kernel_init,
                name="projection",
            )
            logits += (embed(labels) * features).sum(axis=1, dtype=jnp.float32)
        classes = None
        if conditioning == "classifier":
            classes = self._dense(self.num_classes, "classes")(features).astype(jnp.float32)
        codes = self._codes(features, train) if self.categories or self.continuous else None
        return Verdict(logits, features.astype(jnp.float32), classes, codes)

    def _codes(self, features: jax.Array, train: bool) -> Codes:
        """By one hidden layer of `code_features` and a linear one."""
        network = self.network
        normalised = network.norm == "batch"
        x = self._dense(network.code_features, "code_hidden", not normalised)(features)
        if normalised:
            momentum, epsilon = network.batch_norm_momentum, network.batch_norm_epsilon
            x = BatchNorm(momentum, epsilon, x.dtype, name="code_norm")(x, train)
        x = nn.leaky_relu(x, network.negative_slope)
        sizes = [*self.categories, self.continuous, self.continuous]
        found = self._dense(sum(sizes), "codes")(x).astype(jnp.float32)
        ends = [sum(sizes[: i + 1]) for i in range(len(sizes) - 1)]
        *logits, mean, log_var = jnp.split(found, ends, axis=1)
        return Codes(tuple(logits), mean, log_var)

    def _dense(self, features: int, name: str, use_bias: bool = True) -> nn.Dense:
        init = self.kernel_init
        return nn.Dense(features, use_bias, dtype=self.dtype, kernel_init=init, name=name)


def with_heads(config: Config, body: nn.Module, kernel_init: Callable) -> Discriminator:
    """The discriminator of a body and of the heads that `config` asks for.

    `kernel_init` is that of the heads. Raises `UserError` for conditioning without classes.
    """
    network, latents = config.disc, config.latents
    if network.conditioning != "none":
        check_classes(config, f"disc.conditioning={network.conditioning}")
    return Discriminator(
        body,
        network,
        config.data.num_classes,
        latents.categories,
        latents.continuous,
        kernel_init,
        jnp.dtype(config.train.compute_dtype),
    )


def check_classes(config: Config, choice: str) -> None:
    """Raises `UserError` when a choice that needs classes is made without any."""
    if not config.data.num_classes:
        raise UserError(
            f"{choice} is told the classes; set data.num_classes to how many there are."
        )
