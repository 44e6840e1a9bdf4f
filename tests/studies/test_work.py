"""A process that does jobs of a study ends with its input."""

import subprocess
import sys

from conftest import ROOT

LATE = """
import os, sys, time
from pathlib import Path
from types import SimpleNamespace
from gan_jax.studies import work

def run(study, job, interrupts):
    with interrupts.saving():
        os.close(write)
        while not interrupts.caught:
            time.sleep(0.01)
    return work.Attempt(work.FINISHED, "", 0.0, 0)

read, write = os.pipe()
sys.stdin = os.fdopen(read)
work.run, work.jobs = run, lambda study: [SimpleNamespace(folder=Path("trials", "job"))]
os.write(write, b"0\\n")
work.main(Path(sys.argv[1]))
"""
"""Its input ends where the run looks for signals no more."""


def test_it_ends_where_its_input_ends_after_the_last_step_of_a_run(tmp_path):
    command = [sys.executable, "-c", LATE, str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=60, stdout=subprocess.DEVNULL)
