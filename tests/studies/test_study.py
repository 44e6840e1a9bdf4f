"""A study from its file to its answers, with runs that are made up."""

import json

import pytest
from conftest import tiny_config

from gan_jax import train
from gan_jax.config import override
from gan_jax.errors import Diverged, UserError
from gan_jax.run import directory, status
from gan_jax.run.interrupts import Interrupts
from gan_jax.studies import launchers, progress, rows, study, work
from gan_jax.studies.axes import Axis
from gan_jax.studies.launchers import Options
from gan_jax.studies.spec import Arm, Score, Seeds, Study
from gan_jax.system import disk, layout

METRIC = "coverage/modes"
RATES = Axis(("disc_optimizer.learning_rate",), "grid", (1.0, 2.0))
ASKED = Study(
    name="tiny",
    question="Which rate?",
    arms=(Arm("a", "tiny", axes=(RATES,)), Arm("b", "tiny", set={"loss.name": "hinge"})),
    score=Score(metric=METRIC, looks=0),
)


def recipe(name):
    return override(tiny_config(), {"train.disc_update": "joint", "train.num_steps": 8})


class Trainer:
    """Stands for `train.run`: notes what it is asked for, and ends as `outcomes` says."""

    def __init__(self):
        self.ran, self.outcomes = [], {}

    def __call__(self, config, workdir, interrupts):
        if config.log.every_steps == config.train.num_steps // 2 == 4:  # a timing
            return self.write(config, workdir)
        rate, seed = config.disc_optimizer.learning_rate, config.seed
        self.ran.append((config.loss.choice, rate, seed, config.train.num_seeds))
        outcome = self.outcomes.get((rate, seed))
        if outcome is not None:
            disk.folder(workdir)
            outcome(config, workdir, interrupts)
        return self.write(config, workdir)

    def write(self, config, workdir):
        folders = [workdir / layout.member(config.seed + i) for i in range(config.train.num_seeds)]
        for number, folder in enumerate(folders if len(folders) > 1 else [workdir]):
            score = config.disc_optimizer.learning_rate * 10 + config.seed + number
            row = {"step": 8, METRIC: score, "images_per_second": 100.0}
            disk.write_whole(disk.folder(folder) / layout.METRICS, json.dumps(row).encode())
        status.write(workdir, "finished", config.train.num_steps)


@pytest.fixture
def trainer(monkeypatch):
    made = Trainer()
    monkeypatch.setattr(train, "run", made)

    def launch(folder, numbers, options, interrupts, ended):
        for number in numbers:
            if interrupts.caught:
                return
            work.run(folder, work.jobs(folder)[number], interrupts)
            ended(number)

    monkeypatch.setattr(launchers, "launcher", lambda name: launch)
    return made


def answered(folder, asked=ASKED, interrupts=None):
    return study.run(asked, recipe, folder, "local", Options(), interrupts or Interrupts())


def test_what_is_done_is_not_run_again_and_what_is_new_is(trainer, tmp_path):
    found = answered(tmp_path)
    assert [(row.arm, row.setting, row.scores[METRIC]) for row in found] == [
        ("a", "learning_rate=1.0", 10), ("a", "learning_rate=2.0", 20), ("b", "default", 0.01),
    ]  # fmt: skip
    assert {row.values["disc_optimizer.learning_rate"] for row in found[:2]} == {1, 2}
    assert len(trainer.ran) == 3
    assert rows.read(tmp_path / layout.STUDY_TABLE) == found
    assert [run.parent.name for run in directory.find(tmp_path)] == ["a", "a", "b"]
    assert answered(tmp_path) == found
    assert len(trainer.ran) == 3
    more = ASKED.arms[1].__class__("c", "tiny", set={"disc_optimizer.learning_rate": 3.0})
    answered(tmp_path, ASKED.__class__(**{**vars(ASKED), "arms": (*ASKED.arms, more)}))
    assert trainer.ran[3:] == [("non_saturating", 3.0, 0, 1)]


def test_the_best_setting_of_each_arm_gets_seeds_that_the_search_had_not(trainer, tmp_path):
    asked = Study(**{**vars(ASKED), "seeds": Seeds(search=2, final=3)})
    found = answered(tmp_path, asked)
    assert trainer.ran[3:] == [("non_saturating", 2.0, 2, 3), ("hinge", 1e-3, 2, 3)]
    final = [(row.arm, row.seed, row.scores[METRIC]) for row in found if row.stage == rows.FINAL]
    assert final[:3] == [("a", 2, 22), ("a", 3, 23), ("a", 4, 24)]
    answer = json.loads((tmp_path / layout.STUDY).read_text())
    assert answer["summaries"][METRIC]["a"]["mean"] == 23


def test_a_run_that_fails_is_tried_once_more_and_then_is_a_row_with_its_reason(
    trainer, tmp_path, capsys
):
    def fail(config, workdir, interrupts):
        raise UserError("No pictures.")

    trainer.outcomes[1.0, 0] = fail
    first, *others = answered(tmp_path)
    assert (first.state, first.why, first.scores) == ("failed", "No pictures.", {})
    assert [row.state for row in others] == ["finished", "finished"]
    assert [run[1] for run in trainer.ran].count(1.0) == progress.MOST_FAILURES
    assert "No pictures.; it is tried again" in capsys.readouterr().out
    answered(tmp_path)
    assert [run[1] for run in trainer.ran].count(1.0) == progress.MOST_FAILURES
    assert "No pictures." in (tmp_path / layout.STUDY_PAGE).read_text()


def test_seeds_of_a_run_that_one_of_them_ends_are_run_alone(trainer, tmp_path):
    def diverge(config, workdir, interrupts):
        status.write(workdir, "diverged", 5)
        raise Diverged(5, [1], "not finite", "Seed 1 is no longer finite.")

    asked = Study(**{**vars(ASKED), "arms": ASKED.arms[:1], "seeds": Seeds(search=2)})
    trainer.outcomes = {(1.0, 0): lambda config, *given: config.train.num_seeds > 1 and diverge(
        config, *given), (1.0, 1): diverge}  # fmt: skip
    found = answered(tmp_path, asked)
    assert [(row.seed, row.state) for row in found[:2]] == [(0, "finished"), (1, "diverged")]
    assert found[1].why == "diverged at step 5"
    assert trainer.ran.count(("non_saturating", 1.0, 1, 1)) == 1  # it would diverge again


def test_a_study_that_is_stopped_goes_on_with_what_is_missing(trainer, tmp_path, capsys):
    def stop(config, workdir, interrupts):
        interrupts.caught = 15

    trainer.outcomes[1.0, 0] = stop
    found = answered(tmp_path)
    assert [row.state for row in found] == ["finished", "waiting", "waiting"]
    assert "Stopped; the same command goes on." in capsys.readouterr().out
    assert {row.state for row in answered(tmp_path)} == {"finished"}
    assert len(trainer.ran) == 3


def test_mistakes_are_found_before_anything_is_written(trainer, tmp_path):
    wrong = Arm("a", "tiny", set={"no.such": 1})
    for arms, score, sentence in (
        ((wrong,), ASKED.score, "The arm a: There is no config field 'no.such'"),
        (ASKED.arms, Score(metric="one_nn"), "Neither more nor less of 'one_nn' is better"),
    ):
        with pytest.raises(UserError, match=sentence):
            answered(tmp_path / "s", Study(name="s", question="?", arms=arms, score=score))
    assert not (tmp_path / "s").exists()
