"""A run that is killed again and again, whatever it is doing, ends as one that was not.

GAN_JAX_KILLS=100 python -m pytest -n 0 -s -m slow tests/faults/test_random_kills.py
"""

import json
import os
import random
import re
import socket
import statistics
import subprocess
import time
from collections import Counter

import pytest
from conftest import ROOT, finish, start

from gan_jax.evaluation import records

pytestmark = pytest.mark.slow

KILLS = int(os.environ.get("GAN_JAX_KILLS", "4"))
TRAINER = ROOT / "tests" / "trainer.py"
STEPS = {1: 600, 2: 200}
"""By how many processes there are: two take four times as long a step where cores are few."""
SETTINGS = (
    *("log.every_steps=50", "sample.every_steps=100"),
    *("checkpoint.every_steps=50", "evaluate.every_steps=100", "evaluate.num_samples=80"),
)


def started(workdir, count):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    several = [[f"--process={index},{count},{port}"] if count > 1 else [] for index in range(count)]
    settings = (f"train.num_steps={STEPS[count]}", *SETTINGS)
    return [start([TRAINER, workdir, *settings, *given]) for given in several]


def of(workdir, outputs):
    """All that a run leaves which no clock has a part in."""
    lines = (workdir / "metrics.jsonl").read_text().splitlines()
    rows = [{**json.loads(line), "images_per_second": None} for line in lines]
    scores = [
        (protocol, record.of, record.step, record.scores, record.facts.get("choice"))
        for protocol, found in records.read(workdir).items()
        for record in found
    ]
    state = {re.search(r"^state (\w+)$", output, re.MULTILINE).group(1) for output in outputs}
    grids = [path.read_bytes() for path in sorted((workdir / "samples").glob("*.png"))]
    return rows, scores, state, grids


def reached(workdir):
    try:
        return json.loads((workdir / "metrics.jsonl").read_text().splitlines()[-1])["step"]
    except (OSError, IndexError, ValueError):
        return 0


def ended(process):
    """What a process printed; one that waits for a victim that never connected is killed too, as
    a scheduler does it."""
    try:
        return process.communicate(timeout=20)[0]
    except subprocess.TimeoutExpired as so_far:
        if "connected" in str(so_far.output):
            return process.communicate(timeout=100)[0]
        process.kill()
        output = process.communicate()[0]
        assert "connected" not in output, output
        return output


def phase(output):
    """What a process was at when it was killed, by what it had printed."""
    if "Compiled the training step" in output:
        return "training, saving, scoring"
    return "compiling" if "Read " in output else "starting"


@pytest.mark.timeout(0)  # a hundred kills take an hour, and each has a timeout
@pytest.mark.parametrize("count", [1, 2])
def test_a_run_killed_at_random_instants_has_the_bits_of_one_that_was_not(tmp_path, count):
    began = time.monotonic()
    whole = [finish(process) for process in started(tmp_path / "whole", count)]
    seconds = time.monotonic() - began
    expected = of(tmp_path / "whole", whole)
    chance, phases, lost, runs = random.Random(1), Counter(), [], 0
    wanted, workdir = max(KILLS // count**2, 1), tmp_path / "run0"
    while phases.total() < wanted:
        processes, before = started(workdir, count), reached(workdir)
        victim = chance.randrange(count)
        try:
            processes[victim].wait(chance.uniform(0, seconds))
        except subprocess.TimeoutExpired:
            processes[victim].kill()
        outputs = [ended(process) for process in processes]
        if resumed := re.search(r"^Resuming from step (\d+)", outputs[0], re.MULTILINE):
            lost.append(max(before - int(resumed.group(1)), 0))
        if processes[victim].returncode:
            phases[phase(outputs[0])] += 1
        else:
            assert of(workdir, outputs) == expected
            runs += 1
            workdir = tmp_path / f"run{runs}"
    outputs = [finish(process) for process in started(workdir, count)]
    if all("state " in output for output in outputs):
        assert of(workdir, outputs) == expected
    print(
        f"\n{count} processes: {phases.total()} kills ({dict(phases)}) in {runs + 1} runs; steps "
        f"lost at a resume: mean {statistics.mean(lost or [0]):.0f}, most {max(lost, default=0)}"
    )
