"""What goes wrong between hosts ends all of them, soon, with a sentence and an exit code."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from cluster import Pair
from conftest import ROOT

from gan_jax.evaluation import records
from gan_jax.evaluation.records import SAMPLES
from gan_jax.run import status

pytestmark = pytest.mark.slow


def digests(folder, step):
    return {
        path.name: path.read_bytes()
        for path in (folder / "run" / "checkpoints" / str(step) / "state").rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        (
            "--set=gen_optimizer.learning_rate=1e-2",
            "gen_optimizer.learning_rate is 0.01 in process",
        ),
        ("--seed=5", "seed is 5 in process 1"),
        ("--set=data.name=grid", "the fingerprint of the images is "),
    ],
)
def test_hosts_that_were_started_differently_stop_together(tmp_path, changes, difference):
    """Before the first step; one of them says what differs, the other that it heard of it."""
    ends = Pair(tmp_path, ((), (changes,))).ends()
    for end in ends:
        assert end.code == 1
        assert "The processes were not started alike: " in end.sentence
        assert difference in end.sentence
        assert "Traceback" not in end.output
    assert not (tmp_path / "run" / "checkpoints").exists()


def test_a_run_directory_that_is_not_shared_is_named(tmp_path):
    ends = Pair(tmp_path, ((), (f"--workdir={tmp_path / 'other'}",))).ends()
    for end in ends:
        assert end.code == 1
        assert f"{tmp_path / 'run'}, is not that of process 1" in end.sentence
        assert "give a --workdir on a file system that all hosts share" in end.sentence


def test_what_the_first_process_alone_knows_ends_the_others(tmp_path):
    """A lock that another job holds."""
    (tmp_path / "run").mkdir()
    with (tmp_path / "run" / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        pair = Pair(tmp_path)
        ends = pair.ends(60)
    assert [end.code for end in ends] == [1, 1]
    assert ends[0].sentence.startswith("gan_jax: Another process is training in ")
    assert ends[1].sentence.startswith("gan_jax: Process 0 on ")
    assert "ended: Another process is training in" in ends[1].sentence


def test_scores_while_training_are_those_of_one_process(tmp_path):
    """Of networks that stand still, so that only the looks at them differ."""
    changes = [f"--set={player}_optimizer.learning_rate=1e-30" for player in ("gen", "disc")]
    changes += ["--set=evaluate.every_steps=100", "--set=evaluate.num_samples=400"]
    ends = Pair(tmp_path, (tuple(changes), tuple(changes)), num_steps=200).ends()
    assert [end.code for end in ends] == [0, 0], ends
    alone = ["--experiment=toy_ring", "--set=train.num_steps=200", "--set=sample.every_steps=0"]
    command = [sys.executable, "launch.py", *alone, f"--workdir={tmp_path / 'one'}", *changes]
    subprocess.run(command, cwd=ROOT, check=True, env={**os.environ, "JAX_NUM_CPU_DEVICES": "1"})
    (two,), (one,) = (records.read(tmp_path / name).values() for name in ("run", "one"))
    assert [(record.of, record.step) for record in two] == [
        ("floor", 0), (SAMPLES, 100), (SAMPLES, 200),
    ]  # fmt: skip
    for record, expected in zip(two, one, strict=True):
        assert record.scores.keys() == expected.scores.keys()
        for name, score in record.scores.items():
            assert score.value == pytest.approx(expected.scores[name].value, rel=1e-6)


@pytest.mark.parametrize("killed", [0, 1])
def test_a_lost_process_is_a_sentence_on_the_other_and_the_run_goes_on(tmp_path, killed):
    """With one process fewer too."""
    pair = Pair(tmp_path)
    pair.wait_for("step 300/")
    pair.processes[killed].send_signal(signal.SIGKILL)
    began = time.monotonic()
    end = pair.ends()[1 - killed]
    assert time.monotonic() - began < 30
    assert end.code == 75
    assert f"Process {killed} on " in end.sentence
    assert "goes on from the last checkpoint" in end.sentence
    assert "stack trace" not in end.output
    assert status.read(tmp_path / "run")["state"] == "killed"

    again = Pair(tmp_path, num_steps=600)
    assert [end.code for end in again.ends()] == [0, 0]
    assert "Resuming from step " in again.output(0)
    assert status.sentence(tmp_path / "run") == "finished"


@pytest.mark.parametrize("seconds", [0.5, 1.5, 3.0])
def test_a_signal_between_the_connection_and_the_loop_is_not_lost(tmp_path, seconds):
    pair = Pair(tmp_path)
    time.sleep(1 + seconds)  # the import of JAX alone takes one
    for process in pair.processes:
        process.send_signal(signal.SIGTERM)
    for end in pair.ends(60):
        assert end.code in (75, -signal.SIGTERM)  # before Python listens, it ends by the signal
        if end.code == 75:
            assert "SIGTERM" in end.sentence


def test_one_signal_saves_and_stops_both(tmp_path):
    pair = Pair(tmp_path)
    pair.wait_for("step 200/")
    pair.processes[1].send_signal(signal.SIGUSR2)
    ends = pair.ends()
    assert [end.code for end in ends] == [75, 75]
    assert "Stopped by SIGUSR2 and saved at step" in ends[0].output
    assert status.read(tmp_path / "run")["why"] == "SIGUSR2"


def test_hosts_may_be_most_of_a_minute_apart_with_cold_caches(tmp_path, monkeypatch):
    """Gloo would wait for half a minute."""
    monkeypatch.setenv("GAN_JAX_CACHE_DIR", str(tmp_path / "cache"))
    ends = Pair(tmp_path, delay=40, num_steps=100).ends(240)
    assert [end.code for end in ends] == [0, 0]
    assert "Finished at step 100" in ends[0].output
    environment = json.loads((tmp_path / "run" / "environment.json").read_text())
    assert environment["process_count"] == 2
    assert os.listdir(tmp_path / "run" / "checkpoints") == ["100"]
