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


def table(folder):
    """Rows without what a clock says."""
    return [row._replace(seconds=0.0) for row in rows.read(folder / layout.STUDY_TABLE)]


def test_a_study_killed_ten_times_has_the_same_table_and_does_no_run_twice(tmp_path):
    assert started(tmp_path, "whole").wait() == 0  # which fills the caches, too
    began = time.monotonic()
    assert started(tmp_path, "whole").wait() == 0  # nothing is to be done
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
    assert started(tmp_path, "killed").wait() == 0
    assert killed >= KILLS // 2
    assert table(tmp_path / "killed") == table(tmp_path / "whole")
    for tried in work.attempts(tmp_path / "killed").values():
        # none where the kill came between the run's end and the note of it
        assert [attempt.state for attempt in tried].count("finished") <= 1
