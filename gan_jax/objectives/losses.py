"""Adversarial losses on logits, one value per logit; the caller reduces.

A loss is a choice of `Loss`, a frozen dataclass of its constants. Larger logits mean "more real",
also of a D that measures an energy: its logits are the negative energies. Losses that look at the
whole batch take global means, so they run under the mapped axis `collectives.AXIS`.
"""

from dataclasses import dataclass
from typing import ClassVar

import jax
import jax.numpy as jnp

from gan_jax.config import NonNegative, Part, Positive, Share
from gan_jax.devices import collectives

LossState = dict[str, jax.Array]
"""Scalars of a loss's own, updated once a step as part of the training state."""


@dataclass(frozen=True)
class Loss(Part):
    """What D minimises, given logits of real and of fake examples, and what G does.

    Logits are [n], or [n, p] of a D that sees patches; so are the values.

    gen_weight: of the loss in G's objective, beside that of `auxiliary`.

    gen_sees_real: whether `gen` uses the real logits, so that G's update needs D's pass over them.
    on_probabilities: whether sigmoid(logits) is a probability in this loss.
    on_signs: whether the sign of a logit is D's real/fake decision.
    on_energies: whether the logits must be negative energies, which an autoencoder's errors are.
    on_means: whether an example's value takes means over all others.
    """

    gen_weight: NonNegative = 1.0

    gen_sees_real: ClassVar[bool] = False
    on_probabilities: ClassVar[bool] = False
    on_energies: ClassVar[bool] = False
    on_means: ClassVar[bool] = False

    @property
    def on_signs(self) -> bool:
        return False

    def disc(self, real: jax.Array, fake: jax.Array, state: LossState) -> jax.Array:
        """What D minimises: logits [n] of real and of fake examples to values [n]."""
        raise NotImplementedError

    def gen(self, real: jax.Array, fake: jax.Array) -> jax.Array:
        """What G minimises: logits [n] of real and of fake examples to values [n]."""
        raise NotImplementedError

    def start(self) -> dict[str, float]:
        """The loss's own scalars before the first step."""
        return {}

    def update(
        self, state: LossState, real: jax.Array, fake: jax.Array
    ) -> tuple[LossState, dict[str, jax.Array]]:
        """The scalars after a step, from the mean real and fake logits; and what to report."""
        return state, {}


class Separable(Loss):
    """A loss whose D part is a sum over real and fake, and whose G part sees fakes alone.

    Its terms serve methods that update D on real and on fake examples in turn.
    """

    def disc_real(self, logits: jax.Array) -> jax.Array:
        """The term of real logits [n], [n]."""
        raise NotImplementedError

    def disc_fake(self, logits: jax.Array) -> jax.Array:
        """The term of fake logits [n], [n]."""
        raise NotImplementedError

    def gen_fake(self, logits: jax.Array) -> jax.Array:
        """What G minimises, from fake logits [n], [n]."""
        raise NotImplementedError

    def disc(self, real: jax.Array, fake: jax.Array, state: LossState) -> jax.Array:
        return self.disc_real(real) + self.disc_fake(fake)

    def gen(self, real: jax.Array, fake: jax.Array) -> jax.Array:
        return self.gen_fake(fake)


def binary_cross_entropy(logits: jax.Array, target: float) -> jax.Array:
    """-target log D - (1 - target) log(1 - D) with D = sigmoid(logits); finite for any
    logit, of any shape."""
    return jax.nn.softplus(logits) - target * logits


@dataclass(frozen=True)
class NonSaturating(Separable, name="non_saturating"):
    """G minimises -log D(fake) (Goodfellow et al. 2014, arXiv 1406.2661, section 3).

    `real_target` below 1 is one-sided label smoothing (Salimans et al. 2016, arXiv 1606.03498);
    with `fake_target` above 0 it is two-sided.
    """

    real_target: Share = 1.0
    fake_target: Share = 0.0

    on_probabilities: ClassVar[bool] = True

    @property
    def on_signs(self) -> bool:
        return True

    def disc_real(self, logits: jax.Array) -> jax.Array:
        return binary_cross_entropy(logits, self.real_target)

    def disc_fake(self, logits: jax.Array) -> jax.Array:
        return binary_cross_entropy(logits, self.fake_target)

    def gen_fake(self, logits: jax.Array) -> jax.Array:
        return jax.nn.softplus(-logits)


class Minimax(NonSaturating, name="minimax"):
    """G minimises log(1 - D(fake)), the value function itself (arXiv 1406.2661, equation 1)."""

    def gen_fake(self, logits: jax.Array) -> jax.Array:
        return -jax.nn.softplus(logits)


@dataclass(frozen=True)
class LeastSquares(Separable, name="least_squares"):
    """Half the squared distances to targets (Mao et al. 2017, arXiv 1611.04076, equation 2).

    Its b, a and c are `real_target`, `fake_target` and `gen_target`; b - c = 1 and b - a = 2 make
    it the Pearson divergence of the paper's equation 7.
    """

    real_target: float = 1.0
    fake_target: float = 0.0
    gen_target: float = 1.0

    @property
    def on_signs(self) -> bool:
        return self.real_target == -self.fake_target

    def disc_real(self, logits: jax.Array) -> jax.Array:
        return (logits - self.real_target) ** 2 / 2

    def disc_fake(self, logits: jax.Array) -> jax.Array:
        return (logits - self.fake_target) ** 2 / 2

    def gen_fake(self, logits: jax.Array) -> jax.Array:
        return (logits - self.gen_target) ** 2 / 2


class Wasserstein(Separable, name="wasserstein"):
    """The difference of means, for a D that is kept Lipschitz (arXiv 1701.07875, equation 2)."""

    def disc_real(self, logits: jax.Array) -> jax.Array:
        return -logits

    def disc_fake(self, logits: jax.Array) -> jax.Array:
        return logits

    def gen_fake(self, logits: jax.Array) -> jax.Array:
        return -logits


class Hinge(Separable, name="hinge"):
    """D ignores logits beyond +1 or -1 (Lim and Ye 2017, arXiv 1705.02894; Miyato et al. 2018,
    arXiv 1802.05957, equations 16 and 17)."""

    @property
    def on_signs(self) -> bool:
        return True

    def disc_real(self, logits: jax.Array) -> jax.Array:
        return jax.nn.relu(1 - logits)

    def disc_fake(self, logits: jax.Array) -> jax.Array:
        return jax.nn.relu(1 + logits)

    def gen_fake(self, logits: jax.Array) -> jax.Array:
        return -logits


class RelativisticAverage(Loss, name="relativistic_average"):
    """The logistic loss of each example's lead over the mean of the other kind, taken over the
    global batch (arXiv 1807.00734, section 4.2)."""

    gen_sees_real: ClassVar[bool] = True
    on_means: ClassVar[bool] = True

    def disc(self, real: jax.Array, fake: jax.Array, state: LossState) -> jax.Array:
        return _leads(real, fake)

    def gen(self, real: jax.Array, fake: jax.Array) -> jax.Array:
        return _leads(fake, real)


def _leads(ahead: jax.Array, behind: jax.Array) -> jax.Array:
    to_mean = jax.nn.softplus(collectives.mean(behind.mean()) - ahead)
    return to_mean + jax.nn.softplus(behind - collectives.mean(ahead.mean()))


class RelativisticPairing(Loss, name="relativistic_pairing"):
    """The logistic loss of each real example's lead over the fake beside it (Jolicoeur-Martineau
    2018, arXiv 1807.00734, section 4.1; Huang et al. 2024, arXiv 2501.05441, equation 2)."""

    gen_sees_real: ClassVar[bool] = True

    def disc(self, real: jax.Array, fake: jax.Array, state: LossState) -> jax.Array:
        return jax.nn.softplus(fake - real)

    def gen(self, real: jax.Array, fake: jax.Array) -> jax.Array:
        return jax.nn.softplus(real - fake)


@dataclass(frozen=True)
class EBGAN(Separable, name="ebgan"):
    """D lowers the energy of real examples and raises that of fakes up to `margin`, each for
    itself; G lowers that of fakes (Zhao et al. 2017, arXiv 1609.03126, equations 1 and 2)."""

    margin: Positive = 10.0

    on_energies: ClassVar[bool] = True

    def disc_real(self, logits: jax.Array) -> jax.Array:
        return -logits

    def disc_fake(self, logits: jax.Array) -> jax.Array:
        return jax.nn.relu(self.margin + logits)

    def gen_fake(self, logits: jax.Array) -> jax.Array:
        return -logits


@dataclass(frozen=True)
class BEGAN(Loss, name="began"):
    """Energies whose ratio is steered (Berthelot et al. 2017, arXiv 1703.10717, section 3.4).

    D's loss weighs the fakes' energy by the control k, from 0 on, which moves at `control_rate`
    (lambda_k) so that the fakes' mean energy comes to `diversity` (gamma) times that of real
    examples. `convergence` is the paper's global measure M. Both energies are those of D's updates.
    """

    diversity: Share = 0.5
    control_rate: NonNegative = 1e-3

    on_energies: ClassVar[bool] = True

    def disc(self, real: jax.Array, fake: jax.Array, state: LossState) -> jax.Array:
        return -real + state["k"] * fake

    def gen(self, real: jax.Array, fake: jax.Array) -> jax.Array:
        return -fake

    def start(self) -> dict[str, float]:
        return {"k": 0.0}

    def update(
        self, state: LossState, real: jax.Array, fake: jax.Array
    ) -> tuple[LossState, dict[str, jax.Array]]:
        gap = self.diversity * -real + fake  # gamma L(x) - L(G(z))
        k = jnp.clip(state["k"] + self.control_rate * gap, 0.0, 1.0)
        return {"k": k}, {"d/control_k": k, "d/convergence": -real + jnp.abs(gap)}


def per_example(values: jax.Array) -> jax.Array:
    """Values of logits, [n] or [n, p] of patches, as one an example, its patches' mean: [n]."""
    return values.mean(axis=1) if values.ndim > 1 else values


def probability(logits: jax.Array) -> jax.Array:
    """D's probability that an example is real, sigmoid(logits) [...], in float32."""
    return jax.nn.sigmoid(logits.astype(jnp.float32))
