"""Adversarial losses on logits, one value per example; the caller reduces.

A loss is a row of `LOSSES`, made from the config's section. Larger logits mean "more real", also of
a D that measures an energy: its logits are the negative energies. Losses that look at the whole
batch take global means, so they run under the mapped axis `collectives.AXIS`.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from gan_jax import config
from gan_jax.devices import collectives
from gan_jax.errors import UserError, choose

Term = Callable[[jax.Array], jax.Array]
PairTerm = Callable[[jax.Array, jax.Array], jax.Array]
Control = dict[str, jax.Array]
"""Scalars of a loss's own, which follow the game: part of the state, updated once a step."""


class Loss(NamedTuple):
    """What D minimises, given logits [n] of real and of fake examples, and what G does.

    disc: (real, fake, control) -> [n].
    gen: (real, fake) -> [n]; it may use `real` only where `gen_sees_real` says so.
    disc_terms: the terms of `disc` on real and on fake logits where it is their sum; they serve
        methods that update D on real and on fake examples in turn.
    gen_sees_real: whether G's update needs D's pass over real examples.
    on_probabilities: whether sigmoid(logits) is a probability in this loss.
    on_signs: whether D takes for real what has a logit above 0, and for fake what has one below.
    on_energies: whether the logits must be negative energies, which an autoencoder's errors are.
    on_means: whether an example's value takes means over all others.
    start: the names and values of the control before the first step.
    follow: (control, mean real logit, mean fake logit) -> (control, what to report of it).
    """

    disc: Callable[[jax.Array, jax.Array, Control], jax.Array]
    gen: PairTerm
    disc_terms: tuple[Term, Term] | None = None
    gen_sees_real: bool = False
    on_probabilities: bool = False
    on_signs: bool = False
    on_energies: bool = False
    on_means: bool = False
    start: tuple[tuple[str, float], ...] = ()
    follow: Callable[[Control, jax.Array, jax.Array], tuple[Control, dict[str, jax.Array]]] = (
        lambda control, real, fake: (control, {})
    )


def separable(disc_real: Term, disc_fake: Term, gen: Term) -> Loss:
    """The loss whose D part is a sum over real and fake, and whose G part sees fakes alone."""
    return Loss(
        disc=lambda real, fake, control: disc_real(real) + disc_fake(fake),
        gen=lambda real, fake: gen(fake),
        disc_terms=(disc_real, disc_fake),
    )


def binary_cross_entropy(logits: jax.Array, target: float) -> jax.Array:
    """-target log D - (1 - target) log(1 - D) with D = sigmoid(logits); finite for any logit."""
    return jax.nn.softplus(logits) - target * logits


def non_saturating(section: config.Loss) -> Loss:
    """G minimises -log D(fake) (Goodfellow et al. 2014, arXiv 1406.2661, section 3).

    `real_target` below 1 is one-sided label smoothing (Salimans et al. 2016, arXiv 1606.03498);
    with `fake_target` above 0 it is two-sided.
    """
    return separable(
        disc_real=lambda logits: binary_cross_entropy(logits, section.real_target),
        disc_fake=lambda logits: binary_cross_entropy(logits, section.fake_target),
        gen=lambda logits: jax.nn.softplus(-logits),
    )._replace(on_probabilities=True, on_signs=True)


def minimax(section: config.Loss) -> Loss:
    """G minimises log(1 - D(fake)), the value function itself (arXiv 1406.2661, equation 1)."""
    return non_saturating(section)._replace(gen=lambda real, fake: -jax.nn.softplus(fake))


def least_squares(section: config.Loss) -> Loss:
    """Half the squared distances to targets (Mao et al. 2017, arXiv 1611.04076, equation 2).

    Its b, a and c are `real_target`, `fake_target` and `gen_target`; b - c = 1 and b - a = 2 make
    it the Pearson divergence of the paper's equation 7.
    """
    return separable(
        disc_real=lambda logits: (logits - section.real_target) ** 2 / 2,
        disc_fake=lambda logits: (logits - section.fake_target) ** 2 / 2,
        gen=lambda logits: (logits - section.gen_target) ** 2 / 2,
    )._replace(on_signs=section.real_target == -section.fake_target)


def wasserstein(section: config.Loss) -> Loss:
    """The difference of means, for a D that is kept Lipschitz (arXiv 1701.07875, equation 2)."""
    return separable(lambda logits: -logits, lambda logits: logits, lambda logits: -logits)


def hinge(section: config.Loss) -> Loss:
    """D leaves alone what is beyond +1 or -1 (Lim and Ye 2017, arXiv 1705.02894; Miyato et al.
    2018, arXiv 1802.05957, equations 16 and 17)."""
    return separable(
        disc_real=lambda logits: jax.nn.relu(1 - logits),
        disc_fake=lambda logits: jax.nn.relu(1 + logits),
        gen=lambda logits: -logits,
    )._replace(on_signs=True)


def relativistic_pairing(section: config.Loss) -> Loss:
    """The logistic loss of each real example's lead over the fake beside it (Jolicoeur-Martineau
    2018, arXiv 1807.00734, section 4.1; Huang et al. 2024, arXiv 2501.05441, equation 2)."""
    return Loss(
        disc=lambda real, fake, control: jax.nn.softplus(fake - real),
        gen=lambda real, fake: jax.nn.softplus(real - fake),
        gen_sees_real=True,
    )


def relativistic_average(section: config.Loss) -> Loss:
    """The logistic loss of each example's lead over the mean of the other kind, taken over the
    global batch (arXiv 1807.00734, section 4.2)."""

    def leads(ahead: jax.Array, behind: jax.Array) -> jax.Array:
        to_mean = jax.nn.softplus(collectives.mean(behind.mean()) - ahead)
        return to_mean + jax.nn.softplus(behind - collectives.mean(ahead.mean()))

    return Loss(
        disc=lambda real, fake, control: leads(real, fake),
        gen=lambda real, fake: leads(fake, real),
        gen_sees_real=True,
        on_means=True,
    )


def ebgan(section: config.Loss) -> Loss:
    """D lowers the energy of real examples and raises that of fakes up to a margin, each for
    itself; G lowers that of fakes (Zhao et al. 2017, arXiv 1609.03126, equations 1 and 2)."""
    return separable(
        disc_real=lambda logits: -logits,
        disc_fake=lambda logits: jax.nn.relu(section.margin + logits),
        gen=lambda logits: -logits,
    )._replace(on_energies=True)


def began(section: config.Loss) -> Loss:
    """Energies whose ratio is steered (Berthelot et al. 2017, arXiv 1703.10717, section 3.4).

    D's loss weighs the fakes' energy by the control k, from 0 on, which moves so that the fakes'
    mean energy comes to `diversity` (gamma) times that of real examples. `convergence` is the
    paper's global measure M. Both energies are those of D's updates.
    """

    def follow(control: Control, real: jax.Array, fake: jax.Array):
        gap = section.diversity * -real + fake  # gamma L(x) - L(G(z))
        k = jnp.clip(control["k"] + section.control_rate * gap, 0.0, 1.0)
        return {"k": k}, {"d/control_k": k, "d/convergence": -real + jnp.abs(gap)}

    return Loss(
        disc=lambda real, fake, control: -real + control["k"] * fake,
        gen=lambda real, fake: -fake,
        on_energies=True,
        start=(("k", 0.0),),
        follow=follow,
    )


LOSSES: dict[str, Callable[[config.Loss], Loss]] = {
    "minimax": minimax,
    "non_saturating": non_saturating,
    "least_squares": least_squares,
    "wasserstein": wasserstein,
    "hinge": hinge,
    "relativistic_average": relativistic_average,
    "relativistic_pairing": relativistic_pairing,
    "ebgan": ebgan,
    "began": began,
}

TO_TARGETS = frozenset({"minimax", "non_saturating", "least_squares"})
"""Losses whose D learns targets, which `loss.real_target` and `loss.fake_target` may smooth."""


def make(section: config.Loss) -> Loss:
    """The loss that `section.name` names. Raises `UserError` for targets that it does not have."""
    made = choose(LOSSES, "loss.name", section.name)(section)
    if (section.real_target, section.fake_target) != (1, 0) and section.name not in TO_TARGETS:
        raise UserError(
            f"loss.name={section.name} has no targets to smooth; set loss.real_target=1 and "
            "loss.fake_target=0."
        )
    return made


def probability(logits: jax.Array) -> jax.Array:
    """D's probability that an example is real, sigmoid(logits), in float32."""
    return jax.nn.sigmoid(logits.astype(jnp.float32))
