"""Settings of a study in one program: which ones, and that nothing is run twice."""

import dataclasses
import json

import pytest
from conftest import tiny_config

from experiments import toy_ring
from gan_jax import train
from gan_jax.config import override
from gan_jax.errors import Diverged
from gan_jax.run import directory, status
from gan_jax.run.interrupts import Interrupts
from gan_jax.studies import launchers, packing, plan, study, work
from gan_jax.studies.axes import Axis
from gan_jax.studies.launchers import Options
from gan_jax.studies.spec import Arm, Budget, Score, Seeds, Study
from gan_jax.system import disk, layout

RATES = Axis(("gen_optimizer.learning_rate", "disc_optimizer.learning_rate"), "grid", (1.0, 2.0))
LOSSES = Axis(("loss.name",), "grid", ("non_saturating", "hinge"))
RAMPS = Axis(("train.ema_ramp",), "grid", (0.1, 0.2))
METRIC = "coverage/modes"


def recipe(name):
    return override(tiny_config(), {"train.disc_update": "joint", "train.num_steps": 8})


def asked(*axes, seeds=2, together=8, values=(1.0, 2.0)):
    rates = RATES._replace(values=values)
    return Study(
        name="tiny",
        question="Which rate?",
        arms=(Arm("a", "tiny", axes=(rates, *axes)),),
        score=Score(metric=METRIC, looks=0),
        seeds=Seeds(search=seeds, settings_together=together),
    )


def packs(folder, jobs, most=8):
    """The settings of each run."""
    runs = {}
    for job in packing.packed(folder, jobs, most):
        runs.setdefault(job.folder, []).append(job.setting)
    return list(runs.values())


def test_settings_that_numbers_tell_apart_are_one_run_and_others_are_not(tmp_path):
    jobs = plan.search(asked(LOSSES, RAMPS, seeds=1), recipe)
    assert packs(tmp_path, jobs) == [
        [f"learning_rate={rate}, name={loss}, ema_ramp={ramp}" for rate in (1.0, 2.0)]
        for loss in ("non_saturating", "hinge")
        for ramp in (0.1, 0.2)
    ]
    assert len(packs(tmp_path, jobs, most=1)) == 8


def test_no_more_than_so_many_settings_are_one_run(tmp_path):
    jobs = plan.search(asked(values=(1.0, 2.0, 3.0, 4.0, 5.0)), recipe)
    assert [len(names) for names in packs(tmp_path, jobs, most=2)] == [2, 2, 1]


def test_a_pack_has_the_fields_that_differ_and_its_parts_are_the_jobs(tmp_path):
    jobs = plan.search(asked(), recipe)
    first, second = packing.packed(tmp_path, jobs, 8)
    assert first.folder == second.folder != first.own
    assert first.trained.varied.fields == RATES.fields
    assert first.trained.varied.values == (1.0, 1.0, 2.0, 2.0)
    assert first.trained.num_members == 4
    assert [plan.from_dict(plan.to_dict(job)) for job in (first, second)] == [first, second]
    assert [job._replace(pack=None) for job in (first, second)] == jobs


class Trainer:
    """Stands for `train.run`: notes the settings and seeds that it trains, or `ends` them."""

    def __init__(self):
        self.ran, self.ends = [], None

    def __call__(self, config, workdir, interrupts):
        if config.log.every_steps == config.train.num_steps // 2 == 4:  # a timing
            return self.write(config, workdir)
        rates = [row.get(RATES.fields[0]) for row in config.varied.settings]
        self.ran.append(tuple(rate or config.gen_optimizer.learning_rate for rate in rates))
        disk.write_whole(disk.folder(workdir) / layout.LOCK, b"")
        directory._record(workdir, config, Data, None)
        if self.ends:
            self.ends(config, workdir)
        return self.write(config, workdir)

    def write(self, config, workdir):
        for part, folder in directory.members(config, workdir):
            score = part.gen_optimizer.learning_rate * 10 + part.seed
            row = {"step": 8, METRIC: score, "images_per_second": 100.0}
            disk.write_whole(disk.folder(folder) / layout.METRICS, json.dumps(row).encode())
        status.write(workdir, "finished", config.train.num_steps)


class Data:
    fingerprint, class_names, report = "0", (), ()


@pytest.fixture
def trainer(monkeypatch):
    made = Trainer()
    monkeypatch.setattr(train, "run", made)
    in_process(monkeypatch)
    monkeypatch.setattr(directory.environment, "of", lambda config, dataset: {})
    return made


def in_process(monkeypatch):
    def launch(folder, numbers, options, interrupts, ended):
        for number in numbers:
            work.run(folder, work.jobs(folder)[number], interrupts)
            ended(number)

    monkeypatch.setattr(launchers, "launcher", lambda name: launch)


def answered(folder, given, recipes=recipe):
    found = study.run(given, recipes, folder, "local", Options(), Interrupts())
    return {(row.setting, row.seed): row for row in found}


def scores(rows):
    return {key: row.scores.get(METRIC) for key, row in rows.items()}


EXPECTED = {
    (f"learning_rate={rate}", seed): rate * 10 + seed for rate in (1.0, 2.0) for seed in (0, 1)
}


def test_the_rows_are_those_of_single_runs_and_nothing_is_run_twice(trainer, tmp_path, capsys):
    found = answered(tmp_path, asked())
    assert scores(found) == EXPECTED
    assert trainer.ran == [(1.0, 2.0)]
    assert "1/1  a, learning_rate=2.0: coverage/modes 20.5, mean of 2 seeds" in (
        capsys.readouterr().out
    )
    assert answered(tmp_path, asked()) == found == answered(tmp_path, asked(together=1))
    assert len(trainer.ran) == 1
    more = answered(tmp_path, asked(values=(1.0, 2.0, 3.0)))
    assert trainer.ran[1:] == [(3.0,)]
    assert more[("learning_rate=3.0", 1)].scores[METRIC] == 31
    fewer = answered(tmp_path, asked(values=(2.0,)))
    assert set(fewer) == {("learning_rate=2.0", 0), ("learning_rate=2.0", 1)}
    assert len(trainer.ran) == 2


def test_what_is_done_alone_is_not_packed(trainer, tmp_path):
    answered(tmp_path, asked(together=1, values=(1.0,)))
    answered(tmp_path, asked(values=(1.0, 2.0, 3.0)))
    assert trainer.ran == [(1.0,), (2.0, 3.0)]


def test_settings_of_a_pack_that_one_of_them_ends_are_run_alone(trainer, tmp_path):
    def end(config, workdir):
        if 2.0 in (config.gen_optimizer.learning_rate, *config.varied.values):
            status.write(workdir, "diverged", 5)
            raise Diverged(5, [3], "not finite", "Seed 1 of setting 1 is no longer finite.")

    trainer.ends = end
    found = answered(tmp_path, asked(seeds=1))
    assert [(row.state, row.why) for row in found.values()] == [
        ("finished", ""), ("diverged", "diverged at step 5"),
    ]  # fmt: skip
    assert trainer.ran == [(1.0, 2.0), (1.0,), (2.0,)]
    assert answered(tmp_path, asked(seeds=1)) == found
    assert len(trainer.ran) == 3


def test_a_pack_that_was_stopped_goes_on_as_long_as_all_its_settings_are_asked_for(tmp_path):
    jobs = plan.search(asked(), recipe)
    (first, _) = packing.packed(tmp_path, jobs, 8)
    disk.folder(tmp_path, *first.folder.parts)
    text = json.dumps(plan.to_dict(first)["pack"])
    (tmp_path / first.folder / layout.CONFIG).write_text(text)
    longer = dataclasses.replace(asked(values=(2.0, 1.0, 3.0)), budget=Budget(steps=20))
    found = packing.packed(tmp_path, plan.search(longer, recipe), 8)
    assert [job.folder == first.folder for job in found] == [True, True, False]
    assert {job.trained.train.num_steps for job in found} == {20}
    assert [job.pack is None for job in found] == [False, False, True]
    one = packing.packed(tmp_path, plan.search(asked(values=(2.0,)), recipe), 8)
    assert [job.pack for job in one] == [None]


@pytest.mark.slow
def test_packed_settings_of_the_ring_are_those_of_single_runs(monkeypatch, tmp_path):
    """The rows of a study, to rounding."""
    in_process(monkeypatch)
    changes = {"sample.every_steps": 6, "sample.num_images": 64, "log.every_steps": 6}
    changes |= {"gen.features": (8,), "disc.features": (8,), "train.batch_size": 32}

    def ring(name):
        return override(toy_ring.get_config(), changes)

    axes = (Axis(("disc_optimizer.learning_rate", "disc_optimizer.b2"), "grid", (0.01, 0.1)),)
    axes += (Axis(("penalty.weight",), "grid", (0.02, 0.5)),)
    given = dataclasses.replace(
        asked(), arms=(Arm("ring", "toy_ring", axes=axes),), budget=Budget(steps=12)
    )
    one = dataclasses.replace(given, seeds=Seeds(search=1, settings_together=1))
    several = dataclasses.replace(given, seeds=Seeds(search=1, settings_together=4))
    alone, together = (
        answered(tmp_path / name, each, ring) for name, each in (("one", one), ("four", several))
    )
    assert len(directory.find(tmp_path / "four")) == len(alone) == len(together) == 4
    assert len(list((tmp_path / "four" / layout.TRIALS / "ring").iterdir())) == 1
    for key, row in together.items():
        assert METRIC in row.scores
        assert row.scores == pytest.approx(alone[key].scores, rel=1e-3)
        same = {"scores": {}, "seconds": 0.0}
        assert row._replace(**same) == alone[key]._replace(**same)
