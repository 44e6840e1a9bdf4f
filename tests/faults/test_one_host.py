"""What can happen to a run on one host, and what is lost by it: see docs/reliability.md."""

import json
import random
import re
import shutil
import signal
import time

import pytest
from conftest import ROOT, finish, start, tiny_config

from gan_jax import train
from gan_jax.config import override
from gan_jax.run import status

pytestmark = pytest.mark.slow
TRAINER = ROOT / "tests" / "trainer.py"
STEPS = ("train.num_steps=120", "log.every_steps=20", "sample.every_steps=0")
OFTEN = ("checkpoint.every_steps=1", "checkpoint.keep_last=3")


def rows(workdir):
    lines = (workdir / "metrics.jsonl").read_text().splitlines()
    return [{**json.loads(line), "images_per_second": None} for line in lines]


def state_of(output):
    return re.search(r"^state (\w+)$", output, re.MULTILINE).group(1)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    workdir = tmp_path_factory.mktemp("whole")
    return workdir, finish(start([TRAINER, workdir, *STEPS]))


def test_kills_at_random_instants_while_it_saves_cost_the_steps_since_and_no_bit(whole, tmp_path):
    """It saves at each step, so most kills come while it does."""
    chance, kills = random.Random(0), 0
    while kills < 6:
        process = start([TRAINER, tmp_path, *STEPS, *OFTEN])
        while process.poll() is None and not (tmp_path / "checkpoints").exists():
            time.sleep(0.1)
        time.sleep(3 + chance.uniform(0, 3))
        if process.poll() is not None:
            break
        process.kill()
        process.communicate()
        kills += 1
    assert kills > 1
    output = finish(start([TRAINER, tmp_path, *STEPS, *OFTEN]))
    assert state_of(output) == state_of(whole[1])
    assert rows(tmp_path) == rows(whole[0])
    names = [path.name for path in (tmp_path / "checkpoints").iterdir()]
    assert sorted(names) == ["118", "119", "120"]  # and nothing half written
    assert not list(tmp_path.glob(".*.partial"))


def test_a_clock_that_goes_back_changes_nothing(whole, tmp_path):
    finish(start([TRAINER, tmp_path, *STEPS, "train.num_steps=60"]))
    output = finish(start([TRAINER, tmp_path, *STEPS, "--clock-back=3"]))
    assert state_of(output) == state_of(whole[1])
    assert [row["step"] for row in rows(tmp_path)] == [20, 40, 60, 80, 100, 120]


def test_of_two_processes_in_one_directory_one_trains(tmp_path):
    both = [start([TRAINER, tmp_path, *STEPS]) for _ in range(2)]
    outputs = [process.communicate(timeout=240)[0] for process in both]
    assert sorted(process.returncode for process in both) == [0, 1]
    refused = outputs[both[1].returncode == 1]
    assert refused.strip().splitlines()[-1].startswith("gan_jax: Another process is training in")


@pytest.mark.parametrize("seconds", [0.3, 1.5])
def test_sigterm_just_after_the_start_ends_it(tmp_path, seconds):
    process = start([TRAINER, tmp_path, *STEPS])
    time.sleep(seconds)
    process.terminate()
    began = time.monotonic()
    process.communicate(timeout=30)
    assert time.monotonic() - began < 2
    assert process.returncode in (75, -signal.SIGTERM)


def test_the_same_signal_twice_at_once_saves(tmp_path):
    """As schedulers send it to a process and to its group."""
    process = start([TRAINER, tmp_path, "train.num_steps=1000000", "log.every_steps=0"])
    while not (tmp_path / "samples" / "step_00000000.png").exists():
        assert process.poll() is None
        time.sleep(0.1)
    time.sleep(2)
    for _ in range(2):
        process.terminate()
        time.sleep(0.05)
    output = finish(process, code=75)
    assert "Stopped by SIGTERM and saved at step" in output


def test_a_run_directory_that_moved_goes_on(tmp_path, capsys):
    train.run(tiny_config(), tmp_path / "a")
    shutil.move(tmp_path / "a", tmp_path / "b")
    train.run(override(tiny_config(), {"train.num_steps": 5}), tmp_path / "b")
    assert "Resuming from step 4." in capsys.readouterr().out
    assert status.sentence(tmp_path / "b") == "finished"


def test_checkpoints_that_cannot_be_written_are_said_before_the_first_step(tmp_path):
    train.run(tiny_config(), tmp_path)
    checkpoints = tmp_path / "checkpoints"
    shutil.move(checkpoints, tmp_path / "elsewhere")
    checkpoints.symlink_to(tmp_path / "elsewhere")  # which nothing is written through
    output = finish(start([TRAINER, tmp_path, "train.num_steps=9"]), code=1)
    last = output.strip().splitlines()[-1]
    assert "checkpoints is not a folder of its own but a link" in last
    assert "step 5" not in output
