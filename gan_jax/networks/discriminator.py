"""Every discriminator: a body that makes features of images, and the heads that judge them.

The heads are the same for all bodies, so that each body works with each way of conditioning.
"""

from collections.abc import Callable
from itertools import accumulate
from typing import NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.config import Config
from gan_jax.errors import UserError
from gan_jax.networks import parts
from gan_jax.networks.layers import beside
from gan_jax.networks.minibatch import MinibatchDiscrimination, MinibatchStddev
from gan_jax.networks.parts import Parts


class Codes(NamedTuple):
    """What Q takes the structured latents of an image to be (arXiv 1606.03657, section 6)."""

    categories: tuple[jax.Array, ...]  # logits [n, k], one array for each categorical code
    mean: jax.Array  # [n, c], of the continuous codes, whose variance is 1


class Verdict(NamedTuple):
    """What D finds in images, all of it float32. A larger logit is always more real."""

    logits: jax.Array  # [n]
    features: jax.Array  # [n, f], what the linear head sees
    classes: jax.Array | None = None  # logits [n, k] of the auxiliary classifier
    codes: Codes | None = None


class Discriminator(parts.Body):
    """(images [n, h, w, c] in [-1, 1], labels [n], train) to a `Verdict`.

    The body maps (images, labels, train) to features [n, f]; logits are linear in them, or what
    the `judge` makes of (features, images, `Parts`). Of the labels, `network.conditioning` makes

    - embedding: a code beside the channels of each pixel, or beside the whole image for a body
      that sees it as one row (Mirza and Osindero 2014, arXiv 1411.1784);
    - projection: the product of the features and an embedding, which is added to the logit (Miyato
      and Koyama 2018, arXiv 1802.05637, equation 3);
    - classifier: nothing to see, but logits of the classes to learn (Odena et al. 2016, arXiv
      1610.09585).
    """

    body: nn.Module
    judge: nn.Module | None
    categories: tuple[int, ...]
    continuous: int

    @nn.compact
    def __call__(self, images: jax.Array, labels: jax.Array, train: bool) -> Verdict:
        layer, network = self.parts(labels, train), self.network
        seen = images
        if network.conditioning == "embedding":
            takes_rows = getattr(self.body, "takes_rows", False)
            seen = images.reshape(len(images), -1) if takes_rows else images
            seen = beside(seen, layer.code(network.embedding_features))
        features = self.body(seen, labels, train)
        if network.minibatch != "none":
            features = MINIBATCH[network.minibatch]()(features, train)
        if self.judge is None:
            logits = layer.dense(features, 1, name="logit")[:, 0].astype(jnp.float32)
        else:
            logits = self.judge(features, images, layer)
        if network.conditioning == "projection":
            init = getattr(self.body, "projection_init", self.kernel_init)
            row = layer.embedding(features.shape[-1], "projection", init)
            logits += (row * features).sum(axis=1, dtype=jnp.float32)
        classes = None
        if network.conditioning == "classifier":
            classes = layer.dense(features, self.num_classes, name="classes").astype(jnp.float32)
        codes = self._codes(features, layer) if self.categories or self.continuous else None
        return Verdict(logits, features.astype(jnp.float32), classes, codes)

    def _codes(self, features: jax.Array, layer: Parts) -> Codes:
        """By one hidden layer of `code_features` and a linear one."""
        width, biased = self.network.code_features, not layer.normalises
        x = layer.dense(features, width, use_bias=biased, name="code_hidden")
        x = layer.activated(layer.norm(x))
        sizes = [*self.categories, self.continuous]
        found = layer.dense(x, sum(sizes), name="codes").astype(jnp.float32)
        *logits, mean = jnp.split(found, list(accumulate(sizes[:-1])), axis=1)
        return Codes(tuple(logits), mean)


MINIBATCH: dict[str, Callable[[], nn.Module]] = {
    "stddev": MinibatchStddev,
    "discrimination": MinibatchDiscrimination,
}


def with_heads(
    config: Config, body: nn.Module, kernel_init: Callable, judge: nn.Module | None = None
) -> Discriminator:
    """The discriminator of a body and of the heads that `config` asks for.

    `kernel_init` is that of the heads; a body may have a `projection_init`. Raises `UserError` for
    what cannot be.
    """
    network, latents = config.disc, config.latents
    if network.conditioning != "none":
        check_classes(config, f"disc.conditioning={network.conditioning}")
    if network.norm in ("conditional_batch", "virtual_batch"):
        raise UserError(
            f"disc.norm={network.norm} is for generators; set disc.norm to batch or none."
        )
    parts.check_plain(config, "disc", getattr(body, "ignores", ()))
    return Discriminator(
        **parts.of_config(config, network, kernel_init),
        body=body,
        judge=judge,
        categories=latents.categories,
        continuous=latents.continuous,
    )


def check_classes(config: Config, choice: str) -> None:
    """Raises `UserError` when a choice that needs classes is made without any."""
    if not config.data.num_classes:
        raise UserError(
            f"{choice} is told the classes; set data.num_classes to how many there are."
        )
