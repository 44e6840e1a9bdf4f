import dataclasses
import types
import typing
from dataclasses import dataclass
from typing import Annotated

import pytest
from annotated_types import Ge, Gt, Le, Lt, MinLen

from gan_jax import config as config_lib
from gan_jax.config import Part, check, differences, digest, from_dict, hints, override, to_dict
from gan_jax.config.part import is_part
from gan_jax.config.values import parse
from gan_jax.errors import UserError
from gan_jax.methods import GAN, METHODS, VAE, Config, LaplacianPyramid
from gan_jax.objectives import Hinge, LeastSquares, NonSaturating


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("train.num_steps", "10", 10),
        ("gen_optimizer.learning_rate", "2e-4", 2e-4),
        ("gen.features", "8,16", (8, 16)),
        ("gen.features", "8", (8,)),
        ("gen.features", "[8, 16]", (8, 16)),
        ("gen.features", "(8,8,)", (8, 8)),
        ("train.num_steps", "1e5", 100_000),
        ("latents.categories", "", ()),
        ("latents.name", "uniform", "uniform"),
        ("data.classes", "cat,dog", ("cat", "dog")),
        ("data.channels", "1", 1),
        ("train.disc_update", "in_turn", "in_turn"),
        ("seed", "7", 7),
    ],
)
def test_override_types_text_by_the_field(name, text, value):
    config = override(GAN(), {"data.source": "tfds"})
    changed = config_lib.flatten(override(config, {name: text}))[name]
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
        ("loss.real_target", "1.1", "at most 1"),
        ("data.channels", "5", "one of 1, 3, 4"),
        ("gen.features", "8,x", "takes a whole number"),
        ("gen.features", "8,0", "gen.features=0 is too small"),
        ("gen.features", "", "gen.features is empty; give at least 1"),
        ("train.num_steps", "1e-1", "takes a whole number"),
        ("gen_optimizer.learning_rate", "nan", "takes a finite number"),
        ("gen_optimizer.learning_rate", "-1", "at least 0"),
        ("gen_optimizer.b1", "1", "less than 1"),
        ("disc.dropout_rate", "2.0", "disc.dropout_rate=2.0 is too large"),
        ("gen_optimizer.epsilon", "0", "more than 0"),
        ("loss.real_target", "-inf", "takes a finite number"),
        ("train.num_steps", "inf", "takes a whole number"),
    ],
)
def test_override_refuses_with_one_sentence(name, text, sentence):
    with pytest.raises(UserError, match=sentence) as error:
        override(GAN(), {name: text})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("disc.attention", "disc.name=dcgan has no field 'attention'; it has "),
        ("loss.margin", "loss.name=non_saturating has no field 'margin'; it has gen_weight, real_"),
        ("encoder.name", "method=gan has no field 'encoder'; it has "),
        ("levels", "method=gan has no field 'levels'"),
        ("penalty.weight", "penalty.name=none has no field 'weight'; it has clip_weights"),
        ("augment.target", "augment.name=none has no field 'target'"),
    ],
)
def test_a_field_of_another_part_is_refused_with_those_of_the_chosen_one(name, sentence):
    with pytest.raises(UserError, match=sentence):
        override(GAN(), {name: "16"})


def test_a_path_alone_selects_the_folder_with_all_its_classes():
    cars = override(GAN(), {"data.source": "tfds", "data.classes": "automobile"})
    alone = override(cars, {"data.path": "x"})
    assert alone == override(cars, {"data.path": "x", "data.source": "folder"})
    assert (alone.data.choice, alone.data.path, alone.data.classes) == ("folder", "x", ())
    with pytest.raises(UserError, match="source=digits has no field 'path'"):
        override(cars, {"data.path": "x", "data.source": "digits"})


def test_another_choice_keeps_what_was_set_and_it_has_too():
    config = dataclasses.replace(GAN(), loss=NonSaturating(gen_weight=0.5, real_target=0.9))
    assert override(config, {"loss.name": "hinge"}).loss == Hinge(gen_weight=0.5)
    assert override(config, {"loss.name": "least_squares"}).loss == LeastSquares(0.5, 0.9)
    vae = override(override(GAN(), {"train.batch_size": 7, "seed": 3}), {"method": "vae"})
    assert (type(vae), type(vae.train), vae.train.batch_size, vae.seed) == (
        VAE,
        VAE().train.__class__,
        7,
        3,
    )


def test_choices_are_made_before_the_fields_that_they_have():
    fields = {"loss.margin": "2", "loss.name": "ebgan"}
    assert override(GAN(), fields).loss.margin == 2
    deeper = {"coarsest.latent_dimension": "9", "method": "pyramid"}
    assert override(GAN(), deeper).coarsest.latent_dimension == 9


def families():
    """Every choice of every family there is."""
    pending, found = list(Part.__subclasses__()), []
    while pending:
        cls = pending.pop()
        pending += cls.__subclasses__()
        found += [cls] if "choice" in vars(cls) and cls.__module__.startswith("gan_jax.") else []
    return found


def leaves(part, prefix=""):
    """Each leaf of a choice and of its sections, by its path and annotation."""
    for name, hint in hints(part).items():
        if not is_part(hint):
            yield prefix + name, hint
        elif not issubclass(hint, Part):
            yield from leaves(hint, f"{prefix}{name}.")


LEAVES = [(part, *leaf) for part in families() for leaf in leaves(part)]
TYPES = {int: ["x", 1.5, float("nan"), True], float: ["x", float("nan"), float("inf"), True]}


def wrong(hint):
    """Values that a leaf must not take: of another type, and just out of its range."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        kind, *bounds = arguments
        yield from wrong(kind)
        for bound in bounds:
            match bound:
                case Ge():
                    yield bound.ge - 1
                case Gt():
                    yield bound.gt
                case Le():
                    yield bound.le + 1
                case Lt():
                    yield bound.lt
                case MinLen():
                    yield ()
    elif origin is tuple:
        yield from ((bad,) for bad in wrong(arguments[0]))
    elif origin is typing.Literal:
        yield "something else"
    elif origin in (typing.Union, types.UnionType):  # a value, or none or a word in its place
        words = [part for part in arguments if typing.get_origin(part) is typing.Literal]
        for part in set(arguments) - set(words) - {type(None)}:
            yield from wrong(part)
    else:
        yield from TYPES.get(hint, [])


@pytest.mark.parametrize(
    ("part", "name", "hint"), LEAVES, ids=[f"{p.__name__}.{n}" for p, n, _ in LEAVES]
)
def test_every_leaf_refuses_what_is_out_of_its_range(part, name, hint):
    for value in wrong(hint):
        with pytest.raises(UserError, match=r"^field") as error:
            parse(value, hint, "field")
        assert "\n" not in str(error.value)
    numeric = {int, float} & set(_kinds(hint))
    assert not numeric or any(True for _ in wrong(hint))


def _kinds(hint):
    arguments = typing.get_args(hint)
    return [kind for part in arguments for kind in _kinds(part)] if arguments else [hint]


UNBOUNDED = {"LeastSquares.real_target", "LeastSquares.fake_target", "LeastSquares.gen_target"}
"""Targets on the real line: finite, and nothing more."""
UNBOUNDED |= {f"{method.__name__}.varied.values" for method in METHODS}
"""In the ranges of the fields that they are of."""


def test_every_number_has_a_range():
    def bounded(hint):
        origin, arguments = typing.get_origin(hint), typing.get_args(hint)
        if origin is Annotated and any(isinstance(b, Ge | Gt | Le | Lt) for b in arguments[1:]):
            return True
        if origin is typing.Literal or not arguments:
            return hint not in (int, float)
        return all(bounded(part) for part in arguments if part not in (type(None), ...))

    free = {f"{p.__name__}.{n}" for p, n, hint in LEAVES if not bounded(hint)}
    assert free == UNBOUNDED


@pytest.mark.parametrize("part", families(), ids=lambda part: part.__name__)
def test_every_part_has_defaults_that_pass(part):
    check(part())
    assert part.choices[part.choice] is part


def test_dict_round_trip_keeps_every_field_and_type():
    for config in (GAN(), VAE(), LaplacianPyramid()):
        changed = override(config, {"latents.categories": "3,4", "seed": 5, "data.source": "tfds"})
        assert from_dict(Config, to_dict(changed)) == changed


def test_a_missing_field_takes_its_default_and_an_unknown_one_is_refused():
    values = to_dict(GAN())
    del values["loss"]["real_target"], values["penalty"], values["train"]["ema_ramp"]
    assert from_dict(Config, values) == GAN()
    values["train"]["gone"] = 1
    with pytest.raises(UserError, match=r"another version of gan_jax .*no field train\.gone"):
        from_dict(Config, values)
    with pytest.raises(UserError, match="another version of gan_jax"):
        from_dict(Config, {"method": "adversarial", "data": {}})


@pytest.mark.parametrize(
    ("section", "field", "value"),
    [
        ("train", "num_steps", "many"),
        ("train", "num_steps", True),
        ("train", "num_steps", -1),
        ("gen", "features", ["8"]),
        ("gen", "features", 8),
        ("data", "channels", 7),
        ("loss", "real_target", "1"),
        ("loss", "real_target", float("nan")),
        ("train", "final_ema_half_life_images", []),
        ("data", "feed", None),
        ("loss", "name", "hinges"),
        ("loss", "name", None),
    ],
)
def test_a_value_of_another_type_is_refused(section, field, value):
    values = to_dict(GAN())
    values[section][field] = value
    with pytest.raises(UserError, match=f"another version of gan_jax .{section}.{field}"):
        from_dict(Config, values)


def test_digest_names_the_trajectory_and_the_folder_only():
    base = GAN()
    for name in ("train.num_steps", "log.every_steps", "checkpoint.keep_last"):
        assert digest(override(base, {name: 77})) == digest(base)
    assert digest(dataclasses.replace(base, seed=1)) == digest(base)  # the name has it beside
    assert digest(override(base, {"data.path": "x"})) != digest(override(base, {"data.path": "y"}))
    assert digest(override(base, {"train.batch_size": 77})) != digest(base)
    assert len(digest(base)) == 8


@dataclass(frozen=True)
class Family(Part):
    pass


@dataclass(frozen=True)
class Before(Family, name="before"):
    rate: Annotated[float, Ge(0)] = 1.0


@dataclass(frozen=True)
class After(Family, name="after"):
    """The same with a field more."""

    rate: Annotated[float, Ge(0)] = 1.0
    added: Annotated[int, Ge(0)] = 3


def test_a_field_that_is_added_moves_no_digest():
    assert config_lib.stated(Before(2.0)) == {"name": "before", "rate": 2.0}
    assert config_lib.stated(After(2.0)) == {"name": "after", "rate": 2.0}
    assert config_lib.stated(After(added=4)) == {"name": "after", "added": 4}


def test_differences_lists_what_alters_the_trajectory():
    changes = {"train.num_steps": 9, "data.path": "y", "seed": 2, "loss.name": "hinge"}
    assert sorted(differences(GAN(), override(GAN(), changes))) == [
        "data.crop: none -> ()",
        "data.held_out: none -> 0.0",
        "data.labels: 'none' -> none",
        "data.maps: 'none' -> none",
        "data.pattern: none -> '*'",
        "data.source: 'procedural_cars' -> 'folder'",
        "loss.fake_target: 0.0 -> none",
        "loss.name: 'non_saturating' -> 'hinge'",
        "loss.real_target: 1.0 -> none",
        "seed: 0 -> 2",
    ]


def test_every_field_that_may_change_exists():
    known = {f"data.{name}" for part in families() for name in hints(part)}
    known |= set(config_lib.flatten(GAN()))
    assert known >= config_lib.MAY_CHANGE
