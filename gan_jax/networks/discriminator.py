"""Settings of every discriminator, and its heads on the features that a network makes of examples.

The heads are the same for all networks, so that each works with each way of conditioning.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, ClassVar, Literal, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.config.part import Part
from gan_jax.config.values import Count
from gan_jax.errors import UserError
from gan_jax.networks.layers import concatenated
from gan_jax.networks.minibatch import MinibatchDiscrimination, MinibatchStddev
from gan_jax.networks.settings import (
    LabelEmbedding,
    ModuleDef,
    NetworkSettings,
    Shape,
    check_classes,
)


class CodeSizes(NamedTuple):
    """The structured latents that a discriminator finds again (InfoGAN, arXiv 1606.03657)."""

    categories: tuple[int, ...] = ()  # the classes of each categorical code
    continuous: int = 0


NO_CODES = CodeSizes()


class Codes(NamedTuple):
    """What Q takes the structured latents of an example to be (arXiv 1606.03657, section 6)."""

    categories: tuple[jax.Array, ...]  # logits [n, k], one array for each categorical code
    mean: jax.Array  # [n, c], of the continuous codes, whose variance is 1


class DiscriminatorOutput(NamedTuple):
    """What D finds in examples, all of it float32. A larger logit is always more real."""

    logits: jax.Array  # [n], or [n, p] of p patches each
    features: jax.Array  # [n, f], what the linear head sees
    classes: jax.Array | None = None  # logits [n, k] of the auxiliary classifier
    codes: Codes | None = None


MINIBATCH: dict[str, Callable[[], nn.Module]] = {
    "stddev": MinibatchStddev,
    "discrimination": MinibatchDiscrimination,
}


@dataclass(frozen=True, kw_only=True)
class DiscSettings(Part, NetworkSettings):
    """One of the discriminators."""

    section: ClassVar[str] = "disc"

    minibatch: Literal["none", "stddev", "discrimination"] = "none"  # features of the batch

    def build(
        self, shape: Shape, num_classes: int, dtype: jnp.dtype, codes: CodeSizes = NO_CODES
    ) -> "Discriminator":
        """A module that maps (examples [n, *shape], condition, train) to a `DiscriminatorOutput`,
        computed in `dtype`. Raises `UserError` for what cannot be built."""
        raise NotImplementedError


def refuse_codes(settings: DiscSettings, codes: CodeSizes) -> None:
    """Raises `UserError` for codes that are to be found by a network without a head for them."""
    if codes != NO_CODES:
        raise UserError(
            f"{settings.section}.name={settings.choice} finds no structured codes; leave "
            "latents.categories and latents.continuous out."
        )


@dataclass(frozen=True, kw_only=True)
class ConditionalDisc(LabelEmbedding, DiscSettings):
    """Discriminators that may be class-conditional, by

    - embedding: a code concatenated to the channels of each pixel, or to the whole example for a
      network that sees it as one row (Mirza and Osindero 2014, arXiv 1411.1784);
    - projection: the product of the features and an embedding, which is added to the logit (Miyato
      and Koyama 2018, arXiv 1802.05637, equation 3);
    - classifier: no label to see, but logits of the classes to learn (Odena et al. 2016, arXiv
      1610.09585).
    """

    conditioning: Literal["none", "embedding", "projection", "classifier"] = "none"
    code_features: Count = 128  # of Q's hidden layer, for latents with codes

    def conditional(
        self,
        body: nn.Module,
        num_classes: int,
        dtype: jnp.dtype,
        codes: CodeSizes,
        kernel_init: Callable,
        **fields: Any,
    ) -> "ConditionalDiscriminator":
        """The discriminator with a body that maps (examples, labels, train) to features [n, f].

        `kernel_init` is that of the heads; `fields` are further ones of the module.
        """
        if self.conditioning != "none":
            check_classes(f"{self.section}.conditioning={self.conditioning}", num_classes)
        return ConditionalDiscriminator(
            body, self, dtype, kernel_init, num_classes, codes, **fields
        )


class Discriminator(nn.Module):
    """(examples [n, *shape] in [-1, 1], condition, train) to a `DiscriminatorOutput`.

    The body maps the same to features [n, f]; logits are linear in them.
    """

    body: nn.Module
    settings: DiscSettings
    dtype: jnp.dtype
    kernel_init: Callable  # of the heads

    @property
    def measures_energy(self) -> bool:
        """Whether logits are negative errors, as in EBGAN."""
        return False

    @nn.compact
    def __call__(
        self, x: jax.Array, condition: jax.Array | None, train: bool
    ) -> DiscriminatorOutput:
        features = self.body(self._seen(x, condition, train), condition, train)
        if self.settings.minibatch != "none":
            features = MINIBATCH[self.settings.minibatch]()(features, train)
        output = DiscriminatorOutput(self._logits(x, features, train), features.astype(jnp.float32))
        return self._with_heads(output, features, condition, train)

    def _seen(self, x: jax.Array, condition: jax.Array | None, train: bool) -> jax.Array:
        """What the body sees."""
        return x

    def _logits(self, x: jax.Array, features: jax.Array, train: bool) -> jax.Array:
        """Logits [n], float32."""
        return self._dense(train)(1, name="logit")(features)[:, 0].astype(jnp.float32)

    def _with_heads(
        self,
        output: DiscriminatorOutput,
        features: jax.Array,
        condition: jax.Array | None,
        train: bool,
    ) -> DiscriminatorOutput:
        """The output with what further heads find in the features."""
        return output

    def _dense(self, train: bool) -> ModuleDef:
        fields = {"kernel_init": self.kernel_init, "dtype": self.dtype}
        return self.settings.layer(nn.Dense, train, **fields)


class ConditionalDiscriminator(Discriminator):
    """A discriminator with labels [n] as condition, where its settings say so, and with the head Q
    where there are codes to be found."""

    settings: ConditionalDisc
    num_classes: int
    codes: CodeSizes
    reconstruction: ModuleDef | None = None  # makes logits of (features, examples, train)
    projection_init: Callable | None = None  # in place of the heads'
    takes_rows: bool = False  # whether the body sees an example as one row of numbers

    @property
    def measures_energy(self) -> bool:
        """Whether logits are negative errors, as in EBGAN."""
        return self.reconstruction is not None

    def _seen(self, x: jax.Array, labels: jax.Array | None, train: bool) -> jax.Array:
        if self.settings.conditioning != "embedding":
            return x
        x = x.reshape(len(x), -1) if self.takes_rows else x
        encode = self.settings.label_code(train, self.num_classes, self.kernel_init, self.dtype)
        return concatenated(x, encode(labels))

    def _logits(self, x: jax.Array, features: jax.Array, train: bool) -> jax.Array:
        if self.reconstruction is None:
            return super()._logits(x, features, train)
        return self.reconstruction(name="judge")(features, x, train)

    def _with_heads(
        self,
        output: DiscriminatorOutput,
        features: jax.Array,
        labels: jax.Array | None,
        train: bool,
    ) -> DiscriminatorOutput:
        settings = self.settings
        if settings.conditioning == "projection":
            fields = {"embedding_init": self.projection_init or self.kernel_init}
            embed = settings.layer(nn.Embed, train, dtype=self.dtype, **fields)
            row = embed(self.num_classes, features.shape[-1], name="projection")(labels)
            product = (row * features).sum(axis=1, dtype=jnp.float32)
            output = output._replace(logits=output.logits + product)
        if settings.conditioning == "classifier":
            found = self._dense(train)(self.num_classes, name="classes")(features)
            output = output._replace(classes=found.astype(jnp.float32))
        if self.codes != NO_CODES:
            output = output._replace(codes=self._find_codes(features, train))
        return output

    def _find_codes(self, features: jax.Array, train: bool) -> Codes:
        """By one hidden layer of `code_features` and a linear one."""
        settings, dense = self.settings, self._dense(train)
        width, biased = settings.code_features, not settings.normalised
        x = dense(width, use_bias=biased, name="code_hidden")(features)
        x = settings.act(settings.norm_layer(train, self.dtype)()(x))
        sizes = [*self.codes.categories, self.codes.continuous]
        found = dense(sum(sizes), name="codes")(x).astype(jnp.float32)
        *logits, mean = jnp.split(found, list(accumulate(sizes[:-1])), axis=1)
        return Codes(tuple(logits), mean)
