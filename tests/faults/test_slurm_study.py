"""A study on a real Slurm of two nodes, where $SLURM_CONF names one, beside the same one here."""

import contextlib
import csv
import json
import os
import re
import subprocess
import sys
import time

import pytest
from cluster import NEEDS_SLURM
from conftest import ROOT

pytest.importorskip("submitit")

pytestmark = [pytest.mark.slow, NEEDS_SLURM]

STUDY = """
question = "Which rates go together on the ring?"

[budget]
steps = 15000

[score]
metric = "coverage/modes"
looks = 0

[set]
"train.batch_size" = 64
"sample.every_steps" = 15000
"log.every_steps" = 200
"checkpoint.every_steps" = 5000

[[arms]]
name = "ring"
recipe = "toy_ring"
[arms.axes]
"disc_optimizer.learning_rate" = [2e-4, 2e-3]
"gen_optimizer.learning_rate" = [1e-4, 2e-4, 5e-4, 1e-3]
"""
RUNS = 8


class Supervisor:
    """The process of a study, and what it has printed."""

    def __init__(self, spec, workdir, *arguments):
        self._output = spec.with_name(f"{time.monotonic_ns()}.txt")
        environment = {**os.environ, "JAX_PLATFORMS": "cpu", "JAX_NUM_CPU_DEVICES": "1"}
        environment.pop("XLA_FLAGS")
        command = ["launch.py", "--mode=study", f"--study={spec}", f"--workdir={workdir}"]
        self.process = subprocess.Popen(
            [sys.executable, "-u", *command, "--at_once=2", *arguments],
            cwd=ROOT,
            env=environment,
            stdout=self._output.open("w"),
            stderr=subprocess.STDOUT,
        )

    def output(self):
        return self._output.read_text()

    def waits_for(self, text):
        wait(lambda: text in self.output() or self.process.poll() is not None, self.output)
        assert text in self.output(), self.output()

    def ends(self, code):
        wait(lambda: self.process.poll() is not None, self.output)
        assert self.process.returncode == code, self.output()


def wait(condition, shown=lambda: "", seconds=600):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, shown()
        time.sleep(0.5)


@contextlib.contextmanager
def scancel(*arguments):
    """Slurm may say that it could not, after it has, and scancel then tries again for a minute."""
    with subprocess.Popen(["scancel", *arguments]) as process:
        yield
        process.kill()


@pytest.fixture
def supervise(tmp_path):
    """Starts a study of eight runs; ends it, and its jobs, however the test ends."""
    spec = tmp_path / "rates.toml"
    spec.write_text(STUDY)
    supervisors = []

    def call(workdir, *arguments):
        supervisors.append(Supervisor(spec, tmp_path / workdir, *arguments))
        return supervisors[-1]

    yield call
    for supervisor in supervisors:
        supervisor.process.kill()
        supervisor.process.wait()
        for name in set(re.findall("gan_jax-[0-9a-f]{16}", supervisor.output())):
            subprocess.run(["scancel", f"--name={name}"], check=False)


class Cluster:
    """The study's folder while its jobs run in Slurm."""

    def __init__(self, folder):
        self._folder = folder
        noted = json.loads((folder / "submissions.json").read_text())
        self._name, self._runs = noted[-1]["name"], noted[-1]["runs"]

    def states(self):
        listed = ("squeue", "-h", "-r", "-t", "all", f"--name={self._name}", "-o", "%i %T")
        done = subprocess.run(listed, capture_output=True, text=True, check=True)
        return dict(line.split() for line in done.stdout.splitlines())

    def running(self):
        """The ids of the tasks that have trained some steps and still train."""
        states = self.states()
        return [job for job in states if states[job] == "RUNNING" and "step 400/" in self.log(job)]

    def log(self, job):
        run = self._runs[int(job.partition("_")[2])]
        path = self._folder / "logs" / ("-".join(run.split("/")[1:]) + ".log")
        return path.read_text() if path.exists() else ""

    def attempts(self, job):
        run = self._runs[int(job.partition("_")[2])]
        lines = map(json.loads, (self._folder / "attempts.jsonl").read_text().splitlines())
        return [line["state"] for line in lines if line["run"] == run]


def rows(folder):
    with (folder / "study.csv").open(newline="") as file:
        return [{**row, "seconds": ""} for row in csv.DictReader(file)]


def test_a_study_is_preempted_killed_and_cancelled_and_ends_as_the_one_of_one_machine(
    supervise, tmp_path
):
    first = supervise("there", "--launcher=slurm", "--slurm=time=30")
    first.waits_for(f"Submitted {RUNS} runs")
    cluster = Cluster(tmp_path / "there")
    wait(cluster.running, first.output)
    assert sum(state == "RUNNING" for state in cluster.states().values()) <= 2

    preempted = cluster.running()[0]
    with scancel("--signal=USR2", preempted):
        wait(lambda: "Stopped by SIGUSR2 and saved at step" in cluster.log(preempted))
        wait(lambda: cluster.states()[preempted] == "PENDING")
    first.process.kill()
    first.process.wait()

    second = supervise("there", "--launcher=slurm", "--slurm=time=30")
    second.waits_for("Already in Slurm: ")
    wait(cluster.running, second.output)
    cancelled = cluster.running()[0]
    with scancel(cancelled):
        second.ends(75)
    assert "Submitted" not in second.output()
    assert "gan_jax: Cancelled in Slurm: 1 run; the same command goes on." in second.output()
    step = re.search(r"Stopped by SIGUSR2 and saved at step (\d+)", cluster.log(preempted)).group(1)
    assert f"Resuming from step {step}." in cluster.log(preempted)
    assert cluster.attempts(preempted) == ["stopped", "finished"]
    assert cluster.attempts(cancelled) == ["stopped"]

    third = supervise("there", "--launcher=slurm", "--slurm=time=30")
    third.ends(0)
    assert "Submitted 1 run to Slurm" in third.output()
    assert cluster.attempts(cancelled) == ["stopped", "finished"]
    others = cluster.states().keys() - {preempted, cancelled}
    assert len(others) == RUNS - 2
    assert all(cluster.attempts(job) == ["finished"] for job in others)

    supervise("here").ends(0)
    assert len(rows(tmp_path / "there")) == RUNS
    assert rows(tmp_path / "there") == rows(tmp_path / "here")
