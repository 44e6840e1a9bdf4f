"""A study that is killed at any instant ends as one that was not."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest
from conftest import ROOT

from gan_jax.studies import rows, work
from gan_jax.system import layout

pytestmark = pytest.mark.slow

KILLS = 10
WHOLE_SECONDS = 300
"""More than a study takes, even one that waits for the runs of an earlier start."""
STUDY = """
question = "Which rate?"
[seeds]
search = 2
together = false
[budget]
steps = 2_000
[score]
metric = "coverage/modes"
looks = 0
[set]
"checkpoint.every_steps" = 200
"log.every_steps" = 200
"sample.every_steps" = 0
[[arms]]
name = "ring"
recipe = "toy_ring"
[arms.axes]
"disc_optimizer.learning_rate" = [1e-4, 1e-3]
"""


def started(tmp_path, name):
    (tmp_path / "study.toml").write_text(STUDY)
    study = f"--study={tmp_path / 'study.toml'}"
    command = [sys.executable, "launch.py", "--mode=study", study, f"--workdir={tmp_path / name}"]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.DEVNULL, env={**os.environ, "JAX_PLATFORMS": "cpu"}
    )


def complete(tmp_path, name):
    process = started(tmp_path, name)
    try:
        assert process.wait(WHOLE_SECONDS) == 0
    finally:
        process.kill()


def table(folder):
    """Rows without what a clock says."""
    return [row._replace(seconds=0.0) for row in rows.read(folder / layout.STUDY_TABLE)]


def test_a_study_killed_ten_times_has_the_same_table_and_does_no_run_twice(tmp_path):
    complete(tmp_path, "whole")  # which fills the caches, too
    began = time.monotonic()
    complete(tmp_path, "whole")  # nothing is to be done
    start = time.monotonic() - began
    chance, killed = random.Random(0), 0
    while killed < KILLS:
        process = started(tmp_path, "killed")
        try:
            process.wait(chance.uniform(0, 4 * start))
            break  # done before the kill
        except subprocess.TimeoutExpired:
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            killed += 1
    complete(tmp_path, "killed")
    assert killed >= KILLS // 2
    assert table(tmp_path / "killed") == table(tmp_path / "whole")
    for tried in work.attempts(tmp_path / "killed").values():
        # none where the kill came between the run's end and the note of it
        assert [attempt.state for attempt in tried].count("finished") <= 1
