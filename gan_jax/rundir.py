"""The record that a run keeps of itself, and the check that a second start continues it."""

import contextlib
import dataclasses
import errno
import fcntl
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
from typing import Any, TextIO

import jax

import gan_jax
from gan_jax import config as config_lib
from gan_jax.config import Config
from gan_jax.data import Dataset, describe
from gan_jax.errors import UserError
from gan_jax.system import disk
from gan_jax.system.disk import write_whole
from gan_jax.system.names import expanded, printable

NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)
"""What a file system answers that does not know locks."""
VARIABLES = re.compile(
    "(JAX_(?!COMPILATION_CACHE|COORDINATOR|LOCAL_DEVICE|LOG|NUM_CPU|PLATFORM|TRACEBACK)|LIBTPU_|"
    "NVIDIA_TF32_OVERRIDE|CUBLAS_|TF_CUDNN_)"
)
"""How the names of environment variables begin that can change what a program computes."""
OF_BITS = ("git_commit", "processor", "process_count", "xla_flags", "variables")
PACKAGES_OF_BITS = ("jax", "jaxlib", "flax", "optax")
"""What of environment.json can change the bits of a run, beside its devices."""
PACKAGES = ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy", "pillow")


def default(config: Config) -> Path:
    """runs/<experiment>/seed<N>-<digest>, and the stand-in's name when there is one."""
    name = f"seed{config.seed}-{config_lib.digest(config)}"
    if config.data.stands_in_for:
        name += f"-{config.data.source}"
    return Path("runs", config.experiment or "unnamed", name)


def given(workdir: str | Path) -> Path:
    """The run directory that a user named; `~`, `.` and `..` get the names they stand for."""
    path = expanded(workdir)
    return path.resolve() if path.name in ("", "..") else path


def make(workdir: Path) -> None:
    """Makes the run directory. Raises `UserError` where nothing can be written."""
    with disk.explained(workdir, "--workdir"):
        disk.folder(workdir)
        _open_lock(workdir).close()
        disk.sweep(workdir)


def is_begun(workdir: Path) -> bool:
    """Whether a run has its record in `workdir`."""
    with contextlib.suppress(OSError):
        return (workdir / "config.json").exists()
    return False


def seeds(config: Config, workdir: Path) -> list[tuple[Config, Path]]:
    """The config and the folder of each seed's own record: of one seed, the run directory itself.

    More have `seed_N` each, in the run directory, whose checkpoints hold all of them.
    """
    count = config.train.num_seeds
    if count == 1:
        return [(config, workdir)]
    alone = dataclasses.replace(config.train, num_seeds=1)
    parts = range(config.seed, config.seed + count)
    return [
        (dataclasses.replace(config, seed=seed, train=alone), workdir / f"seed_{seed}")
        for seed in parts
    ]


def study_of(workdir: Path, config: Config) -> tuple[Config, int] | None:
    """The config of the study that `workdir` is a seed of, and which one; None where it is none."""
    if not (workdir.parent / "config.json").exists():
        return None
    study = read_config(workdir.parent)
    parts = seeds(study, workdir.parent)
    return (study, parts.index((config, workdir))) if (config, workdir) in parts else None


def lock(workdir: Path) -> TextIO:
    """Holds the run directory for this process until the file returned is closed.

    Raises `UserError` when another process trains in it; some shared file systems cannot tell.
    """
    handle = _open_lock(workdir)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in NO_LOCKS:
            return handle
        handle.close()
        raise UserError(
            f"Another process is training in {printable(workdir)}; wait for it, or give another "
            "--workdir."
        ) from error
    return handle


def _open_lock(workdir: Path) -> TextIO:
    return os.fdopen(disk.open_own(workdir / ".lock", os.O_RDWR), "r+")


def read_config(workdir: Path) -> Config:
    """The config of the run in `workdir`. Raises `UserError` when there is no run."""
    path = workdir / "config.json"
    try:
        values = json.loads(disk.read(path))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UserError(
            f"There is no run in {printable(workdir)}; train first, or check --workdir."
        ) from error
    except (OSError, ValueError) as error:
        raise UserError(
            f"{printable(path)} is damaged ({error}); start a new run elsewhere."
        ) from error
    if not isinstance(values, dict) or not {"experiment", "seed", "data"} <= set(values):
        raise UserError(
            f"{printable(path)} is not of gan_jax; give another --workdir, in which nothing else "
            "is kept."
        )
    return config_lib.from_dict(values)


def check_same_run(workdir: Path, config: Config, dataset: Dataset) -> None:
    """Raises `UserError` when `workdir` holds a run that `config` and `dataset` do not continue."""
    if not (workdir / "config.json").exists():
        return
    begun = read_config(workdir)
    if study_of(workdir, begun):
        raise UserError(
            f"{printable(workdir)} belongs to the study in {printable(workdir.parent)}; give that "
            "as --workdir to resume all its seeds, or another to train this one alone."
        )
    changed = config_lib.differences(begun, config)
    before = recorded_data(workdir).get("fingerprint", dataset.fingerprint)
    if not changed and before != dataset.fingerprint:
        changed = [f"the images: fingerprint {before} -> {dataset.fingerprint}"]
    if changed:
        raise UserError(
            f"The run in {printable(workdir)} was started with other settings "
            f"({'; '.join(changed)}); restore them to resume it, or give another --workdir to "
            "start anew."
        )


def recorded(workdir: Path) -> dict[str, Any]:
    """What environment.json says; empty where it says nothing."""
    try:
        found = json.loads(disk.read(workdir / "environment.json"))
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


def record(workdir: Path, config: Config, dataset: Dataset) -> None:
    """Writes config.json and environment.json, of each seed too where there are several.

    The environments of earlier starts are kept.
    """
    _record(workdir, config, dataset)
    for part, folder in seeds(config, workdir):
        if folder != workdir:
            make(folder)
            _record(folder, part, dataset)


def _record(workdir: Path, config: Config, dataset: Dataset) -> None:
    earlier = recorded(workdir)
    starts = [*earlier.pop("earlier_starts", []), earlier] if earlier else []
    now = {**environment(config, dataset), "earlier_starts": starts}
    write_whole(workdir / "environment.json", _json(now))
    write_whole(workdir / "config.json", _json(config_lib.to_dict(config)))


def environment(config: Config, dataset: Dataset) -> dict[str, Any]:
    """What beside the config can have an effect on the results."""
    return {
        **_machine(),
        "command": sys.argv,
        "started": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "data": {
            "used": describe(config.data),
            "stands_in_for": config.data.stands_in_for,
            "images": len(dataset.train.images),
            "test_images": len(dataset.test.images),
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


def _json(value: Any) -> bytes:
    return (disk.to_json(value, indent=2) + "\n").encode()
