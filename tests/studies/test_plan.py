"""The runs of a study: their configs, names and lengths."""

import dataclasses
from pathlib import Path

import pytest
from conftest import tiny_config

from gan_jax.config import digest, override
from gan_jax.errors import UserError
from gan_jax.studies import plan
from gan_jax.studies.axes import Axis
from gan_jax.studies.rows import FINAL, SEARCH
from gan_jax.studies.spec import Arm, Budget, Score, Seeds, Study
from gan_jax.system import layout

RATE = Axis(("gen_optimizer.learning_rate", "disc_optimizer.learning_rate"), "log_uniform", (1, 2))
UPDATES = Axis(("train.disc_updates",), "grid", (1, 5))


def recipe(name):
    return override(tiny_config(), {"train.disc_update": "joint"})


def study(*arms, **fields):
    given = [Arm(name="a", recipe="tiny", **arm) for arm in arms] or [Arm("a", "tiny")]
    return Study(question="Which?", arms=tuple(given), **fields)


def searched(*arms, **fields):
    return plan.search(study(*arms, **fields), recipe)


def test_the_default_setting_comes_first_and_is_the_recipe_s():
    first, second = searched({"axes": (RATE,)}, settings=2)
    assert (first.arm, first.setting, first.stage) == ("a", "default", SEARCH)
    assert first.values == dict.fromkeys(RATE.fields, 1e-3)
    assert first.config.gen_optimizer.learning_rate == 1e-3
    gen, disc = second.config.gen_optimizer, second.config.disc_optimizer
    assert 1 <= gen.learning_rate == disc.learning_rate <= 2
    assert second.values == dict.fromkeys(RATE.fields, gen.learning_rate)
    assert second.setting == f"learning_rate={gen.learning_rate}"


def test_fields_of_the_study_and_of_the_arm_are_laid_on_the_recipe_the_arm_s_last():
    (job,) = searched(
        {"set": {"loss.name": "hinge", "log.every_steps": 3}},
        set={"log.every_steps": 7, "sample.num_images": 9},
    )
    assert job.config.loss.choice == "hinge"
    assert (job.config.log.every_steps, job.config.sample.num_images) == (3, 9)


def test_the_score_says_what_looks_do():
    score = Score(looks=2, features="pixels", num_samples=60, metrics=("kernel",))
    (job,) = searched(score=score, budget=Budget(steps=100))
    evaluate = job.config.evaluate
    assert (evaluate.features.choice, evaluate.num_samples) == ("pixels", 60)
    assert evaluate.metrics == ("kernel",)
    assert evaluate.every_steps == job.config.checkpoint.every_steps == 50
    (without,) = searched(score=Score(looks=0))
    assert without.config.evaluate.every_steps == 0
    assert without.config.checkpoint == recipe("").checkpoint


@pytest.mark.parametrize(
    ("budget", "one", "five"),
    [
        (Budget(), 4, 4),
        (Budget(steps=30), 30, 30),
        (Budget(disc_steps=33), 33, 6),
        (Budget(images=800), 100, 20),
        (Budget(seconds=9.0), 18, 18),
    ],
)
def test_a_budget_counts_steps_updates_of_d_images_or_seconds(budget, one, five):
    """Batches are of 8, and half a second a step."""
    jobs = plan.search(study({"axes": (UPDATES,)}, budget=budget), recipe, {"a": 0.5})
    assert [job.config.train.num_steps for job in jobs] == [one, five]


def test_an_arm_s_own_budget_counts():
    given = study(budget=Budget(disc_steps=10))
    own = Arm("b", "tiny", budget=Budget(steps=3))
    jobs = plan.search(dataclasses.replace(given, arms=(*given.arms, own)), recipe)
    assert [job.config.train.num_steps for job in jobs] == [10, 3]


def test_a_budget_without_a_step_is_refused():
    with pytest.raises(UserError, match="no step of the arm a; make it larger"):
        searched({"axes": (UPDATES,)}, budget=Budget(disc_steps=4))


def test_more_settings_seeds_and_arms_leave_the_names_of_the_earlier_runs():
    few = searched({"axes": (RATE, UPDATES)}, settings=2)
    many = searched({"axes": (RATE, UPDATES)}, settings=4)
    assert all(job in many for job in few)
    assert (len(few), len(many)) == (4, 8)
    assert len({job.folder for job in many}) == 8
    other = Arm("b", "tiny")
    given = study({"axes": (RATE, UPDATES)}, settings=2)
    more = plan.search(dataclasses.replace(given, arms=(other, *given.arms)), recipe)
    assert more[1:] == few


def test_a_run_s_name_is_the_digest_of_its_config():
    (job,) = searched(seeds=Seeds(search=3))
    expected = Path(layout.TRIALS, "a", f"search-seed0-{digest(job.config)}")
    assert job.folder == expected
    assert job.seeds == range(3)
    (longer,) = searched(seeds=Seeds(search=3), budget=Budget(steps=6))
    assert longer.folder.parent == job.folder.parent


def test_the_final_runs_have_seeds_that_the_search_has_not_had():
    given = study(seeds=Seeds(search=2, final=3))
    (job,) = plan.final(given, plan.search(given, recipe))
    assert (job.stage, job.seeds) == (FINAL, range(2, 5))
    assert plan.final(study(), plan.search(study(), recipe)) == []


def test_seeds_that_do_not_train_together_have_a_run_each():
    given = study(seeds=Seeds(search=2, final=3, together=False))
    jobs = plan.search(given, recipe)
    assert [job.seeds for job in jobs] == [range(1), range(1, 2)]
    assert [job.seeds for job in plan.final(given, jobs[:1])] == [
        range(n, n + 1) for n in (2, 3, 4)
    ]


def test_seeds_of_one_run_can_be_run_alone():
    (job,) = searched(seeds=Seeds(search=2))
    parts = plan.alone(job)
    assert [part.seeds for part in parts] == [range(1), range(1, 2)]
    assert {part.setting for part in parts} == {job.setting}


def test_fields_of_one_name_are_told_apart_where_their_values_differ():
    pairs = (
        {"gen_optimizer.b1": 0.1, "disc_optimizer.b1": 0.1},
        {"gen_optimizer.b1": 0.1, "disc_optimizer.b1": 0.2, "loss.name": "hinge"},
    )
    found = [job.setting for job in searched({"pairs": pairs})]
    assert found == ["b1=0.1", "gen_optimizer.b1=0.1, disc_optimizer.b1=0.2, name=hinge"]


@pytest.mark.parametrize(
    ("arm", "sentence"),
    [
        ({"set": {"gen.colour": 3}}, "The arm a: .*gen.colour"),
        (
            {"axes": (Axis(("penalty.weight",), "grid", (1,)),)},
            "An axis of the arm a: penalty.name=none has no field 'weight'",
        ),
        ({"axes": (Axis(("gen_optimizer.b1",), "grid", (2.0,)),)}, "An axis of the arm a: .*b1"),
        ({"pairs": ({"loss.name": "none"},)}, "An axis of the arm a: .*loss.name"),
    ],
)
def test_a_field_that_no_part_has_is_named_with_its_arm(arm, sentence):
    with pytest.raises(UserError, match=sentence):
        searched(arm)


def test_a_recipe_that_is_not_there_is_named_with_its_arm():
    def none(name):
        raise UserError(f"There is no experiment {name!r}.")

    with pytest.raises(UserError, match="The arm a: There is no experiment 'tiny'"):
        plan.search(study(), none)


def test_jobs_come_back_from_plain_values():
    for job in searched({"axes": (RATE, UPDATES)}, settings=2):
        assert plan.from_dict(plan.to_dict(job)) == job
