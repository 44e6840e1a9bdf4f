"""Golden values on TF-GAN's test logits, and each loss's calculus at its optimal D."""

import math
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from conftest import tiny_config
from one_step import started, step

from gan_jax.config import override
from gan_jax.devices import collectives
from gan_jax.errors import UserError
from gan_jax.methods import game as games
from gan_jax.objectives import losses

REAL = jnp.array([-5.0, 1.4, 12.5, 2.7])
FAKE = jnp.array([10.0, 4.4, -5.5, 3.6])
X = np.linspace(-12, 13, 200_001)
DATA, MADE = (np.exp(-((X - m) ** 2) / 2) / math.sqrt(2 * math.pi) for m in (0.0, 1.0))
"""The densities of N(0, 1) and N(1, 1) at `X`."""


def made(name, **fields):
    return losses.Loss.choices[name](**fields)


def disc(loss, real, fake):
    control = {name: jnp.float32(value) for name, value in loss.start().items()}
    return collectives.alone(loss.disc)(real, fake, control)


def gen(loss, real, fake):
    return collectives.alone(loss.gen)(real, fake)


def mean(values):
    assert values.shape == (4,)
    return float(values.mean())


def integral(values):
    return np.trapezoid(values, X)


@pytest.mark.parametrize(
    ("name", "of_disc", "of_gen"),
    [
        ("minimax", 5.83386589, -4.51082088),
        ("non_saturating", 5.83386589, 1.38582088),
        ("least_squares", 41.73375, 17.69625),
        ("wasserstein", 0.225, -3.125),
        ("hinge", 6.75, -3.125),
        ("relativistic_pairing", 4.82243539, 4.59743539),
    ],
)
def test_golden_values(name, of_disc, of_gen):
    loss = made(name)
    assert mean(disc(loss, REAL, FAKE)) == pytest.approx(of_disc, rel=1e-6)
    assert mean(gen(loss, REAL, FAKE)) == pytest.approx(of_gen, rel=1e-6)


def test_the_golden_value_of_the_relativistic_average():
    real, loss = jnp.array([-2.0, 0.4, 12.5, 2.7]), made("relativistic_average")
    assert mean(disc(loss, real, FAKE)) == pytest.approx(4.3901137, rel=1e-6)
    assert mean(gen(loss, real, FAKE)) == pytest.approx(4.9401137, rel=1e-6)


@pytest.mark.parametrize(
    ("targets", "value"),
    [
        ((1.0, 0.0), 5.83386589),
        ((0.9, 0.0), 6.12386589),
        ((0.875, 0.0), 6.19636589),
        ((0.75, 0.0), 6.55886589),
        ((0.9, 0.1), 6.12386589 - 0.1 * 3.125),  # the mean fake logit is 3.125
    ],
)
def test_label_smoothing_of_one_side_and_of_two(targets, value):
    loss = made("non_saturating", real_target=targets[0], fake_target=targets[1])
    assert mean(disc(loss, REAL, FAKE)) == pytest.approx(value, rel=1e-6)
    assert mean(gen(loss, REAL, FAKE)) == pytest.approx(1.38582088, rel=1e-6)


@pytest.mark.parametrize("name", losses.Loss.choices)
def test_disc_terms_sum_to_the_loss(name):
    loss = made(name)
    if not isinstance(loss, losses.Separable):
        assert name in ("relativistic_pairing", "relativistic_average", "began")
        return
    terms = loss.disc_real(REAL) + loss.disc_fake(FAKE)
    np.testing.assert_allclose(terms, disc(loss, REAL, FAKE), rtol=1e-6)


@pytest.mark.parametrize("name", losses.Loss.choices)
def test_gen_descends_through_fakes_alone_or_says_that_it_sees_real(name):
    loss = made(name)
    values = [gen(loss, real, FAKE) for real in (REAL, REAL + jnp.arange(4.0))]
    assert (np.asarray(values[0] != values[1]).any()) == loss.gen_sees_real


def test_an_undecided_disc():
    zero, loss = jnp.zeros(4), made("non_saturating")
    assert mean(disc(loss, zero, zero)) == pytest.approx(2 * math.log(2), abs=1e-6)
    assert mean(gen(loss, zero, zero)) == pytest.approx(math.log(2), abs=1e-6)
    assert mean(disc(made("relativistic_pairing"), zero, zero)) == pytest.approx(math.log(2))
    assert mean(disc(made("hinge"), zero, zero)) == 2


def test_the_optimal_disc_of_smoothed_targets():
    """p_data = p_gen, targets 0.9 and 0: D = 0.45, so its logit is log(0.45 / 0.55)."""
    loss = made("non_saturating", real_target=0.9)
    slope = jax.grad(lambda logit: loss.disc(logit, logit, {}))
    assert float(slope(-0.20067070)) == pytest.approx(0.0, abs=1e-6)
    assert float(slope(-0.19)) > 1e-3
    assert float(slope(-0.21)) < -1e-3


def value_at(loss, logits):
    """D's loss where its logits at `X` are these."""
    terms = loss.disc_real, loss.disc_fake
    on_real, on_fake = (np.asarray(term(jnp.asarray(logits))) for term in terms)
    return integral(DATA * on_real + MADE * on_fake)


def test_the_value_at_the_optimal_disc_is_the_jensen_shannon_divergence():
    """N(0, 1) against N(1, 1): D's logit is 1/2 - x, and V = -log 4 + 2 * JSD = -1.16345140."""
    loss = made("non_saturating")
    assert -value_at(loss, 0.5 - X) == pytest.approx(-1.16345140, abs=2e-6)
    for other in (0.6 - X, 0.4 - X, 0.5 - 0.9 * X):
        assert value_at(loss, other) > 1.16345140 + 1e-4


def test_least_squares_is_the_pearson_divergence_at_its_optimal_disc():
    """b - c = 1 and b - a = 2: 2 C(G) = chi^2(p_d + p_g || 2 p_g) = 0.40810853."""
    loss = made("least_squares", real_target=1.0, fake_target=-1.0, gen_target=0.0)
    best = (DATA - MADE) / (DATA + MADE)
    slopes = [value_at(loss, best + shift) for shift in (-0.01, 0.0, 0.01)]
    assert min(slopes) == slopes[1]
    score = np.asarray(loss.gen(jnp.asarray(best), jnp.asarray(best)))
    assert 2 * integral((DATA + MADE) * score) == pytest.approx(0.40810853, abs=1e-6)


def test_hinge_is_the_total_variation_at_its_optimal_disc():
    """D = sign(p_d - p_g), and the value is 2 int min(p_d, p_g) = 1.23415016."""
    assert value_at(made("hinge"), np.sign(DATA - MADE)) == pytest.approx(1.23415016, abs=1e-5)


def test_wasserstein_ignores_a_shift_and_finds_the_distance():
    """W1(N(0, 1), N(mu, 1)) = |mu|, found by a D of slope one."""
    loss = made("wasserstein")
    np.testing.assert_allclose(
        disc(loss, REAL + 7, FAKE + 7), disc(loss, REAL, FAKE), rtol=1e-5, atol=1e-5
    )
    assert value_at(loss, -X) == pytest.approx(-1.0, abs=1e-6)


@pytest.mark.parametrize("name", ["relativistic_pairing", "relativistic_average"])
def test_relativistic_losses_see_differences_alone(name):
    loss = made(name)
    for part in (disc, gen):
        shifted = part(loss, REAL + 3, FAKE + 3)
        np.testing.assert_allclose(shifted, part(loss, REAL, FAKE), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("name", losses.Loss.choices)
@pytest.mark.parametrize("part", [disc, gen])
def test_devices_share_the_global_batch_in_value_and_gradient(name, part):
    """The mean over devices of what each has of its shard, and of its gradients."""
    loss, control = made(name), {name: jnp.float32(0.5) for name in made(name).start()}

    def value(real, fake):
        if part is disc:
            return loss.disc(real, fake, control).mean()
        return loss.gen(real, fake).mean()

    def on(devices):
        shards = (x.reshape(devices, -1) for x in (REAL, FAKE))
        both = jax.value_and_grad(value, argnums=(0, 1))
        found, slopes = jax.vmap(both, axis_name=collectives.AXIS)(*shards)
        return found.mean(), *(x.reshape(-1) / devices for x in slopes)

    for one, two in zip(on(1), on(2), strict=True):
        np.testing.assert_allclose(two, one, rtol=1e-5, atol=1e-6)


def test_ebgan_by_hand():
    """Energies 1 and 2 of real, 4 and 12 of fake, margin 10, the hinge for each example apart."""
    loss, real, fake = made("ebgan", margin=10.0), -jnp.array([1.0, 2.0]), -jnp.array([4.0, 12.0])
    assert float(disc(loss, real, fake).mean()) == 4.5
    assert float(gen(loss, real, fake).mean()) == 8
    slope = jax.grad(lambda logits: disc(loss, real, logits).mean())(fake)
    np.testing.assert_array_equal(slope, [0.5, 0])


def test_began_by_hand():
    """gamma 0.5, lambda 0.1, mean energies 2 of real and 0.4 of fake: gamma L(x) - L(G) = 0.6."""
    loss = made("began", diversity=0.5, control_rate=0.1)
    real, fake = -jnp.array([1.0, 3.0]), -jnp.array([0.2, 0.6])
    assert float(loss.disc(real, fake, {"k": 0.25}).mean()) == pytest.approx(2 - 0.25 * 0.4)
    assert float(gen(loss, real, fake).mean()) == pytest.approx(0.4)
    control, reports = loss.update({"k": jnp.float32(0.25)}, real.mean(), fake.mean())
    assert float(control["k"]) == float(reports["d/control_k"]) == pytest.approx(0.25 + 0.1 * 0.6)
    assert float(reports["d/convergence"]) == pytest.approx(2 + 0.6)
    assert set(reports) == {"d/control_k", "d/convergence"}
    for start, real_energy, expected in ((0.99, 10.0, 1.0), (0.01, 0.0, 0.0)):
        follow = loss.update({"k": jnp.float32(start)}, jnp.float32(-real_energy), jnp.float32(-1))
        assert float(follow[0]["k"]) == expected


@pytest.mark.parametrize("logit", [-3.0, 0.5, 4.0])
def test_gradients_of_gen_losses(logit):
    """Their signs are equal, and their ratio is (1 - D) / D."""
    sigmoid = 1 / (1 + math.exp(-logit))
    slopes = {
        name: float(jax.grad(partial(made(name).gen, 0.0))(logit))
        for name in ("non_saturating", "minimax", "hinge", "wasserstein")
    }
    assert slopes["non_saturating"] == pytest.approx(-(1 - sigmoid), rel=1e-5)
    assert slopes["minimax"] == pytest.approx(-sigmoid, rel=1e-5)
    assert slopes["hinge"] == slopes["wasserstein"] == -1


@pytest.mark.parametrize("name", losses.Loss.choices)
@pytest.mark.parametrize("logit", [-1e4, 1e4])
def test_losses_and_gradients_are_finite_at_extreme_logits(name, logit):
    loss, logits = made(name), jnp.array([logit, -logit])
    for part in (disc, gen):
        value, slopes = jax.value_and_grad(
            lambda real, fake, part=part: part(loss, real, fake).mean(), (0, 1)
        )(logits, -logits)
        assert np.isfinite([value, *slopes[0], *slopes[1]]).all()


def test_softplus_does_not_overflow():
    assert float(losses.binary_cross_entropy(jnp.float32(1000.0), 0.0)) == 1000.0


def test_probability_is_the_sigmoid_in_float32():
    value = losses.probability(jnp.array([0.0, math.log(3.0)], jnp.bfloat16))
    assert value.dtype == jnp.float32
    np.testing.assert_allclose(value, [0.5, 0.75], atol=2e-3)


@pytest.mark.parametrize("name", losses.Loss.choices)
def test_metrics_show_probabilities_only_where_the_loss_has_them(name):
    changes = {"loss.name": name, "train.disc_update": "joint"}
    if made(name).on_energies:
        changes |= {"disc.name": "autoencoder"}
    game, state = started(override(tiny_config(), changes))
    names = jax.eval_shape(partial(step, game), state)[1]
    view = "prob" if name in ("minimax", "non_saturating") else "logit"
    assert {f"d/{view}_real", f"d/{view}_fake"} == {n for n in names if n[-4:] in ("real", "fake")}


@pytest.mark.parametrize("name", ["relativistic_average", "relativistic_pairing", "began"])
def test_a_loss_without_terms_cannot_be_learnt_in_turn(name):
    changes = {"loss.name": name, "disc.name": "autoencoder"}
    with pytest.raises(UserError, match=rf"{name} has none; set train\.disc_update=joint"):
        games.make(override(tiny_config(), changes))


def test_targets_that_a_loss_does_not_have_are_refused():
    changes = {"loss.name": "hinge", "loss.real_target": "0.9"}
    with pytest.raises(UserError, match=r"hinge has no field 'real_target'; it has gen_weight"):
        override(tiny_config(), changes)
    with pytest.raises(UserError, match=r"loss\.name='hinges' is unknown; choose one of"):
        override(tiny_config(), {"loss.name": "hinges"})


def dirac(disc_slope, gen_slope, penalty, steps=1000, rate=0.1):
    """Simultaneous descent of D(x) = psi x against a point at theta, and data at 0."""
    theta, psi = 1.0, -1.0
    for _ in range(steps):
        of_disc = disc_slope(psi * theta) * theta + penalty * psi
        theta, psi = theta - rate * gen_slope(psi * theta) * psi, psi - rate * of_disc
    return theta**2 + psi**2


def test_the_dirac_gan_diverges_without_r1_and_converges_with_it():
    """Mescheder et al. 2018 (arXiv 1801.04406), lemmas 2.3 and 4.1, of the minimax loss."""
    loss = made("minimax")
    slope = jax.jit(jax.grad(loss.disc_fake))
    of_disc, of_gen = (lambda x: float(slope(x))), (lambda x: -float(slope(x)))
    grown = dirac(of_disc, of_gen, penalty=0.0) / 2
    assert grown == pytest.approx(3.513, rel=1e-3)
    assert dirac(of_disc, of_gen, penalty=1.0) < 1e-18
