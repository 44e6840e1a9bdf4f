"""What the benchmarks' commands share: flags, plain messages, JSON."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax

from benchmarks.process import PLATFORMS
from gan_jax.errors import UserError


def parser(description: str) -> argparse.ArgumentParser:
    """With the flags that all of them have."""
    made = argparse.ArgumentParser(description=description)
    made.add_argument("--experiment", default="dcgan_cifar_cars", help="whose step")
    made.add_argument("--set", action="append", default=[], help="section.field=value; repeated")
    made.add_argument("--device", choices=PLATFORMS, default="cpu", help="where to measure")
    made.add_argument("--rounds", type=int, default=7, help="how often each takes its turn")
    made.add_argument("--seconds", type=float, default=1.0, help="about how long a turn is")
    made.add_argument("--json", type=Path, help="also write what was measured to this file")
    return made


def run(
    measure: Callable[[argparse.Namespace], dict[str, Any]], parser: argparse.ArgumentParser
) -> None:
    """Calls `measure`, which prints and returns plain values, with the command line's flags."""
    given = parser.parse_args()
    jax.config.update("jax_platforms", "cpu")  # the device's memory is the measured processes'
    try:
        measured = measure(given)
    except UserError as error:
        raise SystemExit(f"benchmarks: {error}") from None
    if given.json:
        given.json.write_text(json.dumps({"command": sys.argv} | measured, indent=2))
