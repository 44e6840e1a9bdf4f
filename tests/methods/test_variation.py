"""Several settings in one program: their configs, and which numbers can be varied."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from conftest import tiny_config

from gan_jax import config as config_lib
from gan_jax.config import digest, override
from gan_jax.errors import UserError
from gan_jax.method import Example, Inputs
from gan_jax.methods import Config, regularisers, variation
from gan_jax.objectives.penalties import NoPenalty

RATE, B1 = "gen_optimizer.learning_rate", "disc_optimizer.b1"
TWO = {"varied.fields": (RATE, B1), "varied.values": (1e-4, 0.5, 1e-3, 0.0)}


def varied(fields, values, **changes):
    return override(
        tiny_config(),
        {"train.disc_update": "joint", "varied.fields": fields, "varied.values": values, **changes},
    )


def test_a_config_without_settings_is_the_run_that_it_was():
    plain = tiny_config()
    assert digest(plain) == "d3575853"
    assert variation.settings(plain) == [plain]
    assert "varied.fields" not in config_lib.stated(plain)
    variation.check(plain)


def test_members_are_each_setting_with_each_seed_and_complete_by_themselves():
    config = override(tiny_config(), TWO | {"seed": 3, "train.num_seeds": 2})
    found = variation.members(config)
    assert [(m.seed, m.gen_optimizer.learning_rate, m.disc_optimizer.b1) for m in found] == [
        (3, 1e-4, 0.5), (4, 1e-4, 0.5), (3, 1e-3, 0.0), (4, 1e-3, 0.0),
    ]  # fmt: skip
    alone = override(tiny_config(), {"seed": 4, RATE: 1e-3, B1: 0.0})
    assert found[3] == alone
    assert digest(found[3]) == digest(alone)
    assert config.num_members == 4
    np.testing.assert_array_equal(variation.values(config)[B1], np.float32([0.5, 0.5, 0.0, 0.0]))
    assert [variation.named(config, n) for n in (0, 3)] == [
        "seed 3 of setting 0",
        "seed 4 of setting 1",
    ]


def test_settings_come_back_from_plain_values():
    config = override(tiny_config(), TWO)
    assert config_lib.from_dict(Config, config_lib.to_dict(config)) == config
    assert digest(config) != digest(tiny_config())


@pytest.mark.parametrize(
    ("fields", "values", "sentence"),
    [
        (("gen_optimizer.rate",), (1.0, 2.0), "no config field|has no field 'rate'"),
        (("train.batch_size",), (8.0, 16.0), "train.batch_size changes the program"),
        (("loss.name",), (1.0, 2.0), "loss.name='?1.0'? is unknown"),
        (("gen_optimizer.final_learning_rate",), (), "0 numbers for 1 of varied.fields"),
        (("disc.dropout_rate",), (0.1, 0.2), "disc.dropout_rate changes the program"),
        ((B1,), (0.5, 1.0), "disc_optimizer.b1=1.0 is too large; it must be less than 1"),
        ((RATE, B1), (1e-4, 0.5, 1e-3), "3 numbers for 2 of varied.fields"),
        ((RATE,), (1e-4,), "1 numbers for 1 of varied.fields; give each of two settings"),
        ((), (1e-4,), "1 numbers for 0"),
        ((RATE, RATE), (1.0, 2.0, 3.0, 4.0), "names a field twice"),
    ],
)
def test_what_cannot_be_varied_gets_a_sentence(fields, values, sentence):
    with pytest.raises(UserError, match=sentence):
        variation.check(varied(fields, values))


def test_a_number_that_decides_about_the_program_is_found_by_tracing():
    fields = (RATE, "train.ema_ramp", "loss.real_target", "train.gen_top_share")
    values = (1e-4, 0.1, 0.9, 0.5)
    config = varied(fields, values * 2)
    assert variation.changing(config) == ["train.ema_ramp", "train.gen_top_share"]
    assert variation.changing(varied((RATE,), (1e-4, 1e-3))) == []
    said = r"train\.ema_ramp changes the program"
    with pytest.raises(UserError, match=said), variation.explained(config):
        raise TypeError
    fine = variation.explained(varied((RATE,), (1e-4, 1e-3)))
    with pytest.raises(TypeError, match="a defect"), fine:
        raise TypeError("a defect")


def test_values_that_do_not_fit_are_refused_before_anything_is_traced():
    config = varied(("gen_optimizer.final_learning_rate",), (1e-4, 1e-3))
    with pytest.raises(UserError, match=r"set train\.schedule=cosine or linear"):
        variation.make(config)


def test_weights_are_clipped_by_a_bound_that_varies_of_which_some_settings_have_none():
    params = {"w": jnp.array([-3.0, 0.5, 3.0])}

    def clipped(bound):
        return regularisers.projection(dataclasses.replace(NoPenalty(), clip_weights=bound))(params)

    found = jax.vmap(clipped)(jnp.array([0.0, 1.0, 2.0]))["w"]
    np.testing.assert_array_equal(found, [[-3, 0.5, 3], [-1, 0.5, 1], [-2, 0.5, 2]])
    assert clipped(0.0) is params


def test_each_setting_is_evaluated_by_its_own_numbers():
    """A loss's target decides what D's loss is of the same logits."""
    config = varied(("loss.real_target",), (1.0, 0.5))
    method = variation.make(config)
    state = method.init(variation.each_root(config)[0])
    shape = config.data.kind.shape
    given = Example(jnp.ones((2, *shape))), Inputs(jnp.ones((2, 6)))
    found = [evaluate(state, *given) for evaluate in variation.evaluators(config, method)]
    for one, member in zip(found, variation.members(config), strict=True):
        own = variation.methods.make(member).evaluate(state, *given)
        np.testing.assert_allclose(one["d/loss"], own["d/loss"], rtol=1e-5)
    assert np.abs(found[0]["d/loss"] - found[1]["d/loss"]).min() > 1e-3
