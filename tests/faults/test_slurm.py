"""docs/train.sbatch on a real Slurm of two nodes, where $SLURM_CONF names one."""

import os
import re
import subprocess
import sys
import time

import pytest
from cluster import NEEDS_SLURM
from conftest import ROOT

from gan_jax.run import status

pytestmark = [pytest.mark.slow, NEEDS_SLURM]


class Job:
    """A job of two tasks that train `toy_ring`."""

    def __init__(self, folder, num_steps):
        self._output = folder / "output.txt"
        every = ("sample.every_steps=0", "checkpoint.every_steps=200", "log.every_steps=200")
        environment = {**os.environ, "PYTHON": sys.executable, "JAX_PLATFORMS": "cpu"}
        environment.pop("XLA_FLAGS")
        command = [
            *("sbatch", "--parsable", f"--output={self._output}", "docs/train.sbatch"),
            *("--experiment=toy_ring", f"--workdir={folder / 'run'}"),
            *(f"--set={setting}" for setting in (*every, f"train.num_steps={num_steps}")),
        ]
        self.number = self._run(*command, env=environment).strip()

    def _run(self, *command, **options):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, **options)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def output(self):
        return self._output.read_text() if self._output.exists() else ""

    def facts(self):
        shown = self._run("scontrol", "show", "job", self.number)
        return dict(re.findall(r"(JobState|ExitCode|Restarts)=(\S+)", shown))

    def wait(self, condition, seconds=240):
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, (self.facts(), self.output())
            time.sleep(0.5)

    def do(self, *command):
        self._run(*command, self.number)


@pytest.fixture
def submit(tmp_path):
    """Submits jobs, and cancels them however the test ends."""
    jobs = []

    def call(num_steps):
        jobs.append(Job(tmp_path, num_steps))
        return jobs[-1]

    yield call
    for job in jobs:
        subprocess.run(["scancel", job.number], check=False)


def test_a_run_is_cancelled_goes_on_is_requeued_and_finishes(submit, tmp_path):
    job = submit(100_000)
    job.wait(lambda: "step 400/" in job.output())
    job.do("scancel")
    job.wait(lambda: job.facts()["JobState"] == "CANCELLED")
    job.wait(lambda: "Stopped by SIGTERM and saved at step" in job.output(), 30)
    assert status.read(tmp_path / "run")["state"] == "stopped"
    stopped = re.search(r"saved at step (\d+)", job.output()).group(1)

    job = submit(100_000)
    job.wait(lambda: f"Resuming from step {stopped}." in job.output())
    job.wait(lambda: job.output().count("/100000") > 3)
    job.do("scontrol", "requeue")
    job.wait(lambda: job.output().count("Stopped by SIGTERM and saved at") == 2, 60)
    assert job.facts()["Restarts"] == "1"
    job.do("scancel")

    job = submit(int(stopped) + 2)
    job.wait(lambda: job.facts()["JobState"] == "COMPLETED")
    assert job.facts()["ExitCode"] == "0:0"


def test_a_task_that_is_killed_ends_the_job_soon_and_it_is_queued_again(submit, tmp_path):
    job = submit(100_000)
    job.wait(lambda: "step 400/" in job.output())
    subprocess.run(["pkill", "-9", "-n", "-f", f"multihost.*{tmp_path}"], check=True)
    job.wait(lambda: job.facts()["Restarts"] == "1", 40)
    assert job.facts()["JobState"] == "PENDING"
