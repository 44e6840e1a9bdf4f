"""Noise on what D sees and flips of what it is told, by hand and on any number of devices."""

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from conftest import tiny_config

from gan_jax import keys
from gan_jax.config import digest, override
from gan_jax.data import Points
from gan_jax.devices import collectives
from gan_jax.errors import UserError
from gan_jax.keys import Purpose
from gan_jax.method import Example
from gan_jax.methods import GAN, SGD, GameTrain, gan, passes, variation
from gan_jax.methods import game as games
from gan_jax.networks import MLPDisc, MLPGen, Normal

POINTS = GAN(
    data=Points(name="ring"),
    latents=Normal(dimension=2),
    gen=MLPGen(features=(4,), norm="none", output="linear"),
    gen_optimizer=SGD(learning_rate=0.1),
    disc=MLPDisc(features=(4,), norm="none"),
    disc_optimizer=SGD(learning_rate=0.1),
    train=GameTrain(batch_size=8),
)
X = jax.random.normal(jax.random.key(1), (8, 2))


def after(devices=1, **changes):
    """The state and the metrics after a step of a game with changes."""
    game = games.make(override(POINTS, changes))

    def play(state, batch):
        return gan.step(game, state, Example(batch), keys.root(0))

    def started(batch):
        mapped = jax.vmap(play, (None, 0), out_axes=None, axis_name=collectives.AXIS)
        return mapped(gan.init(game, keys.root(0)), batch)

    return jax.jit(started)(X.reshape(devices, -1, 2))


def context(step=0):
    scalars = passes.Scalars({}, {})
    return passes.StepContext(
        jnp.int32(step), scalars, lambda purpose: keys.at_step(keys.root(0), purpose, step)
    )


def alone(function, *arguments):
    return collectives.alone(function)(*arguments)


@pytest.mark.parametrize(("step", "deviation"), [(0, 0.4), (5, 0.2), (99, 0.0)])
def test_the_noise_is_normal_by_each_examples_own_key_and_ends(step, deviation):
    changes = {"instance_noise": 0.4, "final_instance_noise": 0, "schedule": "linear",
               "schedule_images": 80}  # fmt: skip
    game = games.make(override(POINTS, {f"train.{name}": v for name, v in changes.items()}))
    disc = jax.jit(lambda key: gan.init(game, key))(keys.root(0)).disc

    def logits(x, purpose):
        return passes.disc_pass(
            game, context(step), disc.params, disc.stats, x, None, purpose
        ).logits

    each = keys.per_example(context(step).key_of(Purpose.DISC_FAKE), jnp.arange(8))
    own = [jax.random.fold_in(key, Purpose.INSTANCE_NOISE) for key in each]
    noised = X + deviation * jnp.stack([jax.random.normal(key, (2,)) for key in own])
    expected = game.disc.apply({"params": disc.params}, noised, None, False).logits
    found = alone(lambda x: logits(x, Purpose.DISC_FAKE), X)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    other = alone(lambda x: logits(x, Purpose.DISC_REAL), X)
    assert (np.abs(np.asarray(found - other)).max() > 0.01) == (deviation > 0)


def test_noise_and_flips_are_the_same_on_any_number_of_devices():
    changes = {"train.instance_noise": 0.3, "train.real_label_flips": 0.5}
    one, two = (after(devices, **changes) for devices in (1, 2))
    chex.assert_trees_all_close(one, two, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("way", ["joint", "in_turn"])
def test_examples_that_are_all_flipped_are_those_of_swapped_targets(way):
    told = {"train.real_label_flips": 1, "train.fake_label_flips": 1}
    swapped = {"loss.real_target": 0, "loss.fake_target": 1}
    found, expected = (
        after(**changes, **{"train.disc_update": way}) for changes in (told, swapped)
    )
    chex.assert_trees_all_close(found, expected, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("patches", [(), (3,)])
def test_each_kind_is_flipped_with_its_own_probability(patches):
    """By logits of 1 a real example costs softplus(-1) = 0.3133 and a fake one softplus(1) =
    1.3133; all patches of an example go together."""
    game = games.make(override(POINTS, {"train.real_label_flips": 0.05}))
    logits = jnp.ones((4_000, *patches))

    def terms(logits):
        real, fake = passes.disc_terms(game, context())
        return real(logits), fake(logits)

    real, fake = map(np.asarray, alone(terms, logits))
    flipped = np.isclose(real, 1.3133, atol=1e-4)
    assert (flipped | np.isclose(real, 0.3133, atol=1e-4)).all()
    assert flipped.mean() == pytest.approx(0.05, abs=0.015)
    assert np.allclose(fake, 1.3133, atol=1e-4)
    if patches:
        assert (flipped.all(axis=1) == flipped.any(axis=1)).all()
    both = games.make(override(POINTS, {"train.real_label_flips": 0.5,
                                        "train.fake_label_flips": 0.5}))  # fmt: skip
    real, fake = alone(lambda x: tuple(t(x) for t in passes.disc_terms(both, context())), logits)
    alike = (np.asarray(real) == np.asarray(fake)).mean()  # one of the two flipped
    assert alike == pytest.approx(0.5, abs=0.04)


def test_by_default_there_are_none_and_no_program_has_changed():
    game = games.make(tiny_config())
    assert (game.instance_noise, game.label_flips) == (None, None)
    assert passes.disc_terms(game, context()) == (game.loss.disc_real, game.loss.disc_fake)
    assert digest(tiny_config()) == "d3575853"


def test_settings_of_one_program_may_differ_in_them():
    fields = ("train.instance_noise", "train.real_label_flips")
    settings = {"varied.fields": fields, "varied.values": (0.0, 0.1, 0.5, 0.0)}
    assert variation.changing(override(POINTS, settings)) == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"train.disc_update": "concatenated", "train.instance_noise": 0.1},
         r"augmentations and noise cannot tell apart .* train\.instance_noise=0"),
        ({"loss.name": "relativistic_average", "train.fake_label_flips": 0.1},
         r"train\.fake_label_flips need a loss with terms .* relativistic_average has none"),
        ({"train.final_instance_noise": 0.0}, "is the end of a schedule"),
        ({"train.real_label_flips": 1.5}, "must be at most 1"),
        ({"train.instance_noise": -1}, "must be at least 0"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_a_sentence(changes, sentence):
    with pytest.raises(UserError, match=sentence):
        games.make(override(POINTS, changes))
