"""What beside its config can have an effect on a run: code, versions, devices, variables, data."""

import hashlib
import importlib.metadata
import json
import os
import platform
import re
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import jax

import gan_jax
from gan_jax import config as config_lib
from gan_jax.data import Dataset, describe
from gan_jax.method import num_examples
from gan_jax.methods import Config
from gan_jax.system import disk, layout

VARIABLES = re.compile(
    "(JAX_(?!COMPILATION_CACHE|COORDINATOR|LOCAL_DEVICE|LOG|NUM_CPU|PLATFORM|TRACEBACK)|LIBTPU_|"
    "NVIDIA_TF32_OVERRIDE|CUBLAS_|TF_CUDNN_)"
)
"""How the names of environment variables begin that can change what a program computes."""
OF_BITS = ("git_commit", "processor", "process_count", "xla_flags", "variables")
PACKAGES_OF_BITS = ("jax", "jaxlib", "flax", "optax")
"""What of environment.json can change the bits of a run, beside its devices."""
PACKAGES = ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy", "pillow")


def of(config: Config, dataset: Dataset) -> dict[str, Any]:
    """What beside the config can have an effect on the results."""
    return {
        **_machine(),
        "command": sys.argv,
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "data": {
            "used": describe(config.data),
            "stands_in_for": config.data.stands_in_for,
            "images": num_examples(dataset.train),
            "test_images": num_examples(dataset.test),
            "class_names": dataset.class_names,
            "fingerprint": dataset.fingerprint,
            "report": dataset.report,
        },
    }


def _machine() -> dict[str, Any]:
    """The part of it that does not depend on the run."""
    return {
        "gan_jax": gan_jax.__version__,
        "git_commit": _git_commit(),
        "python": platform.python_version(),
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
        "platform": platform.platform(),
        "processor": _processor(),
        "devices": [f"{d.platform} {d.device_kind}" for d in jax.devices()],
        "process_count": jax.process_count(),
        "xla_flags": os.environ.get("XLA_FLAGS", ""),
        "variables": {
            name: value for name, value in sorted(os.environ.items()) if VARIABLES.match(name)
        },
    }


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor())


def _git_commit() -> str:
    where = Path(__file__).parent
    try:
        command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
        done = subprocess.run(command, cwd=where, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def recorded(workdir: Path) -> dict[str, Any]:
    """What environment.json says; empty where it says nothing."""
    try:
        found = json.loads(disk.read(workdir / layout.ENVIRONMENT))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def recorded_data(workdir: Path) -> dict[str, Any]:
    """What environment.json says of a run's data; empty where it says nothing."""
    found = recorded(workdir).get("data", {})
    return found if isinstance(found, dict) else {}


def changes_since(workdir: Path) -> list[str]:
    """A sentence on what this process has otherwise than the one that wrote environment.json, with
    which the numbers agree to rounding alone; none where all is the same."""
    before, now = flat(_comparable(recorded(workdir))), flat(_comparable(_machine()))
    if not before:
        return []
    changed = [
        f"{name}: {before.get(name) or 'none'} -> {now.get(name) or 'none'}"
        for name in dict.fromkeys([*before, *now])
        if before.get(name) != now.get(name)
    ]
    if not changed:
        return []
    return [
        f"Since its last start, {'; '.join(changed)}: the numbers go on to rounding, not to bits."
    ]


def facts(config: Config, dataset: Dataset) -> dict[str, Any]:
    """What all processes of a run must have alike, by names for people."""
    machine = _comparable(_machine())
    for name in ("devices", "processor"):  # which hosts may have of several kinds
        machine.pop(name, None)
    places = {"data.path", "data.data_dir"}
    own = {name: v for name, v in config_lib.flatten(config).items() if name not in places}
    code = hashlib.sha256()
    for path in sorted(Path(gan_jax.__file__).parent.rglob("*.py")):
        code.update(path.read_bytes())
    return {
        **own,
        **flat(machine),
        "the code of gan_jax": code.hexdigest()[:16],
        "the fingerprint of the images": dataset.fingerprint,
    }


def _comparable(environment: dict[str, Any]) -> dict[str, Any]:
    """What of an environment can change the bits of a run."""
    packages, devices = environment.get("packages"), environment.get("devices")
    kept = {name: environment[name] for name in OF_BITS if name in environment}
    if isinstance(packages, dict):
        kept["packages"] = {name: packages.get(name) for name in PACKAGES_OF_BITS}
    if isinstance(devices, list):
        counted = Counter(map(str, devices)).items()
        kept["devices"] = ", ".join(f"{count} x {kind}" for kind, count in counted)
    return kept


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested dictionaries as one, by dotted names."""
    flattened: dict[str, Any] = {}
    for name, value in values.items():
        nested = isinstance(value, dict)
        flattened |= flat(value, f"{prefix}{name}.") if nested else {prefix + name: value}
    return flattened
