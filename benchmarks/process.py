"""Peers in processes of their own, timed in turn."""

import contextlib
import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import problem as problems
from benchmarks.peers import MOST_STEPS, Problem

PLATFORMS = {"cpu": "cpu", "gpu": "cuda,cpu"}
"""JAX's platforms for each device that a benchmark may run on, that device first."""


class Refused(Exception):
    """Why a peer does not take part, in one sentence."""


class Peer:
    """A process that runs `benchmarks.worker`."""

    def __init__(self, module: str, problem: Problem, path: Path, devices: int = 1):
        """`path`, without a suffix, is where the problem and the peer's log are kept."""
        problems.save(problem, path.with_suffix(".pickle"))
        self._log = path.with_suffix(".log")
        settings = {
            "JAX_PLATFORMS": PLATFORMS[problem.device],
            "JAX_NUM_CPU_DEVICES": str(devices),
            "CUDA_VISIBLE_DEVICES": ",".join(map(str, range(devices))),
            "XLA_PYTHON_CLIENT_PREALLOCATE": "false",  # peers share the device
        }
        with self._log.open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "benchmarks.worker", module, path.with_suffix(".pickle")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=os.environ | settings,
                text=True,
            )

    def ask(self, command: str) -> Any:
        """The answer to a command of `benchmarks.worker`. Raises `Refused` when none comes."""
        assert self._process.stdin and self._process.stdout
        with contextlib.suppress(BrokenPipeError):  # it may have said why
            print(command, file=self._process.stdin, flush=True)
        for line in self._process.stdout:
            kind, _, rest = line.partition(" ")
            if kind == "answer":
                return json.loads(rest)
            if kind == "refused":
                raise Refused(rest.strip())
        last = self._log.read_text().strip().splitlines()[-1:]
        raise Refused(f"its process ended: {' '.join(last)}")

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


class Timing(NamedTuple):
    """Milliseconds per step of every turn, and the peer's other costs."""

    milliseconds: list[float]
    steps: int  # in a turn
    compile_seconds: float
    peak_mib: float  # of the host's memory
    device_mib: float | None = None  # of the device's, where it is not the host

    @property
    def median(self) -> float:
        return statistics.median(self.milliseconds)


def measure(
    peers: dict[str, Peer], rounds: int, seconds: float, left_out: dict[str, str] | None = None
) -> dict[str, Timing]:
    """Times the peers in turn, about `seconds` each, round after round, after a warm-up of each.

    Where there is a `left_out`, it is told of peers that fail in their warm-up, which are closed
    and left out of `peers`; the first one must not fail.
    """
    warm_up = {}
    for name, peer in list(peers.items()):
        try:
            warm_up[name] = _warm_up(peer, seconds)
        except Refused as why:
            if left_out is None or not warm_up:
                raise
            peers.pop(name).close()
            left_out[name] = str(why)
            print(f"{name} is left out: {why}", flush=True)
    times: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(rounds):
        for name, peer in peers.items():
            steps = warm_up[name][0]
            times[name].append(peer.ask(f"run {steps}") / steps * 1e3)
    return {name: Timing(times[name], *warm_up[name], *peers[name].ask("memory")) for name in peers}


def _warm_up(peer: Peer, seconds: float) -> tuple[int, float]:
    """How many steps fill a turn, and how much longer than the others the first one took."""
    first, steps = peer.ask("run 1"), 1
    while True:
        each = peer.ask(f"run {steps}") / steps
        wanted = min(max(round(seconds / each), 1), MOST_STEPS)
        if wanted <= 2 * steps:
            return wanted, max(first - each, 0.0)
        steps = wanted


def slower(timing: Timing, ours: Timing) -> float:
    """How many times as long as `ours`: the median over the rounds, whose halves stand close."""
    pairs = zip(timing.milliseconds, ours.milliseconds, strict=True)
    return statistics.median(theirs / mine for theirs, mine in pairs)
