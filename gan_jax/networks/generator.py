"""What a generator is told beside its latents, for any body."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.config import Config
from gan_jax.errors import UserError
from gan_jax.networks import parts
from gan_jax.networks.discriminator import check_classes
from gan_jax.networks.layers import REFERENCE, beside


class Generator(parts.Body):
    """(latents [n, d], labels [n], train) to images [n, h, w, c], by a body of the same signature.

    With `conditioning` embedding, a code of the label lies beside z (Mirza and Osindero 2014, arXiv
    1411.1784). With `norm` virtual_batch, the latents that the network is initialised with, and all
    classes in turn, are the reference: they pass ahead of every batch.
    """

    body: nn.Module

    @nn.compact
    def __call__(self, latents: jax.Array, labels: jax.Array, train: bool) -> jax.Array:
        count = 0
        if self.network.norm == "virtual_batch":
            reference = self.variable("batch_stats", "reference", _reference, latents).value
            latents = jnp.concatenate([reference, latents])
            classes = jnp.arange(REFERENCE, dtype=labels.dtype) % max(1, self.num_classes)
            labels, count = jnp.concatenate([classes, labels]), REFERENCE
        if self.network.conditioning == "embedding":
            code = self.parts(labels, train).code(self.network.embedding_features)
            latents = beside(latents, code)
        return self.body(latents, labels, train)[count:]


def _reference(latents: jax.Array) -> jax.Array:
    if len(latents) != REFERENCE:
        raise ValueError(f"virtual batch normalisation starts with {REFERENCE} latents")
    return latents


def told(config: Config, body: nn.Module) -> nn.Module:
    """`body`, told what `config.gen` asks for; its `code_init`, if any, is that of an embedding.
    Raises `UserError` for what cannot be."""
    network = config.gen
    if network.conditioning in ("projection", "classifier"):
        raise UserError(
            f"gen.conditioning={network.conditioning} is for discriminators; set it to embedding, "
            "or gen.norm=conditional_batch."
        )
    for field in ("conditioning", "norm"):
        choice = getattr(network, field)
        if choice in ("embedding", "conditional_batch"):
            check_classes(config, f"gen.{field}={choice}")
    if network.norm == "virtual_batch" and config.method != "adversarial":
        raise UserError(f"method={config.method} has no reference batch; set gen.norm=batch.")
    ignored = ("dropout_rate", "pooling", *getattr(body, "ignores", ()))
    parts.check_plain(config, "gen", ignored)
    if network.conditioning == "none" and network.norm != "virtual_batch":
        return body
    init = getattr(body, "code_init", nn.initializers.normal(1.0))  # spread as z is
    return Generator(**parts.of_config(config, network, init), body=body)
