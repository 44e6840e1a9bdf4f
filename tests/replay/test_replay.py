"""A run is made again from its record; what is not the same bits is named, with its cause."""

import json
import re
import shutil
import signal
from pathlib import Path

import jax
import numpy as np
import pytest
from conftest import ROOT, finish, start

from gan_jax import methods, replay, report, train
from gan_jax.config import override
from gan_jax.data import Points
from gan_jax.errors import UserError
from gan_jax.methods import GAN, Adam, Checkpoint, Evaluate, GameTrain, Log, Sample
from gan_jax.networks import MLPDisc, MLPGen, Uniform
from gan_jax.replay import comparison, record
from gan_jax.replay.verdict import Verdict
from gan_jax.run import curves, directory
from gan_jax.run.checkpoint import Checkpoints
from gan_jax.run.hooks import FirstProcessHooks
from gan_jax.run.interrupts import Interrupts

STEPS = 12


def ring(**changes):
    config = GAN(
        experiment="ring",
        data=Points(name="ring"),
        latents=Uniform(dimension=2),
        gen=MLPGen(features=(8,), norm="none", output="linear"),
        gen_optimizer=Adam(learning_rate=1e-3),
        disc=MLPDisc(features=(8,), norm="none"),
        disc_optimizer=Adam(learning_rate=1e-3),
        train=GameTrain(num_steps=STEPS, batch_size=16),
        log=Log(every_steps=3),
        sample=Sample(every_steps=6, num_images=16),
        checkpoint=Checkpoint(every_steps=6),
        evaluate=Evaluate(every_steps=0),
    )
    return override(config, {name.replace("__", "."): value for name, value in changes.items()})


@pytest.fixture(autouse=True)
def without_pages(monkeypatch):
    """Curves and reports take as long as all else."""
    monkeypatch.setattr(curves, "write", lambda path, rows: None)
    monkeypatch.setattr(report, "try_run", lambda workdir: None)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("finished") / "made"
    train.run(ring(), folder)
    return folder


@pytest.fixture
def made(finished, tmp_path):
    """A finished run of its own."""
    return Path(shutil.copytree(finished, tmp_path / "made"))


def edit(path, change):
    values = json.loads(path.read_text())
    change(values)
    path.write_text(json.dumps(values))


def refused(workdir, **arguments):
    with pytest.raises(replay.NotEqual) as error:
        replay.run(workdir, **arguments)
    assert error.value.exit_code == 4
    return str(error.value)


def kept(folder):
    return json.loads(next(folder.glob("replays/*/replay.json")).read_text())


def test_a_finished_run_is_equal_and_is_not_made_a_third_time(made, capsys, monkeypatch):
    (verdict,) = replay.run(made)
    out = capsys.readouterr().out
    said = "equal: 4 rows, 3 grids, 2 checkpoints up to step 12 are the same bits."
    assert verdict.sentence() == said and out.endswith(f"{said}\n")
    assert re.search(r"^rows      4      0             yes$", out, re.MULTILINE)
    written = kept(made)
    assert (written["equal"], written["at"], written["of"]) == (True, 12, str(made))
    state = next(one for one in written["compared"] if one["kind"] == "states")["digests"]["12"]
    assert {"step", "gen/params", "gen/opt", "disc/params", "disc/opt", "ema/params"} <= set(state)
    for both in state.values():
        assert both["run"] == both["replay"] and len(both["run"]) == 64
    assert directory.find(made.parent) == [made]
    monkeypatch.setattr(train, "run", None)
    assert replay.run(made)[0].is_equal


def test_a_run_up_to_an_earlier_step_is_equal(made, capsys):
    (verdict,) = replay.run(made, at=7)
    assert verdict.sentence().startswith("equal: 2 rows, 2 grids, 1 checkpoint up to step 7 are")
    assert (made / "replays").is_dir() and "step 7/7" in capsys.readouterr().out


def test_a_run_in_several_starts_is_equal_to_one_in_one_go(tmp_path):
    """Ended at 7, it has a row at 7 that no other run has, and the next may be of other steps."""
    train.run(ring(train__num_steps=7), tmp_path / "made")
    train.run(ring(), tmp_path / "made")
    (verdict,) = replay.run(tmp_path / "made", output=tmp_path / "again")
    rows = next(one for one in verdict.comparisons if one.kind == "rows")
    assert (rows.steps, rows.passed_over) == ([3, 6, 12], [7, 9])
    assert verdict.is_equal
    assert (tmp_path / "again" / "replay.json").is_file()
    assert not (tmp_path / "made" / "replays").exists()


@pytest.mark.parametrize("at", [None, 7])
def test_a_run_that_went_back_is_equal(tmp_path, monkeypatch, at):
    """At step 9 its values are not finite once; what came before step 9 and after step 6 was made
    anew, which a replay up to step 7 must get to as well."""
    make = methods.make

    def failing(config):
        method = make(config)

        def step(state, batch, key):
            begun = (jax.random.key_data(key) == jax.random.key_data(jax.random.key(0))).all()
            new, metrics = method.step(state, batch, key)
            bad = (state.step == 8) & begun
            return new, {**metrics, "d/loss": jax.numpy.where(bad, np.nan, metrics["d/loss"])}

        return method._replace(step=step)

    monkeypatch.setattr(methods, "make", failing)
    made = tmp_path / "made"
    train.run(ring(train__on_nan="rollback", log__every_steps=1), made)
    rolled = json.loads((made / "rollbacks.json").read_text())
    assert [(row["at"], row["to"]) for row in rolled] == [(9, 6)]
    (verdict,) = replay.run(made, at=at)
    assert verdict.is_equal
    assert 7 in next(one for one in verdict.comparisons if one.kind == "rows").steps
    edit(made / "rollbacks.json", lambda rows: rows[0].update(at=10))
    assert "rollbacks" not in verdict.sentence()
    assert "rollbacks 10 to 6 ([0]) against 9 to 6 ([0])" in replay.run(made, at=at)[0].sentence()


def test_every_seed_of_several_is_compared(tmp_path, capsys):
    made = tmp_path / "made"
    train.run(ring(train__num_seeds=2), made)
    verdicts = replay.run(tmp_path)
    assert len(verdicts) == 1 and verdicts[0].is_equal
    assert {one.member for one in verdicts[0].comparisons} == {"seed 0", "seed 1"}
    assert "rows of seed 1" in capsys.readouterr().out
    assert directory.find(made) == [made / "seed_0", made / "seed_1"]
    rows = made / "seed_1" / "metrics.jsonl"
    first, *rest = rows.read_text().splitlines(keepends=True)
    changed = re.sub(r'"d/loss": [\d.]+', '"d/loss": 0.5', first)
    rows.write_text(changed + "".join(rest))
    assert "the first difference is at step 3 in the rows (d/loss)" in refused(made)


def test_a_flipped_bit_in_the_data_is_named_at_once(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GAN_JAX_CACHE_DIR", str(tmp_path / "cache"))
    made = tmp_path / "made"
    train.run(ring(), made)
    (path,) = (tmp_path / "cache").glob("data/*/train_x.npy")
    content = bytearray(path.read_bytes())
    content[-2:-160_000:-8] = bytes(b ^ 32 for b in content[-2:-160_000:-8])  # of each example's y
    path.write_bytes(content)
    capsys.readouterr()
    said = refused(made)
    out = capsys.readouterr().out
    named = r"data fingerprint (\w{16}) against (?!\1)\w{16}"
    assert re.match(rf"The record and this replay: {named}\.\nRun directory", out)
    assert re.search(rf"difference is at step 3 in the rows \(.*what differs.*: {named}\.", said)
    state = next(one for one in kept(made)["compared"] if one["kind"] == "states")
    gaps = {gap["name"]: gap for gap in state["gaps"] if gap["step"] == 12}
    assert 0 < gaps["disc/params"]["absolute"] < 0.1
    assert "step" not in gaps


def test_one_flipped_bit_in_the_cached_data_is_enough(tmp_path, monkeypatch):
    """Even in an example that a short run never sees."""
    monkeypatch.setenv("GAN_JAX_CACHE_DIR", str(tmp_path / "cache"))
    made = tmp_path / "made"
    train.run(ring(), made)
    (path,) = (tmp_path / "cache").glob("data/*/train_x.npy")
    content = bytearray(path.read_bytes())
    content[-4] ^= 1
    path.write_bytes(content)
    (verdict,) = replay.run(made)
    assert [change.name for change in verdict.changes] == ["data fingerprint"]
    assert "are the same bits; all the same, what differs in the record: data" in verdict.sentence()


def test_another_seed_is_named(made, tmp_path):
    """By the directory's name, by the command and, where those are silent, by what it began with:
    the grid before the first step."""
    named = tmp_path / directory.default(ring()).name
    for place in (named, tmp_path / "other"):
        shutil.copytree(made, place)
        edit(place / "config.json", lambda values: values.update(seed=1))
    said = refused(named)
    assert "the first difference is at step 0 in the grids (samples)" in said
    assert "the directory's name says seed 0, and config.json says seed 1" in said
    said = refused(tmp_path / "other")
    assert "the directory's name" not in said
    assert "config.json has another seed than the run had, or the code differs" in said
    command = ["launch.py", "--experiment=ring", "--seed=0"]
    edit(tmp_path / "other" / "environment.json", lambda values: values.update(command=command))
    said = refused(tmp_path / "other")
    assert "the command that started the run says seed 0, and config.json says seed 1" in said


def test_changed_weights_in_a_checkpoint_are_named(made):
    like = jax.eval_shape(methods.make(ring()).init, jax.random.key(0))
    with Checkpoints(made / "checkpoints") as checkpoints:
        state = checkpoints.restore(12, state=like)["state"]
    params = jax.tree.map(lambda x: x * np.float32(1.5), state.disc.params)
    (made / "checkpoints" / "12").rename(made / "aside")
    with Checkpoints(made / "checkpoints", ring().checkpoint) as checkpoints:
        checkpoints.save(12, state=state._replace(disc=state.disc._replace(params=params)))
    said = refused(made)
    assert "the first difference is at step 12 in the states (disc/params)" in said
    assert "the checkpoint itself was changed after the run wrote it" in said
    (gap,) = next(one for one in kept(made)["compared"] if one["kind"] == "states")["gaps"]
    largest = max(np.abs(leaf).max() for leaf in jax.tree.leaves(state.disc.params))
    np.testing.assert_allclose(gap["absolute"], largest / 2, rtol=1e-6)
    np.testing.assert_allclose(gap["relative"], 1 / 3, rtol=1e-6)


def test_a_damaged_checkpoint_and_a_grid_that_is_no_picture_are_named(made):
    (made / "samples" / "step_00000006.png").write_bytes(b"nothing")
    for path in (made / "checkpoints" / "12").rglob("*"):
        if path.is_file() and "state" in path.parts and "d" in path.parent.name:
            path.write_bytes(b"")
    said = refused(made)
    assert "the first difference is at step 6 in the grids (samples)" in said
    compared = {one["kind"]: one["gaps"] for one in kept(made)["compared"]}
    assert "no picture" in compared["grids"][0]["why"]
    assert [gap["step"] for gap in compared["states"]] == [12]
    assert "is damaged" in compared["states"][0]["why"]


def test_another_commit_and_processor_are_named_and_do_not_matter_by_themselves(made):
    change = {"git_commit": "a" * 40, "processor": "\x1b[31mAbacus"}
    edit(made / "environment.json", lambda values: values.update(change))
    (verdict,) = replay.run(made)
    assert verdict.is_equal
    assert f"commit {'a' * 40} against " in verdict.sentence()
    assert "processor \\x1b[31mAbacus against " in verdict.sentence()
    (made / "environment.json").write_text("[")
    assert "environment.json is missing or damaged" in " ".join(replay.run(made)[0].contradictions)


def test_a_replay_that_is_stopped_goes_on(made, monkeypatch, capsys):
    call, interrupts = FirstProcessHooks.__call__, Interrupts()

    def stopping(self, step, outcome):
        if step == 6:
            interrupts.caught = signal.SIGTERM
        return call(self, step, outcome)

    with monkeypatch.context() as patched, interrupts:
        patched.setattr(FirstProcessHooks, "__call__", stopping)
        assert replay.run(made, interrupts=interrupts) == []
    assert interrupts.stopped_by == "SIGTERM"
    assert "Stopped by SIGTERM and saved at step 6" in capsys.readouterr().out
    assert replay.run(made)[0].is_equal
    assert "Resuming from step 6." in capsys.readouterr().out


def test_a_folder_of_runs_has_a_sentence_for_each(made, tmp_path, capsys):
    for name in ("a", "b"):
        shutil.copytree(made, tmp_path / "runs" / name)
    edit(tmp_path / "runs" / "b" / "config.json", lambda values: values.update(seed=2))
    (tmp_path / "runs" / "c").mkdir()
    (tmp_path / "runs" / "c" / "metrics.jsonl").write_text('{"step": 1}\n')
    said = refused(tmp_path / "runs", output=tmp_path / "again")
    runs = tmp_path / "runs"
    assert said.startswith(f"2 of 3 runs are not equal: {runs / 'b'}, {runs / 'c'};")
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines if re.match("(not )?(equal|repl)", line)] == [
        "equal", "not equal", "not replayed",
    ]  # fmt: skip
    assert sorted(path.name for path in (tmp_path / "again").iterdir()) == ["a", "b"]


def test_what_cannot_be_replayed_is_said(made, tmp_path):
    with pytest.raises(UserError, match=r"--at=13 is no step .* ends at step 12"):
        replay.run(made, at=13)
    with pytest.raises(UserError, match="holds a run that is no replay of"):
        replay.run(made, output=made)
    with pytest.raises(UserError, match="There is no run in"):
        replay.run(tmp_path / "none")
    with pytest.raises(UserError, match=r"data\.path is the place of a folder of pictures"):
        replay.run(made, places=replay.Places(path="x"))
    for path in (made / "checkpoints", made / "metrics.jsonl"):
        path.rename(tmp_path / path.name)
    with pytest.raises(UserError, match="no row and no checkpoint"):
        replay.run(made)
    assert not (made / "replays").exists()


def test_a_replay_that_diverges_is_not_equal(made, monkeypatch):
    make = methods.make

    def failing(config):
        method = make(config)

        def step(state, batch, key):
            new, metrics = method.step(state, batch, key)
            bad = jax.numpy.where(state.step == 8, np.nan, metrics["d/loss"])
            return new, {**metrics, "d/loss": bad}

        return method._replace(step=step)

    monkeypatch.setattr(methods, "make", failing)
    assert "not equal: the replay diverged at step 9: d/loss is nan; nothing differs" in refused(
        made
    )


def test_a_difference_is_the_largest_one_of_the_bits():
    a, b = np.float32([1, 2, -4, 0]), np.float32([1, 2.5, -4.25, 0])
    assert comparison.gap(3, "x", a, a.copy()) is None
    assert comparison.gap(3, "x", a, b) == (3, "x", 0.5, 0.2, "")
    assert comparison.gap(3, "x", 0.1, 0.1 + 2**-56)[2:4] == (2**-56, pytest.approx(2**-56 / 0.1))
    assert comparison.gap(3, "x", 0.0, -0.0) == (3, "x", 0.0, 0.0, "")
    assert comparison.gap(3, "x", np.nan, 1.0)[2:4] == (np.inf, np.inf)
    assert comparison.gap(3, "x", np.nan, np.nan) is None
    assert comparison.gap(3, "x", a, b[:2]).why == "shape (4,) against (2,)"
    assert comparison.gap(3, "x", np.uint8(0), np.uint8(255))[2:4] == (255, 1)


def test_what_the_record_cannot_show_is_guessed_at():
    gap = comparison.Gap(8, "d/loss", 0.1, 0.1)
    rows = comparison.Comparison("rows", 0, [4, 8], [], [gap], {})
    grids = comparison.Comparison("grids", 0, [0], [], [], {})
    facts = {"devices": "1 x gpu NVIDIA H100", "commit": "0123", "XLA flags": ""}
    verdict = Verdict(8, [grids, rows], [], [], facts)
    said = verdict.sentence()
    assert said.startswith("not equal: the first difference is at step 8 in the rows (d/loss); not")
    assert "nothing differs in the record" in said and "--xla_gpu_deterministic_ops=true" in said
    assert "of its own" not in said
    on_cpu = verdict._replace(now={"devices": "2 x cpu cpu", "commit": "0123-dirty"}).sentence()
    assert "deterministic" not in on_cpu and "the code has no commit of its own" in on_cpu
    changes = record.changes([{"a": "1"}, {"a": "2"}], [{"a": "2"}])
    named = verdict._replace(changes=changes).sentence()
    assert named.endswith("(d/loss); what differs in the record: a 1, 2 against 2.")
    evaluated = rows._replace(gaps=[gap._replace(name="eval/d/loss")])
    assert "the test examples" in verdict._replace(comparisons=[grids, evaluated]).sentence()
    nothing = verdict._replace(comparisons=[grids._replace(steps=[])])
    assert nothing.sentence().startswith("not equal: nothing up to step 8 is in both")


@pytest.mark.parametrize(
    ("command", "seed"),
    [
        (["launch.py", "--experiment=x"], "0"),
        (["/a/launch.py", "--seed=3", "-seed=04"], "4"),
        (["launch.py", "--seed=3", "--set=seed=5"], "5"),
        (["launch.py", "--seed", "3"], None),
        (["launch.py", "--mode=study", "--study=x"], None),
        (["pytest", "--seed=3"], None),
        ("launch.py", None),
    ],
)
def test_the_seed_of_a_command_is_read_where_it_can_be(tmp_path, command, seed):
    (tmp_path / "environment.json").write_text(json.dumps({"command": command}))
    said = record.contradictions(tmp_path, ring(seed=9))
    expected = f"the command that started the run says seed {seed}, and config.json says seed 9"
    assert said == ([] if seed is None else [expected])


@pytest.mark.slow
def test_another_number_of_devices_is_named(tmp_path):
    sizes = {"gen.features": 8, "disc.features": 8, "train.batch_size": 16, "train.num_steps": 4}
    sets = [f"--set={name}={value}" for name, value in sizes.items()]
    workdir = f"--workdir={tmp_path / 'made'}"
    finish(start([ROOT / "launch.py", "--experiment=toy_ring", workdir, *sets]))
    again = [ROOT / "launch.py", "--mode=replay", workdir]
    assert "equal: 1 row, 2 grids, 1 checkpoint up to step 4 are" in finish(start(again))
    said = finish(start(again, devices=2), code=4)
    assert said.startswith("The record and this replay: devices 1 x cpu cpu against 2 x cpu cpu.")
    named = "what differs in the record: devices 1 x cpu cpu against 2 x cpu cpu."
    assert said.splitlines()[-1].startswith("gan_jax: not equal: the first difference is at step 4")
    assert said.endswith(f"{named}\n")
