"""Times one training step of gan_jax against the same step in other libraries, interleaved.

    python -m benchmarks.train_step --experiment=dcgan_cifar_cars --batch_size=128

Each peer runs in a process of its own and starts from the same weights; before anything is timed
its first losses must equal gan_jax's. Then the peers take turns, a few steps each, round after
round, so that a machine that slows down slows all of them.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

PEERS = {
    "gan_jax": ("ours", ""),
    "naive_flax": ("ours", "naive"),
    "pytorch": ("pytorch", ""),
    "pytorch_channels_last": ("pytorch", "channels_last"),
    "pytorch_compiled": ("pytorch", "compiled"),
    "pytorch_compiled_channels_last": ("pytorch", "compiled_channels_last"),
    "keras": ("keras_tensorflow", ""),
}
"""Each peer's module in `benchmarks.peers` and its variant."""

LOSS_TOLERANCE = 2e-3
"""How far first losses may lie apart: float32 sums in another order, through a D update."""


class Peer:
    """A peer's process."""

    def __init__(self, name: str, problem_file: Path):
        module, _ = PEERS[name]
        command = [sys.executable, "-m", "benchmarks.worker", module, str(problem_file)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
        )

    def ask(self, command: str) -> Any:
        """The answer to a command of `benchmarks.worker`. Raises RuntimeError when it died."""
        assert self._process.stdin and self._process.stdout
        try:
            print(command, file=self._process.stdin, flush=True)
        except BrokenPipeError:
            raise RuntimeError("its process ended; is the bench extra installed?") from None
        for line in self._process.stdout:
            if line.startswith("answer "):
                return json.loads(line.removeprefix("answer "))
        raise RuntimeError("its process ended; is the bench extra installed?")

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


class Timing(NamedTuple):
    """Milliseconds per step of every turn, and what the peer cost beside them."""

    milliseconds: list[float]
    compile_seconds: float
    peak_mib: float

    @property
    def median(self) -> float:
        return statistics.median(self.milliseconds)


def gemm_rate(size: int = 2048, rounds: int = 5) -> float:
    """GFLOP per second of the best of some float32 matrix products by numpy."""
    a = np.random.default_rng(0).normal(size=(size, size)).astype(np.float32)
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        a @ a
        times.append(time.perf_counter() - began)
    return 2 * size**3 / min(times) / 1e9


def start(names: list[str], experiment: str, batch_size: int, folder: Path) -> dict[str, Peer]:
    """The peers whose first losses equal gan_jax's; what another says is printed."""
    from benchmarks import problem as problems

    peers: dict[str, Peer] = {}
    expected = None
    for name in dict.fromkeys(["gan_jax", *names]):
        path = folder / f"{name}.pickle"
        problems.save(problems.make(experiment, batch_size, PEERS[name][1]), path)
        peer = Peer(name, path)
        try:
            losses = peer.ask("first")
        except RuntimeError as error:
            print(f"{name} is left out: {error}")
            peer.close()
            continue
        expected = losses if expected is None else expected
        print(f"{name:32} first losses " + " ".join(f"{value:.5f}" for value in losses))
        if not np.allclose(losses, expected, rtol=LOSS_TOLERANCE):
            raise SystemExit(f"{name} computes something else than gan_jax; nothing is timed.")
        peers[name] = peer
    return peers


def measure(peers: dict[str, Peer], rounds: int, steps: int) -> dict[str, Timing]:
    """Times the peers in turn, after a warm-up of each."""
    warm_up = {name: (peer.ask("run 1"), peer.ask(f"run {steps}")) for name, peer in peers.items()}
    times: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(rounds):
        for name, peer in peers.items():
            times[name].append(peer.ask(f"run {steps}") / steps * 1e3)
    return {
        name: Timing(times[name], first - second / steps, peers[name].ask("memory"))
        for name, (first, second) in warm_up.items()
    }


def table(timings: dict[str, Timing], flop: float, rate: float) -> str:
    """Medians with minimum and maximum, how many times slower than gan_jax, and the rest."""
    rows = [("", "ms a step", "min", "max", "times ours", "of GEMM", "compile s", "peak MiB")]
    ours = timings["gan_jax"]
    for name, timing in timings.items():
        pairs = zip(timing.milliseconds, ours.milliseconds, strict=True)
        ratio = statistics.median(theirs / mine for theirs, mine in pairs)
        share = flop / (timing.median / 1e3) / 1e9 / rate
        rows.append((
            name, f"{timing.median:.0f}", f"{min(timing.milliseconds):.0f}",
            f"{max(timing.milliseconds):.0f}", f"{ratio:.2f}", f"{share:.0%}",
            f"{timing.compile_seconds:.1f}", f"{timing.peak_mib:.0f}",
        ))  # fmt: skip
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )


def direct_flop(experiment: str, batch_size: int) -> int:
    """Operations of the direct algorithm: 2 * outputs * taps * inputs for each layer and pass.

    D passes forward three times, to its weights twice, and back to each layer's input three times
    but for the images, to which only G's update goes; G makes one pass of each kind.
    """
    import experiments

    config = experiments.load(experiment)

    def layers(features: tuple[int, ...], taps: int) -> list[int]:
        """Of one pass, from the images inwards; both networks halve the sides layer by layer."""
        area, channels, costs = config.data.height * config.data.width, config.data.channels, []
        for size in features:
            area //= 4
            costs.append(2 * area * taps * channels * size)
            channels = size
        return costs

    first, *rest = layers(config.disc.features, config.disc.kernel_size**2)
    gen = layers(config.gen.features[::-1], config.gen.kernel_size**2)
    return batch_size * (6 * first + 8 * sum(rest) + 3 * sum(gen))


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="One training step, beside other libraries.")
    parser.add_argument(
        "--experiment", default="dcgan_cifar_cars", help="whose networks and losses"
    )
    parser.add_argument("--batch_size", type=int, default=128, help="images per step")
    parser.add_argument("--peers", default=",".join(PEERS), help="which peers; default all")
    parser.add_argument("--rounds", type=int, default=7, help="how often each peer takes its turn")
    parser.add_argument("--steps", type=int, default=3, help="steps in a turn")
    parser.add_argument("--json", type=Path, help="also write what was measured to this file")
    return parser.parse_args()


def main() -> None:
    given = arguments()
    names = given.peers.split(",")
    if unknown := [name for name in names if name not in PEERS]:
        raise SystemExit(f"There is no peer {unknown[0]}; choose from {', '.join(PEERS)}.")
    with tempfile.TemporaryDirectory() as folder:
        peers = start(names, given.experiment, given.batch_size, Path(folder))
        try:
            timings = measure(peers, given.rounds, given.steps)
        finally:
            for peer in peers.values():
                peer.close()
    rate, flop = gemm_rate(), direct_flop(given.experiment, given.batch_size)
    print(f"\n{given.experiment}, batch {given.batch_size}, {os.cpu_count()} CPU cores; a matrix")
    print(f"product of numpy runs at {rate:.0f} GFLOP/s, the step has {flop / 1e9:.0f} GFLOP.\n")
    print(table(timings, flop, rate))
    if given.json:
        content = {name: timing._asdict() for name, timing in timings.items()}
        given.json.write_text(json.dumps({"gemm_gflops": rate, "peers": content}, indent=2))


if __name__ == "__main__":
    main()
