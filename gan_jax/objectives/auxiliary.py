"""Terms beside the adversarial loss, on what D finds in images: classes, codes, features.

A term is a row of `AUXILIARIES`. D's updates add `on_real` and `on_fake` to their losses and G's
adds `gen`, each as a mean over this device's examples whose mean over devices counts, times
`auxiliary.weight`.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
import optax

from gan_jax.config import Config
from gan_jax.devices import collectives
from gan_jax.errors import UserError, choose
from gan_jax.method import Metrics
from gan_jax.networks import Codes, Verdict, latents


class Asked(NamedTuple):
    """What images were asked to show."""

    labels: jax.Array  # int [n]
    z: jax.Array  # [n, d], of the fakes


OfDisc = Callable[[Verdict, Asked], jax.Array]


class Auxiliary(NamedTuple):
    """The parts of a term; `gen` takes (on real, on fake, asked) and also gives reports.

    Only where `gen_sees_real` are the verdicts on real images given to it.
    """

    gen: Callable[[Verdict | None, Verdict, Asked], tuple[jax.Array, Metrics]]
    on_real: OfDisc = lambda verdict, asked: jnp.zeros(())
    on_fake: OfDisc = lambda verdict, asked: jnp.zeros(())
    gen_sees_real: bool = False


def none(config: Config) -> Auxiliary:
    return Auxiliary(lambda real, fake, asked: (jnp.zeros(()), {}))


def classifier(config: Config) -> Auxiliary:
    """D names the class of real images and of fakes, and G makes fakes of which it can (Odena et
    al. 2016, arXiv 1610.09585, equation 3)."""
    if config.disc.conditioning != "classifier":
        raise UserError(
            "auxiliary.name=classifier needs a D that names classes; set "
            "disc.conditioning=classifier."
        )

    def entropy(verdict: Verdict, asked: Asked) -> jax.Array:
        assert verdict.classes is not None
        return cross_entropy(verdict.classes, asked.labels).mean()

    def gen(real: Verdict | None, fake: Verdict, asked: Asked) -> tuple[jax.Array, Metrics]:
        assert fake.classes is not None
        value = entropy(fake, asked)
        right = (fake.classes.argmax(axis=1) == asked.labels).mean()
        return value, {"g/class_loss": value, "g/class_accuracy": right}

    return Auxiliary(gen, entropy, entropy)


def codes(config: Config) -> Auxiliary:
    """Q finds the structured part of the latents again, in the images that G makes of them: the
    bound L_I = E log Q(c | x) + H(c) on their mutual information, which both maximise (Chen et al.
    2016, arXiv 1606.03657, equations 5 and 6). Reported in nats, of each kind of codes."""
    section = config.latents
    if not (section.categories or section.continuous):
        raise UserError(
            "auxiliary.name=codes needs latents with codes; set latents.categories or "
            "latents.continuous."
        )

    def both(verdict: Verdict, asked: Asked) -> tuple[jax.Array, jax.Array]:
        assert verdict.codes is not None
        categories, values = latents.codes(section, asked.z)
        categorical, continuous = bounds(verdict.codes, categories, values)
        return categorical.mean(), continuous.mean()

    def gen(real: Verdict | None, fake: Verdict, asked: Asked) -> tuple[jax.Array, Metrics]:
        categorical, continuous = both(fake, asked)
        reports = {"g/bound_categories": categorical, "g/bound_continuous": continuous}
        return -(categorical + continuous), reports

    return Auxiliary(
        gen,
        on_fake=lambda verdict, asked: -jnp.stack(both(verdict, asked)).sum(),
    )


def feature_matching(config: Config) -> Auxiliary:
    """G brings the mean features of its fakes to those of real images, over the global batch
    (Salimans et al. 2016, arXiv 1606.03498, section 3.1). With loss.gen_weight=0 it does nothing
    else, as in the paper."""

    def gen(real: Verdict | None, fake: Verdict, asked: Asked) -> tuple[jax.Array, Metrics]:
        assert real is not None
        means = collectives.mean((real.features.mean(axis=0), fake.features.mean(axis=0)))
        value = ((means[0] - means[1]) ** 2).sum()
        return value, {"g/feature_distance": value}

    return Auxiliary(gen, gen_sees_real=True)


def pull_away(config: Config) -> Auxiliary:
    """G turns the features of its fakes away from one another (Zhao et al. 2017, arXiv 1609.03126,
    equation 4): the mean squared cosine of all pairs of the global batch."""

    def gen(real: Verdict | None, fake: Verdict, asked: Asked) -> tuple[jax.Array, Metrics]:
        value = squared_cosines(fake.features).mean()
        return value, {"g/pull_away": value}

    return Auxiliary(gen)


AUXILIARIES: dict[str, Callable[[Config], Auxiliary]] = {
    "none": none,
    "classifier": classifier,
    "codes": codes,
    "feature_matching": feature_matching,
    "pull_away": pull_away,
}


def make(config: Config) -> Auxiliary:
    """The term that `config` names, weighted; what it reports is not. Raises `UserError` where D
    has not the head it needs, or has one that nothing teaches."""
    section = config.auxiliary
    made = choose(AUXILIARIES, "auxiliary.name", section.name)(config)
    if config.disc.conditioning == "classifier" and section.name != "classifier":
        raise UserError(
            "disc.conditioning=classifier gives D a head that learns by auxiliary.name=classifier "
            "alone; set it."
        )
    if (config.latents.categories or config.latents.continuous) and section.name != "codes":
        raise UserError(
            "latents.categories and latents.continuous give D a head that learns by "
            "auxiliary.name=codes alone; set it."
        )

    def weighted(term: OfDisc) -> OfDisc:
        return lambda verdict, asked: section.weight * term(verdict, asked)

    def gen(real: Verdict | None, fake: Verdict, asked: Asked) -> tuple[jax.Array, Metrics]:
        value, reports = made.gen(real, fake, asked)
        return section.weight * value, reports

    on_real, on_fake = weighted(made.on_real), weighted(made.on_fake)
    return made._replace(gen=gen, on_real=on_real, on_fake=on_fake)


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
