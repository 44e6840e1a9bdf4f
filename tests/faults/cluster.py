"""Two processes of launch.py on this machine, as on two hosts, and whether there is a Slurm."""

import os
import shutil
import socket
import subprocess
import sys
import time
from typing import NamedTuple

import pytest
from conftest import ROOT

STEPS = 100_000


def slurm_nodes():
    """How many a Slurm has that $SLURM_CONF names."""
    if not (os.environ.get("SLURM_CONF") and shutil.which("sinfo")):
        return 0
    found = subprocess.run(["sinfo", "-h", "-o", "%D"], capture_output=True, text=True).stdout
    return sum(int(line) for line in found.split())


NEEDS_SLURM = pytest.mark.skipif(
    slurm_nodes() < 2, reason="needs a Slurm of two nodes, named by $SLURM_CONF"
)


class Ended(NamedTuple):
    """What a process printed, its exit code, and when it ended, in seconds from the first start."""

    output: str
    code: int
    seconds: float

    @property
    def sentence(self):
        """The last line, which says why."""
        return self.output.strip().splitlines()[-1]


class Pair:
    """The processes 0 and 1 of one run of `toy_ring`, each with changes of its own."""

    def __init__(self, folder, changes=((), ()), delay=0.0, num_steps=STEPS):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.folder, self._began = folder, time.monotonic()
        self.processes = []
        for index in range(2):
            time.sleep(delay * index)
            self.processes.append(self._start(index, port, changes[index], num_steps))

    def _start(self, index, port, changes, num_steps):
        every = {"log": 100, "sample": 0, "checkpoint": 100}
        arguments = [
            "launch.py",
            "--experiment=toy_ring",
            f"--workdir={self.folder / 'run'}",
            f"--coordinator_address=127.0.0.1:{port}",
            "--num_processes=2",
            f"--process_id={index}",
            f"--set=train.num_steps={num_steps}",
            *(f"--set={part}.every_steps={steps}" for part, steps in every.items()),
            *changes,
        ]
        environment = {**os.environ, "JAX_PLATFORMS": "cpu", "JAX_NUM_CPU_DEVICES": "1"}
        environment.pop("XLA_FLAGS")
        output = (self.folder / f"{index}.txt").open("w")
        return subprocess.Popen(
            [sys.executable, "-u", *arguments],
            cwd=ROOT,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def wait_for(self, text, index=0, seconds=120):
        """Returns once a process has printed some text."""
        end = time.monotonic() + seconds
        while text not in (self.folder / f"{index}.txt").read_text():
            assert time.monotonic() < end, (self.folder / f"{index}.txt").read_text()
            assert self.processes[index].poll() is None, self.output(index)
            time.sleep(0.1)

    def output(self, index):
        return (self.folder / f"{index}.txt").read_text()

    def ends(self, seconds=120):
        """How each of them ended."""
        found = []
        for index, process in enumerate(self.processes):
            left = seconds - (time.monotonic() - self._began)
            try:
                code = process.wait(max(left, 0.1))
            except subprocess.TimeoutExpired:
                raise AssertionError(f"{index} hangs: {self.output(index)}") from None
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, 9)
            found.append(Ended(self.output(index), code, time.monotonic() - self._began))
        return found
