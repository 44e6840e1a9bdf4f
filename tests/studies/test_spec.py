"""A study's file: what it means, and the line of each mistake."""

import tomllib
from pathlib import Path

import pytest

import experiments
from gan_jax import methods
from gan_jax.errors import UserError
from gan_jax.objectives import Loss
from gan_jax.studies import plan, results, spec
from gan_jax.studies.axes import Axis
from gan_jax.studies.spec import Budget, Score, Seeds

STUDY = """\
# steps of arms
question = "Which is better?"
settings = 3
facts = [{ kind = "beats", first = "a", second = "b" }]

[seeds]
search = 2
together = false

[budget]
disc_steps = 100

[set]
"train.batch_size, sample.num_images" = 8

[score]
metric = "kd"
metrics = ["kernel"]

[reference]
a = 1.5

[[arms]]
name = "a"
recipe = "toy_ring"
[arms.set]
"gen.features" = [4, 8]
[arms.axes]
"gen_optimizer.b1, disc_optimizer.b1" = { uniform = [0.0, 0.9] }
"penalty.weight" = [1, 2]

[[arms]]
name = "b"
recipe = "toy_grid"
budget.steps = 7
pairs = [{ "loss.name" = "hinge" }]

[scales.small]
settings = 2
seeds.final = 4
budget.steps = 50
[scales.small.set]
"train.batch_size" = 4
[scales.small.arms.a.axes]
"penalty.weight" = { log_uniform = [0.1, 10] }
"""


@pytest.fixture
def read(tmp_path):
    def read(text, scale=""):
        path = tmp_path / "mine.toml"
        path.write_text(text)
        return spec.read(path, scale)

    return read


def test_a_file_is_read_with_its_types(read):
    study = read(STUDY)
    assert (study.name, study.question, study.settings) == ("mine", "Which is better?", 3)
    assert study.seeds == Seeds(search=2, final=0, together=False)
    assert study.budget == Budget(disc_steps=100)
    assert study.score == Score(metric="kd", metrics=("kernel",))
    assert study.set == {"train.batch_size": 8, "sample.num_images": 8}
    assert study.reference == {"a": 1.5}
    assert study.facts == ({"kind": "beats", "first": "a", "second": "b"},)
    a, b = study.arms
    assert (a.name, a.recipe, a.set) == ("a", "toy_ring", {"gen.features": (4, 8)})
    momentum = Axis(("gen_optimizer.b1", "disc_optimizer.b1"), "uniform", (0.0, 0.9))
    assert a.axes == (momentum, Axis(("penalty.weight",), "grid", (1, 2)))
    assert (a.budget, b.budget) == (Budget(), Budget(steps=7))
    assert b.pairs == ({"loss.name": "hinge"},)


def test_a_scale_replaces_values_of_the_file_and_of_its_arms(read):
    whole, small = read(STUDY), read(STUDY, "small")
    assert (small.name, small.settings) == ("mine_small", 2)
    assert small.seeds == Seeds(search=2, final=4, together=False)
    assert small.budget == Budget(steps=50)
    assert small.set["train.batch_size"] == 4
    momentum, weight = small.arms[0].axes
    assert momentum == whole.arms[0].axes[0]
    assert weight == Axis(("penalty.weight",), "log_uniform", (0.1, 10))
    assert small.arms[0].set == whole.arms[0].set
    assert small.arms[1] == whole.arms[1]
    assert small.score == whole.score


def changed(old, new):
    assert old in STUDY
    return STUDY.replace(old, new, 1)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a = ]", "mine.toml is no study: .*line 1"),
        ("a = 1\na = 2\n", "is no study: .*line 2"),
        ("settings = 1", "mine.toml: a study needs a question"),
        ('question = "?"', r"needs at least one of \[\[arms\]\]"),
        ('question = "?"\narms = 3', "line 2: arms needs a list"),
        ('question = "?"\narms = [3]', "line 2: arms needs a table of fields"),
        (changed("settings = 3", "setings = 3"), "line 3: a study has no field 'setings'; it has"),
        (changed("settings = 3", 'name = "x"'), "line 3: a study has no field 'name'"),
        (changed("settings = 3", "settings = 0"), "line 3: settings needs 1 or more, not 0"),
        (changed("settings = 3", "settings = true"), "line 3: settings needs a whole number"),
        (changed("search = 2", "search = 0"), "line 7: search needs 1 or more"),
        (changed("search = 2", "final = -1"), "line 7: final needs 0 or more, not -1"),
        (
            changed("together = false", "together = 1"),
            "line 8: together needs true or false, not 1",
        ),
        (changed("search = 2", "serch = 2"), "line 7: seeds has no field 'serch'"),
        (changed("disc_steps = 100", "disc_steps = 0"), "line 11: a budget of 0 disc_steps is no"),
        (changed("disc_steps = 100", "steps = -1"), "line 11: a budget of -1 steps is nothing"),
        (changed("disc_steps = 100", "steps = 1\nimages = 2"), "line 12: a budget is one of"),
        (changed("disc_steps = 100", 'seconds = "a"'), "line 11: seconds needs a number, not 'a'"),
        (changed('metric = "kd"', "metric = 3"), "line 17: metric needs text in quotes, not 3"),
        (changed('metric = "kd"', 'checkpoint = "first"'), "line 17: .* is best or last"),
        (changed("a = 1.5", "z = 1.5"), "line 21: the reference names z, which is no arm"),
        (changed('recipe = "toy_ring"', ""), "needs a name and a recipe"),
        (changed('name = "b"', 'name = "a"'), "there are two arms 'a'"),
        (changed('name = "b"', 'name = "../b"'), r"line 33: the name '\.\./b' of an arm"),
        (changed('name = "b"', "name = [1]"), "name needs text in quotes"),
        (changed("budget.steps = 7", "budget.steps = 0"), "line 35: a budget of 0 steps is no"),
        (changed("budget.steps = 7", "budgets.steps = 7"), "line 35: arms has no field 'budgets'"),
        (changed("[1, 2]", "{ even = [1, 2] }"), "line 30: the axis penalty.weight needs a list"),
        (changed("[0.0, 0.9]", "[0.9, 0.0]"), "line 29: uniform of gen_optimizer.b1, disc_opt"),
        (
            changed('"penalty.weight"', '"disc_optimizer.b1"'),
            "line 29: two axes of the arm a choose disc_optimizer.b1",
        ),
    ],
)
def test_a_mistake_is_refused_in_one_sentence_with_its_line(read, text, sentence):
    with pytest.raises(UserError, match=sentence):
        read(text)


@pytest.mark.parametrize(
    ("text", "scale", "sentence"),
    [
        (STUDY, "large", "there is no scale 'large'; choose from small"),
        ('question = "?"', "large", "there is no scale 'large'; leave --scale out"),
        (changed("arms.a.axes]", "arms.c.axes]"), "small", "line 44: .* names c, which is no arm"),
        (changed("seeds.final = 4", "seeds.last = 4"), "small", "line 40: seeds has no field"),
        ("scales = 3", "small", "scales needs a table"),
    ],
)
def test_a_mistake_of_a_scale_is_refused(read, text, scale, sentence):
    with pytest.raises(UserError, match=sentence):
        read(text, scale)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UserError, match=r"There is no study .*none\.toml"):
        spec.read(tmp_path / "none.toml")


def built_in():
    for path in sorted(experiments.STUDIES.glob("*.toml")):
        for scale in ("", *tomllib.loads(path.read_text()).get("scales", {})):
            yield pytest.param(path, scale, id=f"{path.stem}-{scale or 'whole'}")


@pytest.mark.parametrize(("path", "scale"), list(built_in()))
def test_every_study_that_is_built_in_can_be_planned(path: Path, scale: str):
    study = spec.read(path, scale)
    results.check(study)
    jobs = plan.search(study, experiments.load)
    assert {job.arm for job in jobs} == {arm.name for arm in study.arms}
    assert len({job.folder for job in jobs}) == len(jobs)


def test_rings_has_an_arm_for_every_loss():
    study = spec.read(experiments.study("rings"))
    jobs = plan.search(study, experiments.load)
    assert {job.config.loss.choice for job in jobs} == set(Loss.choices)
    assert [job.arm for job in jobs] == [job.config.loss.choice for job in jobs]
    for job in jobs:
        methods.make(job.config)


def test_every_arm_of_created_equal_is_a_game_that_can_be_played():
    study = spec.read(experiments.study("created_equal"), "cpu")
    jobs = plan.search(study, experiments.load)
    for job in jobs:
        methods.make(job.config)
    by_arm = {job.arm: job.config for job in reversed(jobs)}
    assert {arm: config.train.num_steps for arm, config in by_arm.items()} == {
        **dict.fromkeys(("NS", "MM", "LSGAN", "DRAGAN", "VAE"), 2340),
        **dict.fromkeys(("WGAN", "WGAN-GP", "BEGAN"), 468),
        "WGAN-GP-5x": 2340,
    }
    narrow = [job.config for job in jobs if job.setting != "default" and job.arm != "VAE"]
    assert {config.train.disc_updates for config in narrow} == {1}
    assert {config.gen_optimizer.b1 for config in narrow} == {0.5}
    assert {config.data.fallback for config in by_arm.values()} == {"none"}
    assert set(study.reference) == set(by_arm) - {"WGAN-GP-5x"}


def test_the_whole_of_created_equal_has_the_paper_s_protocol():
    study = spec.read(experiments.study("created_equal"))
    jobs = [job for job in plan.search(study, experiments.load) if job.arm != "WGAN-GP-5x"]
    assert (study.settings, study.seeds.final, len(jobs)) == (100, 50, 800)
    for job in jobs:
        train = job.config.train
        assert train.num_steps == 15_625 // getattr(train, "disc_updates", 1)
        methods.make(job.config)
