import dataclasses

import pytest

from gan_jax import config as config_lib
from gan_jax.config import Config, differences, digest, from_dict, override, to_dict
from gan_jax.errors import UserError


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("train.num_steps", "10", 10),
        ("gen.optimizer.learning_rate", "2e-4", 2e-4),
        ("gen.features", "8,16", (8, 16)),
        ("gen.features", "8", (8,)),
        ("gen.features", "[8, 16]", (8, 16)),
        ("gen.features", "(8,8,)", (8, 8)),
        ("train.num_steps", "1e5", 100_000),
        ("data.crop", "", ()),
        ("data.classes", "cat,dog", ("cat", "dog")),
        ("data.channels", "1", 1),
        ("train.disc_update", "in_turn", "in_turn"),
        ("seed", "7", 7),
    ],
)
def test_override_types_text_by_the_field(name, text, value):
    changed = config_lib.flatten(override(Config(), {name: text}))[name]
    assert changed == value
    assert type(changed) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("train.num_stepz", "10", "did you mean 'train.num_steps'"),
        ("num_steps", "10", "did you mean 'train.num_steps'"),
        ("train", "10", "There is no config field 'train'"),
        ("train.num_steps.x", "10", "There is no config field"),
        ("train.num_steps", "ten", "takes a whole number"),
        ("train.num_steps", "1.5", "takes a whole number"),
        ("train.num_steps", "-1", "at least 0"),
        ("seed", "4294967296", "at most 4294967295"),
        ("train.batch_size", "0", "at least 1"),
        ("loss.real_target", "high", "takes a finite number"),
        ("data.channels", "5", "one of 1, 2, 3, 4"),
        ("gen.features", "8,x", "takes a whole number"),
        ("gen.features", "8,0", "gen.features=0 is too small"),
        ("train.num_steps", "1e-1", "takes a whole number"),
        ("gen.optimizer.learning_rate", "nan", "takes a finite number"),
        ("loss.real_target", "-inf", "takes a finite number"),
        ("train.num_steps", "inf", "takes a whole number"),
    ],
)
def test_override_refuses_with_one_sentence(name, text, sentence):
    with pytest.raises(UserError, match=sentence) as error:
        override(Config(), {name: text})
    assert "\n" not in str(error.value)


def test_a_path_alone_selects_the_folder_source():
    assert override(Config(), {"data.path": "x"}).data.source == "folder"
    kept = override(Config(), {"data.path": "x", "data.source": "digits"})
    assert kept.data.source == "digits"


def test_dict_round_trip_keeps_every_field_and_type():
    config = override(Config(), {"gen.features": "3,4", "data.classes": "a", "seed": 5})
    assert from_dict(to_dict(config)) == config


def test_a_config_of_another_version_is_refused():
    values = to_dict(Config())
    values["train"]["gone"] = 1
    with pytest.raises(UserError, match="another version"):
        from_dict(values)
    del values["train"]["gone"], values["loss"]
    with pytest.raises(UserError, match="no field loss"):
        from_dict(values)


@pytest.mark.parametrize(
    ("section", "field", "value"),
    [
        ("train", "num_steps", "many"),
        ("train", "num_steps", True),
        ("gen", "features", ["8"]),
        ("gen", "features", 8),
        ("data", "channels", 7),
        ("loss", "real_target", "1"),
        ("penalty", "final_weight", []),
        ("data", "path", None),
    ],
)
def test_a_value_of_another_type_is_refused(section, field, value):
    values = to_dict(Config())
    values[section][field] = value
    with pytest.raises(UserError, match=f"another version of gan_jax .{field} is"):
        from_dict(values)


def test_digest_names_the_trajectory_and_the_folder_only():
    base = Config()
    for name in ("train.num_steps", "log.every_steps", "checkpoint.keep_last"):
        assert digest(override(base, {name: 77})) == digest(base)
    assert digest(dataclasses.replace(base, seed=1)) == digest(base)  # the name has it beside
    assert digest(override(base, {"data.path": "x", "data.source": "tfds"})) != digest(base)
    assert digest(override(base, {"train.batch_size": 77})) != digest(base)
    assert len(digest(base)) == 8


def test_differences_lists_what_alters_the_trajectory():
    changes = {"train.num_steps": 9, "data.path": "y", "data.source": "tfds", "seed": 2}
    assert differences(Config(), override(Config(), changes)) == [
        "seed: 0 -> 2",
        "data.source: 'procedural_cars' -> 'tfds'",
    ]


def test_every_field_that_may_change_exists():
    assert set(config_lib.flatten(Config())) >= config_lib.MAY_CHANGE
