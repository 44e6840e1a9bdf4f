"""How fast samples are drawn, written and scored, against the forward pass of the generator alone.

    python -m benchmarks.sampling --experiment=dcgan_cifar_cars

Each way runs in a process of its own (`benchmarks/peers/samples.py` says what they are), and they
take turns of about `--seconds`, round after round. The share is of the faster forward pass of the
same round. What is written has a grid beside it, which counts little from ten thousand samples on
(`--ways=forward_512,npz,png --seconds=6`).
"""

import argparse
import statistics
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import command
from benchmarks import problem as problems
from benchmarks.peers.samples import EACH, WAYS
from benchmarks.process import Peer, Timing, measure
from benchmarks.report import aligned, number
from gan_jax.config import to_dict
from gan_jax.errors import UserError


def shares(timings: dict[str, Timing]) -> dict[str, float]:
    """Of the rate of the faster forward pass, the median over the rounds."""
    forward = [each.milliseconds for name, each in timings.items() if name.startswith("forward")]
    best = [min(turn) for turn in zip(*forward, strict=True)]
    return {
        name: statistics.median(b / ms for b, ms in zip(best, timing.milliseconds, strict=True))
        for name, timing in timings.items()
    }


def table(timings: dict[str, Timing]) -> str:
    """Samples a second, the share of the forward pass and the peak of memory."""
    rows = [("", "samples/s", "min", "max", "of forward", "compile s", "host MiB")]
    share = shares(timings)
    for name, timing in timings.items():
        slowest, fastest = max(timing.milliseconds), min(timing.milliseconds)
        rates = (number(EACH / ms * 1e3) for ms in (timing.median, slowest, fastest))
        rest = f"{share[name]:.0%}", f"{timing.compile_seconds:.1f}", f"{timing.peak_mib:.0f}"
        rows.append((name, *rates, *rest))
    return aligned(rows)


def run(given: argparse.Namespace) -> dict[str, Any]:
    """Measures and prints; returns all that was printed, as plain values."""
    config = problems.configure(given.experiment, given.set)
    ways, peers = given.ways.split(","), dict[str, Peer]()
    if unknown := [way for way in ways if way not in WAYS]:
        raise UserError(f"There is no way {unknown[0]}; choose from {', '.join(WAYS)}.")
    with tempfile.TemporaryDirectory() as folder:
        try:
            for way in ways:
                problem = problems.make(config, way, given.device)
                peers[way] = Peer("samples", problem, Path(folder, way), given.devices)
            timings = measure(peers, given.rounds, given.seconds)
            machine = peers[ways[0]].ask("describe")
        finally:
            for peer in peers.values():
                peer.close()
    print(f"\n{given.experiment} {' '.join(given.set)}, on {', '.join(machine['devices'])}")
    print(f"({machine['processor']}, {machine['cores']} cores)\n\n{table(timings)}", flush=True)
    return {
        "machine": machine,
        "config": to_dict(config),
        "ways": {
            way: timing._asdict() | {"of_forward": shares(timings)[way]}
            for way, timing in timings.items()
        },
    }


def main() -> None:
    parser = command.parser("Samples a second, by what is done with them.")
    parser.add_argument("--devices", type=int, default=1, help="that share the drawing")
    parser.add_argument("--ways", default=",".join(WAYS), help="a forward one first; default all")
    command.run(run, parser)


if __name__ == "__main__":
    main()
