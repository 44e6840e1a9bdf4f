"""Times gan_jax's step against batch size, image size, number of seeds and number of devices.

    python -m benchmarks.scaling --points=batch_size=32,64,128 --points=num_seeds

Each point of an axis runs in a process of its own, and the points take turns of about a second,
round after round. The networks are the experiment's; a larger image makes their maps larger.
"""

import argparse
import tempfile
from pathlib import Path
from typing import Any

from benchmarks import command
from benchmarks import problem as problems
from benchmarks.process import Peer, Refused, Timing, measure, slower
from benchmarks.report import aligned, number
from gan_jax.config import override, to_dict
from gan_jax.errors import UserError
from gan_jax.methods import GAN

AXES: dict[str, tuple[tuple[str, ...], tuple[int, ...]]] = {
    "batch_size": (("train.batch_size",), (32, 64, 128, 256)),
    "image_size": (("data.height", "data.width"), (32, 64, 128)),
    "num_seeds": (("train.num_seeds",), (1, 2, 4)),
    "num_devices": ((), (1, 2)),
}
"""Of each axis, the fields of the config that its value is written to, and its usual values."""


def points(text: str) -> tuple[str, tuple[int, ...]]:
    """An axis and its values, from `AXIS` or `AXIS=1,2,4`. Raises `UserError` for another text."""
    axis, equals, values = text.partition("=")
    if axis not in AXES:
        raise UserError(f"There is no axis {axis!r}; choose from {', '.join(AXES)}.")
    if not equals:
        return axis, AXES[axis][1]
    try:
        return axis, tuple(int(value) for value in values.split(","))
    except ValueError:
        raise UserError(f"--points={text} is no list of whole numbers.") from None


def images_in_a_step(config: GAN) -> int:
    """Over all seeds."""
    return config.train.batch_size * config.train.num_seeds


def table(axis: str, timings: dict[int, Timing], images: dict[int, int]) -> str:
    """Milliseconds a step with minimum and maximum, and what an image costs."""
    rows = [(axis, "ms a step", "min", "max", "images/s", "ms an image", "times the first")]
    first, *_ = timings
    for value, timing in timings.items():
        relative = slower(timing, timings[first]) * images[first] / images[value]
        rows.append((
            str(value), number(timing.median), number(min(timing.milliseconds)),
            number(max(timing.milliseconds)), number(images[value] / timing.median * 1e3),
            number(timing.median / images[value]), f"{relative:.2f}",
        ))  # fmt: skip
    return aligned(rows)


def measure_axis(given: argparse.Namespace, axis: str, values: tuple[int, ...]) -> dict[str, Any]:
    """One axis, measured and printed."""
    config = problems.configure(given.experiment, given.set)
    changed = {v: override(config, {field: v for field in AXES[axis][0]}) for v in values}
    with tempfile.TemporaryDirectory() as folder:
        peers = {}
        try:
            for value, point in changed.items():
                problem = problems.make(point, device=given.device)
                devices = value if axis == "num_devices" else 1
                peers[value] = Peer("ours", problem, Path(folder, str(value)), devices)
            timings = measure(peers, given.rounds, given.seconds)
            machine = peers[values[-1]].ask("describe")
        except Refused as why:
            raise UserError(f"A point of {axis} cannot be measured: {why}") from why
        finally:
            for peer in peers.values():
                peer.close()
    images = {value: images_in_a_step(point) for value, point in changed.items()}
    print(f"\n{table(axis, timings, images)}", flush=True)
    return {
        "machine": machine,
        "config": to_dict(config),
        "images": images,
        "points": {value: timing._asdict() for value, timing in timings.items()},
    }


def run(given: argparse.Namespace) -> dict[str, Any]:
    """Measures axis by axis and prints a table of each; returns plain values."""
    axes = [points(text) for text in given.points or AXES]
    return {axis: measure_axis(given, axis, values) for axis, values in axes}


def main() -> None:
    parser = command.parser("What an image costs, as one thing grows.")
    parser.add_argument(
        "--points", action="append", help="AXIS or AXIS=1,2,4; repeated; default every axis"
    )
    command.run(run, parser)


if __name__ == "__main__":
    main()
