"""Signals are obeyed whatever the process does, and nothing that was saved is lost."""

import os
import signal
import subprocess
import time

import pytest
from conftest import ROOT, finish, start, wait_for

from gan_jax.run import interrupts
from gan_jax.run.interrupts import Interrupts

TRAINER = ROOT / "tests" / "trainer.py"
LONG = ("train.num_steps=1000000", "log.every_steps=0", "checkpoint.every_steps=20")


@pytest.mark.parametrize(
    ("place", "number"),
    [("data", signal.SIGTERM), ("compile", signal.SIGUSR1), ("data", signal.SIGINT)],
)
def test_a_first_signal_before_there_is_a_state_ends_the_process(tmp_path, place, number):
    process = start([TRAINER, tmp_path, f"--hang-in={place}"])
    wait_for(tmp_path / "hanging", process)
    sent = time.monotonic()
    process.send_signal(number)
    output = finish(process, code=75)
    assert time.monotonic() - sent < 2
    said = f"gan_jax: Ended at once by {number.name}; nothing was to be saved."
    assert said in output
    assert "Traceback" not in output


@pytest.mark.slow
def test_a_second_signal_ends_at_once_what_does_not_come_back(tmp_path):
    """As a step that takes minutes; the last checkpoint stays, and the last sentence names it."""
    finish(start([TRAINER, tmp_path, "train.num_steps=4", *LONG[1:]]))
    process = start([TRAINER, tmp_path, "--hang-in=loop", *LONG])
    wait_for(tmp_path / "hanging", process)
    process.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    assert process.poll() is None
    process.send_signal(signal.SIGHUP)
    output = finish(process, code=75)
    said = "Ended at once by SIGHUP; what came after the last checkpoint is lost, the last"
    assert f"{said} checkpoint is of step 4." in output
    assert (tmp_path / "checkpoints" / "4").is_dir()


@pytest.mark.parametrize("name", ["SIGHUP", "SIGUSR1", "SIGUSR2"])
def test_what_terminals_and_schedulers_send_saves(name):
    """In one process, as the loop asks; test_resume.py has whole runs."""
    with Interrupts() as watch, watch.saving():
        os.kill(os.getpid(), getattr(signal, name))
        assert signal.Signals(watch.caught).name == name
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_a_signal_that_the_user_ignores_stays_ignored():
    """As nohup has it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with Interrupts() as watch, watch.saving():
            os.kill(os.getpid(), signal.SIGHUP)
            assert watch.caught == 0
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_handlers_are_as_before_when_it_ends():
    known = [getattr(signal, name) for name in interrupts.NAMES]
    before = [signal.getsignal(number) for number in known]
    with Interrupts(ends_process=True):
        assert signal.getsignal(signal.SIGTERM) != before[1]
    assert [signal.getsignal(number) for number in known] == before
    assert signal.set_wakeup_fd(-1) == -1


def test_a_reader_that_goes_away_stops_the_printing_and_not_the_training(tmp_path):
    process = start([TRAINER, tmp_path, "train.num_steps=12", "log.every_steps=1"])
    assert process.stdout.readline().startswith("Run directory")
    process.stdout.close()
    assert process.wait(timeout=240) == 0
    assert (tmp_path / "checkpoints" / "12").is_dir()


PICTURE_FAILS = """
import sys
sys.path[:0] = ["tests"]
from gan_jax.run.writers import Writers

def fails(self, step, grids):
    if step:
        raise ValueError("a defect of a picture")

Writers.grids = fails
import trainer
trainer.main(*sys.argv[1:])
"""


@pytest.mark.slow
def test_a_failure_beside_the_training_saves_first(tmp_path):
    arguments = ["-c", PICTURE_FAILS, tmp_path, "train.num_steps=100", "sample.every_steps=6"]
    output = finish(start([*arguments, "checkpoint.every_steps=1000"]), code=1)
    assert "ValueError: a defect of a picture" in output
    (saved,) = (tmp_path / "checkpoints").iterdir()
    assert 6 <= int(saved.name) < 100
    resumed = finish(start([TRAINER, tmp_path, f"train.num_steps={int(saved.name) + 2}"]))
    assert f"Resuming from step {saved.name}." in resumed


def test_a_terminal_of_few_letters_gets_them_escaped():
    script = "from gan_jax.system import console; console.install(); print('r\\xfcn \\ud800')"
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [os.sys.executable, "-c", script], env=environment, capture_output=True, check=True
    )
    assert done.stdout == b"r\\xfcn \\ud800\n"
