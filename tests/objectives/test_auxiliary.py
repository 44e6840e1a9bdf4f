"""Terms beside the loss by golden values and closed forms, and in a step of the game."""

import math

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from conftest import tiny_config
from one_step import started, step

from gan_jax import keys
from gan_jax.config import override
from gan_jax.devices import collectives
from gan_jax.errors import UserError
from gan_jax.method import Inputs
from gan_jax.methods import game as games
from gan_jax.networks import Codes, DiscriminatorOutput, latents
from gan_jax.networks.latents import Normal
from gan_jax.objectives import auxiliary

SIMPLE = {
    "train.disc_update": "joint",
    "disc.dropout_rate": "0",
    "disc.norm": "none",
    "gen.norm": "none",
    "gen_optimizer.name": "sgd",
    "disc_optimizer.name": "sgd",
}
TERMS = {
    "classifier": {"disc.conditioning": "classifier", "data.num_classes": "3"},
    "codes": {"latents.categories": "3,2", "latents.continuous": "2"},
    "feature_matching": {"loss.gen_weight": "0"},
    "pull_away": {},
}
REPORTS = {
    "classifier": {"g/class_loss", "g/class_accuracy"},
    "codes": {"g/bound_categories", "g/bound_continuous"},
    "feature_matching": {"g/feature_distance"},
    "pull_away": {"g/pull_away"},
}
PLAIN = {"d/loss", "g/loss", "d/grad_norm", "g/grad_norm", "d/prob_real", "d/prob_fake"}
"""Names of what a step without a term measures."""


def config(name, **changes):
    fields = {**SIMPLE, "auxiliary.name": name, **TERMS[name], **changes}
    return override(tiny_config(), fields)


def verdict(**found):
    return DiscriminatorOutput(logits=jnp.zeros(4), **({"features": jnp.zeros((4, 1))} | found))


def test_classes_by_the_golden_values_of_tf_gan():
    """Odena et al.'s two terms: G 3.84974, D 9.43950; chance is ln K."""
    fake = [[10, 4.4, -5.5, 3.6], [-4, 4.4, 5.2, 4.6], [1.1, 2.4, -3.5, 5.6], [1.1, 2.4, -3.5, 5.6]]
    real = [[-2, 0.4, 12.5, 2.7], [-1.2, 1.9, 12.3, 2.6], [-2.4, -1.7, 2.5, 2.7],
            [1.1, 2.4, -3.5, 5.6]]  # fmt: skip
    asked = Inputs(jnp.zeros((4, 1)), jnp.array([1, 2, 0, 0]))
    term, z = config("classifier").auxiliary, Normal()
    on_real, on_fake = (verdict(classes=jnp.array(logits)) for logits in (real, fake))
    value, reports = term.gen(None, on_fake, asked, z)
    assert float(value) == pytest.approx(3.84974, abs=1e-5)
    of_disc = term.on_real(on_real, asked, z) + term.on_fake(on_fake, asked, z)
    assert float(of_disc) == pytest.approx(9.43950, abs=1e-5)
    assert float(reports["g/class_loss"]) == pytest.approx(3.84974, abs=1e-5)
    assert float(reports["g/class_accuracy"]) == 0.25  # the second example
    chance = verdict(classes=jnp.ones((4, 4)))
    assert float(term.gen(None, chance, asked, z)[0]) == pytest.approx(math.log(4), rel=1e-6)


def test_the_bound_of_codes_by_hand():
    """TF-GAN's golden penalty is the mean over two codes, without the entropies: class 1 by logits
    1 and 2, and 2 by N(0, 1)."""
    found = Codes((jnp.array([[1.0, 2.0]]),), jnp.zeros((1, 1)))
    categorical, continuous = auxiliary.bounds(found, jnp.array([[1]]), jnp.array([[2.0]]))
    golden = (2 * math.log(2) - float(categorical[0]) - float(continuous[0])) / 2
    assert golden == pytest.approx(1.61610, abs=1e-5)


@pytest.mark.parametrize(("logit", "bound"), [(0.0, 0.0), (50.0, math.log(10))])
def test_the_categorical_bound_is_nothing_for_an_ignorant_q_and_the_entropy_for_a_certain_one(
    logit, bound
):
    classes, nothing = jnp.arange(10)[:, None], jnp.zeros((10, 0))
    found = Codes((logit * jnp.eye(10),), nothing)
    categorical, continuous = auxiliary.bounds(found, classes, nothing)
    np.testing.assert_allclose(categorical, bound, atol=1e-5)
    np.testing.assert_array_equal(continuous, 0)


@pytest.mark.parametrize(("known", "error"), [(False, 1 / 3), (True, 0)])
def test_the_continuous_bound_is_that_of_a_normal_of_variance_one(known, error):
    """Of U(-1, 1), whose variance is 1/3, by a Q that knows nothing and by one that is right."""
    values = jnp.linspace(-1, 1, 4001)[:, None]
    found = Codes((), values if known else jnp.zeros_like(values))
    _, bound = auxiliary.bounds(found, jnp.zeros((4001, 0), jnp.int32), values)
    expected = math.log(2) - (error + math.log(2 * math.pi)) / 2
    assert float(bound.mean()) == pytest.approx(expected, abs=1e-3)


def test_draws_and_codes_are_inverse():
    """z: noise, one-hot vectors, values; without codes it is the noise alone, as it was."""
    section = Normal(4, (10, 3), 2)
    seeds = keys.per_example(keys.root(0), jnp.arange(3000))
    z = np.asarray(latents.sampler(section)(seeds))
    assert z.shape == (3000, latents.size(section)) == (3000, 19)
    np.testing.assert_array_equal(z[:, :4], latents.sampler(Normal(4))(seeds))
    categories, values = latents.codes(section, jnp.asarray(z))
    np.testing.assert_array_equal(np.eye(10)[categories[:, 0]], z[:, 4:14])
    np.testing.assert_array_equal(np.eye(3)[categories[:, 1]], z[:, 14:17])
    np.testing.assert_array_equal(values, z[:, 17:])
    shares = z[:, 4:17].mean(axis=0) * np.repeat([10, 3], [10, 3])
    assert 0.8 < shares.min() <= shares.max() < 1.2
    assert np.abs(values).max() <= 1
    np.testing.assert_allclose(values.var(axis=0), 1 / 3, atol=0.03)
    correlations = np.corrcoef(z[:, [0, 1, 4, 14, 17, 18]].T) - np.eye(6)
    assert np.abs(correlations).max() < 0.08


def test_codes_of_one_size_are_drawn_apart():
    section = Normal(1, (5, 5), 2)
    z = latents.sampler(section)(keys.per_example(keys.root(1), jnp.arange(3000)))
    categories, values = latents.codes(section, z)
    assert float((categories[:, 0] == categories[:, 1]).mean()) == pytest.approx(0.2, abs=0.03)
    assert abs(np.corrcoef(np.asarray(values).T)[0, 1]) < 0.08


def on(devices, name, real, fake, gradient=False):
    """G's term of features [n, f] of real and fake, or its gradient by those of the fakes."""
    term, asked = config(name).auxiliary, Inputs(None)

    def value(real, fake):
        seen = (DiscriminatorOutput(jnp.zeros(len(x)), x) for x in (real, fake))
        return term.gen(*seen, asked, Normal())[0]

    function = jax.grad(value, argnums=1) if gradient else value
    shards = (x.reshape(devices, -1, x.shape[-1]) for x in (real, fake))
    found = np.asarray(jax.vmap(function, axis_name=collectives.AXIS)(*shards))
    # a step takes the mean of the devices' gradients
    return found.reshape(-1, fake.shape[-1]) / devices if gradient else found


def test_pull_away_by_hand():
    rows = jnp.array([[1.0, 0], [1, 1], [0, 1]])
    assert on(1, "pull_away", rows, rows)[0] == pytest.approx(1 / 3, rel=1e-5)
    assert on(1, "pull_away", rows, 7 * rows)[0] == pytest.approx(1 / 3, rel=1e-5)
    assert np.isfinite(on(1, "pull_away", rows, 0 * rows, gradient=True)).all()


def test_feature_matching_by_hand():
    real, fake = jnp.array([[1.0, 0], [3, 0]]), jnp.array([[0.0, 1], [0, 2]])
    assert on(1, "feature_matching", real, fake)[0] == pytest.approx(4 + 2.25, rel=1e-6)


@pytest.mark.parametrize("name", ["pull_away", "feature_matching"])
def test_values_and_gradients_of_the_global_batch(name):
    real, fake = jax.random.normal(jax.random.key(0), (2, 8, 3))
    one = on(1, name, real, fake)
    np.testing.assert_allclose(on(4, name, real, fake).mean(), one[0], rtol=1e-5)
    gradients = [on(devices, name, real, fake, gradient=True) for devices in (1, 2, 4)]
    for found in gradients[1:]:
        np.testing.assert_allclose(found, gradients[0], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", TERMS)
def test_a_step_with_a_term_is_the_same_on_two_devices_and_moves_what_it_should(name):
    game, state = started(config(name))
    one, many = step(game, state), step(game, state, devices=2)
    chex.assert_trees_all_close(one[1], many[1], rtol=1e-4, atol=1e-5)
    chex.assert_trees_all_close(one[0], many[0], rtol=1e-3, atol=1e-5)
    assert REPORTS[name] == {n for n in one[1] if n not in PLAIN}
    heads = {"classifier": ["classes"], "codes": ["code_hidden", "codes"]}.get(name, [])
    before, after = state.disc.params, one[0].disc.params
    for head in heads:
        assert (np.asarray(before[head]["kernel"]) != np.asarray(after[head]["kernel"])).any()
    assert float(one[1]["g/grad_norm"]) > 0


def test_the_weight_is_that_of_the_term():
    light, state = started(config("pull_away"))
    heavy, _ = started(config("pull_away", **{"auxiliary.weight": "3"}))
    first, second = (step(game, state)[1] for game in (light, heavy))
    assert float(second["g/loss"] - first["g/loss"]) == pytest.approx(
        2 * float(first["g/pull_away"]), rel=1e-4
    )


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"auxiliary.name": "codes"}, r"needs latents with codes; set latents\.categories or"),
        ({"auxiliary.name": "classifier"}, r"names classes; set disc\.conditioning=classifier"),
        (TERMS["classifier"], r"learns by auxiliary\.name=classifier alone; set it"),
        ({"latents.categories": "3"}, r"learns by auxiliary\.name=codes alone; set it"),
        ({"latents.continuous": "2"}, r"learns by auxiliary\.name=codes alone; set it"),
        ({"auxiliary.name": "class"}, r"auxiliary\.name='class' is unknown; choose one of none"),
    ],
)
def test_a_term_without_its_head_and_a_head_without_its_term_are_refused(changes, sentence):
    with pytest.raises(UserError, match=sentence):
        games.make(override(tiny_config(), changes))
