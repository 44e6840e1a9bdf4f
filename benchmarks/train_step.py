"""Times one training step of gan_jax against the same step in other libraries, interleaved.

    python -m benchmarks.train_step --experiment=dcgan_cifar_cars --batch_size=128

Each peer runs in a process of its own and starts from the same weights; before anything is timed
its first losses must equal gan_jax's. Then the peers take turns of about a second, round after
round, so that a machine that slows down slows all of them. `--set=section.field=value` changes the
experiment as launch.py does: its networks, its penalty, `train.compute_dtype`.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import command, flop
from benchmarks import problem as problems
from benchmarks.peers import Losses
from benchmarks.process import Peer, Refused, Timing, measure, slower
from benchmarks.report import aligned, number
from gan_jax.config import to_dict
from gan_jax.errors import UserError
from gan_jax.methods import GAN

PEERS = {
    "gan_jax": ("ours", ""),
    "gan_jax_by_step": ("ours", "by_step"),
    "naive_flax": ("ours", "naive"),
    "pytorch": ("pytorch", ""),
    "pytorch_channels_last": ("pytorch", "channels_last"),
    "pytorch_compiled": ("pytorch", "compiled"),
    "pytorch_compiled_channels_last": ("pytorch", "compiled_channels_last"),
    "pytorch_graphs": ("pytorch", "graphs"),
    "pytorch_graphs_channels_last": ("pytorch", "graphs_channels_last"),
    "pytorch_compiled_graphs": ("pytorch", "compiled_graphs"),
    "pytorch_compiled_graphs_channels_last": ("pytorch", "compiled_graphs_channels_last"),
    "keras": ("keras_tensorflow", ""),
}
"""Each peer's module in `benchmarks.peers` and its variant."""

LOSS_TOLERANCE = 2e-3
"""How far first losses may lie apart: float32 sums in another order, through a D update."""


def start(
    names: list[str], config: GAN, device: str, folder: Path
) -> tuple[dict[str, Peer], dict[str, Losses], dict[str, str]]:
    """The peers whose first losses equal gan_jax's, those losses, and why others are left out."""
    peers: dict[str, Peer] = {}
    losses: dict[str, Losses] = {}
    left_out: dict[str, str] = {}
    for name in dict.fromkeys(["gan_jax", *names]):
        module, variant = PEERS[name]
        peer = Peer(module, problems.make(config, variant, device), folder / name)
        try:
            losses[name] = Losses(*peer.ask("first"))
        except Refused as why:
            peer.close()
            if name == "gan_jax":
                raise UserError(f"gan_jax cannot be measured: {why}") from why
            left_out[name] = str(why)
            print(f"{name} is left out: {why}", flush=True)
            continue
        peers[name] = peer
        found = " ".join(f"{value:.6g}" for value in losses[name])
        print(f"{name:38} first losses {found}", flush=True)
        if not np.allclose(losses[name], losses["gan_jax"], rtol=LOSS_TOLERANCE):
            peers.pop(name).close()
            left_out[name] = f"it computes something else than gan_jax: first losses {found}"
            print(f"{name} is left out: {left_out[name]}", flush=True)
    return peers, losses, left_out


def table(timings: dict[str, Timing], operations: int, rate: float) -> str:
    """Medians with minimum and maximum, how many times slower than gan_jax, and the rest."""
    heads = ("", "ms a step", "min", "max", "times ours", "of GEMM", "compile s", "host MiB")
    on_device = timings["gan_jax"].device_mib is not None
    rows = [(*heads, "device MiB") if on_device else heads]
    for name, timing in timings.items():
        row = (
            name, number(timing.median), number(min(timing.milliseconds)),
            number(max(timing.milliseconds)), f"{slower(timing, timings['gan_jax']):.2f}",
            f"{operations / timing.median / 1e6 / rate:.0%}", f"{timing.compile_seconds:.1f}",
            f"{timing.peak_mib:.0f}",
        )  # fmt: skip
        rows.append((*row, f"{timing.device_mib or 0:.0f}") if on_device else row)
    return aligned(rows)


def machine_rate(rates: dict[str, float], dtype: str) -> str:
    """Which matrix product is the fastest of those that a step in `dtype` may be compared with."""
    halved = {name: rate for name, rate in rates.items() if "bfloat16" in name}
    others = {name: rate for name, rate in rates.items() if name not in halved}
    fitting = halved if dtype == "bfloat16" and halved else others
    return max(fitting, key=lambda name: fitting[name])


def run(given: argparse.Namespace) -> dict[str, Any]:
    """Measures and prints; returns all that was printed, as plain values."""
    names = given.peers.split(",")
    if unknown := [name for name in names if name not in PEERS]:
        raise UserError(f"There is no peer {unknown[0]}; choose from {', '.join(PEERS)}.")
    size = [f"train.batch_size={given.batch_size}"] if given.batch_size else []
    config = problems.configure(given.experiment, given.set + size)
    with tempfile.TemporaryDirectory() as folder:
        peers, losses, left_out = start(names, config, given.device, Path(folder))
        try:
            timings = measure(peers, given.rounds, given.seconds, left_out)
            machine, rates = (peers["gan_jax"].ask(what) for what in ("describe", "gemm"))
        finally:
            for peer in peers.values():
                peer.close()
    operations, fastest = flop.of_step(config), machine_rate(rates, config.train.compute_dtype)
    print(f"\n{given.experiment} {' '.join(given.set)} batch {config.train.batch_size}")
    print(f"{machine['processor']}, {machine['cores']} cores, on {', '.join(machine['devices'])};")
    print(f"the fastest matrix product ({fastest}) runs at {rates[fastest]:.0f} GFLOP/s,")
    print(f"and the step has {number(operations / 1e9)} GFLOP.\n")
    print(table(timings, operations, rates[fastest]))
    ours = timings["gan_jax"]
    return {
        "config": to_dict(config),
        "machine": machine,
        "gemm_gflops": rates,
        "step_flop": operations,
        "left_out": left_out,
        "peers": {
            name: timing._asdict()
            | {"median": timing.median, "times_ours": slower(timing, ours)}
            | {"first_losses": losses[name]._asdict()}
            for name, timing in timings.items()
        },
    }


def main() -> None:
    parser = command.parser("One training step, compared with other libraries.")
    parser.add_argument("--batch_size", type=int, help="images per step; default the experiment's")
    parser.add_argument("--peers", default=",".join(PEERS), help="which peers; default all")
    command.run(run, parser)


if __name__ == "__main__":
    main()
