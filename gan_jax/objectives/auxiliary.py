"""Auxiliary terms, in addition to the adversarial loss: on classes, codes and features.

A term is a choice of `Auxiliary`. D's updates add `on_real` and `on_fake` to their losses and G's
adds `gen`, each as a mean over this device's examples whose mean over devices counts, times
`weight`.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

import jax
import jax.numpy as jnp
import optax

from gan_jax.config import NonNegative, Part
from gan_jax.devices import collectives
from gan_jax.method import Inputs, LabelledSource, Metrics
from gan_jax.networks import Codes, DiscriminatorOutput, latents
from gan_jax.networks.latents import Latents


class Auxiliary(Part):
    """A term in addition to the loss; zero where a choice does not say more.

    Scalars are of this device; the inputs are of the fakes, whose condition the real images share.
    """

    gen_sees_real: ClassVar[bool] = False
    """Whether `gen` is given D's outputs on real images."""

    def on_real(self, real: DiscriminatorOutput, inputs: Inputs, config: Latents) -> jax.Array:
        """What D's loss has added for its outputs on real images, a scalar."""
        return jnp.zeros(())

    def on_fake(self, fake: DiscriminatorOutput, inputs: Inputs, config: Latents) -> jax.Array:
        """What D's loss has added for its outputs on fakes, a scalar."""
        return jnp.zeros(())

    def gen(
        self,
        real: DiscriminatorOutput | None,
        fake: DiscriminatorOutput,
        inputs: Inputs,
        config: Latents,
    ) -> tuple[jax.Array, Metrics]:
        """What G's loss has added, a scalar, and what to report, which is not weighted."""
        return jnp.zeros(()), {}


@dataclass(frozen=True)
class NoAuxiliary(Auxiliary, name="none"):
    """The adversarial loss alone."""


@dataclass(frozen=True)
class Weighted(Auxiliary):
    """A term that the loss has added, `weight` times."""

    weight: NonNegative = 1.0


@dataclass(frozen=True)
class Classifier(Weighted, name="classifier"):
    """D names the class of real images and of fakes, and G makes fakes of which it can (Odena et
    al. 2016, arXiv 1610.09585, equation 3).

    learns_from: what D learns to name the class of.
    """

    learns_from: Literal["real_and_fake", "real"] = "real_and_fake"

    def on_real(self, real: DiscriminatorOutput, inputs: Inputs, config: Latents) -> jax.Array:
        return self.weight * _class_loss(real, inputs)

    def on_fake(self, fake: DiscriminatorOutput, inputs: Inputs, config: Latents) -> jax.Array:
        if self.learns_from == "real":
            return jnp.zeros(())
        return self.weight * _class_loss(fake, inputs)

    def gen(
        self,
        real: DiscriminatorOutput | None,
        fake: DiscriminatorOutput,
        inputs: Inputs,
        config: Latents,
    ) -> tuple[jax.Array, Metrics]:
        assert fake.classes is not None
        value = _class_loss(fake, inputs)
        right = (fake.classes.argmax(axis=1) == _classes(inputs)).mean()
        return self.weight * value, {"g/class_loss": value, "g/class_accuracy": right}


def _class_loss(found: DiscriminatorOutput, inputs: Inputs) -> jax.Array:
    assert found.classes is not None
    return cross_entropy(found.classes, _classes(inputs)).mean()


def _classes(inputs: Inputs) -> jax.Array:
    """The classes of a condition, which may have a picture too."""
    condition = inputs.condition
    return condition.label if isinstance(condition, LabelledSource) else condition


class CodesBound(Weighted, name="codes"):
    """Q finds the structured part of the latents again, in the images that G makes of them: the
    bound L_I = E log Q(c | x) + H(c) on their mutual information, which both maximise (Chen et al.
    2016, arXiv 1606.03657, equations 5 and 6). Reported in nats, of each kind of codes."""

    def on_fake(self, fake: DiscriminatorOutput, inputs: Inputs, config: Latents) -> jax.Array:
        return self.weight * -jnp.stack(_code_bounds(fake, inputs, config)).sum()

    def gen(
        self,
        real: DiscriminatorOutput | None,
        fake: DiscriminatorOutput,
        inputs: Inputs,
        config: Latents,
    ) -> tuple[jax.Array, Metrics]:
        categorical, continuous = _code_bounds(fake, inputs, config)
        reports = {"g/bound_categories": categorical, "g/bound_continuous": continuous}
        return self.weight * -(categorical + continuous), reports


def _code_bounds(
    fake: DiscriminatorOutput, inputs: Inputs, config: Latents
) -> tuple[jax.Array, jax.Array]:
    assert fake.codes is not None
    categorical, continuous = bounds(fake.codes, *latents.codes(config, inputs.latents))
    return categorical.mean(), continuous.mean()


class FeatureMatching(Weighted, name="feature_matching"):
    """G brings the mean features of its fakes to those of real images, over the global batch
    (Salimans et al. 2016, arXiv 1606.03498, section 3.1). With loss.gen_weight=0 it does nothing
    else, as in the paper."""

    gen_sees_real: ClassVar[bool] = True

    def gen(
        self,
        real: DiscriminatorOutput | None,
        fake: DiscriminatorOutput,
        inputs: Inputs,
        config: Latents,
    ) -> tuple[jax.Array, Metrics]:
        assert real is not None
        means = collectives.mean((real.features.mean(axis=0), fake.features.mean(axis=0)))
        value = ((means[0] - means[1]) ** 2).sum()
        return self.weight * value, {"g/feature_distance": value}


class PullAway(Weighted, name="pull_away"):
    """G turns the features of its fakes away from one another (Zhao et al. 2017, arXiv 1609.03126,
    equation 4): the mean squared cosine of all pairs of the global batch."""

    def gen(
        self,
        real: DiscriminatorOutput | None,
        fake: DiscriminatorOutput,
        inputs: Inputs,
        config: Latents,
    ) -> tuple[jax.Array, Metrics]:
        value = squared_cosines(fake.features).mean()
        return self.weight * value, {"g/pull_away": value}


def cross_entropy(logits: jax.Array, labels: jax.Array) -> jax.Array:
    """Of logits [n, k] and labels [n], in nats, [n]."""
    return optax.softmax_cross_entropy_with_integer_labels(logits, labels)


def bounds(found: Codes, categories: jax.Array, values: jax.Array) -> tuple[jax.Array, jax.Array]:
    """log Q(c | x) + H(c), [n] each, of all categorical codes [n, m] together and of all
    continuous ones [n, c].

    Those are U(-1, 1), and in Q normal with variance 1, as in the authors' program for MNIST, so
    that their bound is at most ln 2 - ln(2 pi) / 2 = -0.226 each. With a variance that Q learns it
    has no end, and G wrote the codes into dots too faint to be digits.
    """
    categorical = jnp.zeros(len(categories))
    for number, logits in enumerate(found.categories):
        entropy = jnp.log(logits.shape[1])
        categorical += entropy - cross_entropy(logits, categories[:, number])
    log_q = -((values - found.mean) ** 2 + jnp.log(2 * jnp.pi)) / 2
    return categorical, (log_q + jnp.log(2.0)).sum(axis=1)


def squared_cosines(features: jax.Array) -> jax.Array:
    """For each row of features [n, f] the mean squared cosine with all others of all devices."""
    squares = (features**2).sum(axis=1, keepdims=True)
    unit = features * jax.lax.rsqrt(jnp.maximum(squares, 1e-12))
    everyone = jax.lax.all_gather(unit, collectives.AXIS).reshape(-1, features.shape[1])
    cosines = unit @ everyone.T
    numbers = collectives.example_numbers(len(features))
    others = numbers[:, None] != jnp.arange(len(everyone))[None]
    return jnp.where(others, cosines**2, 0).sum(axis=1) / (len(everyone) - 1)
