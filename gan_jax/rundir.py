"""The record that a run keeps of itself, and the check that a second start continues it."""

import dataclasses
import errno
import fcntl
import importlib.metadata
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, TextIO

import jax

import gan_jax
from gan_jax import config as config_lib
from gan_jax.config import Config
from gan_jax.data import Dataset, describe
from gan_jax.disk import write_whole
from gan_jax.errors import UserError

READ_ONLY = (errno.EACCES, errno.EPERM, errno.EROFS)
NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)
"""What a file system answers that does not know locks."""
PACKAGES = ("jax", "jaxlib", "flax", "optax", "orbax-checkpoint", "numpy", "pillow")


def default(config: Config) -> Path:
    """runs/<experiment>/seed<N>-<digest>, and the stand-in's name when there is one."""
    name = f"seed{config.seed}-{config_lib.digest(config)}"
    if config.data.stands_in_for:
        name += f"-{config.data.source}"
    return Path("runs", config.experiment or "unnamed", name)


def given(workdir: str | Path) -> Path:
    """The run directory that a user named; `~`, `.` and `..` get the names they stand for."""
    path = Path(workdir).expanduser()
    return path.resolve() if path.name in ("", "..") else path


def make(workdir: Path) -> None:
    """Makes the run directory. Raises `UserError` where nothing can be written."""
    try:
        workdir.mkdir(parents=True, exist_ok=True)
        (workdir / ".lock").touch()
    except (FileExistsError, NotADirectoryError) as error:
        raise UserError(f"{workdir} is a file; give another --workdir.") from error
    except OSError as error:
        if error.errno not in READ_ONLY:
            raise
        raise UserError(f"{workdir} cannot be written to; give another --workdir.") from error


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
    handle = (workdir / ".lock").open("w")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in NO_LOCKS:
            return handle
        handle.close()
        raise UserError(
            f"Another process is training in {workdir}; wait for it, or give another --workdir."
        ) from error
    return handle


def read_config(workdir: Path) -> Config:
    """The config of the run in `workdir`. Raises `UserError` when there is no run."""
    path = workdir / "config.json"
    try:
        return config_lib.from_dict(json.loads(path.read_text()))
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UserError(
            f"There is no run in {workdir}; train first, or check --workdir."
        ) from error
    except json.JSONDecodeError as error:
        raise UserError(f"{path} is damaged ({error}); start a new run elsewhere.") from error


def check_same_run(workdir: Path, config: Config, dataset: Dataset) -> None:
    """Raises `UserError` when `workdir` holds a run that `config` and `dataset` do not continue."""
    if not (workdir / "config.json").exists():
        return
    begun = read_config(workdir)
    if study_of(workdir, begun):
        raise UserError(
            f"{workdir} belongs to the study in {workdir.parent}; give that as --workdir to resume "
            "all its seeds, or another to train this one alone."
        )
    changed = config_lib.differences(begun, config)
    before = recorded_data(workdir).get("fingerprint", dataset.fingerprint)
    if not changed and before != dataset.fingerprint:
        changed = [f"the images: fingerprint {before} -> {dataset.fingerprint}"]
    if changed:
        raise UserError(
            f"The run in {workdir} was started with other settings ({'; '.join(changed)}); "
            "restore them to resume it, or give another --workdir to start anew."
        )


def recorded_data(workdir: Path) -> dict[str, Any]:
    """What environment.json says of a run's data; empty where it says nothing."""
    try:
        return json.loads((workdir / "environment.json").read_text())["data"]
    except (OSError, ValueError, KeyError):
        return {}


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
    path = workdir / "environment.json"
    try:
        earlier = json.loads(path.read_text())
    except (OSError, ValueError):
        earlier = {}
    starts = [*earlier.pop("earlier_starts", []), earlier] if earlier else []
    now = {**environment(config, dataset), "earlier_starts": starts}
    write_whole(path, _json(now))
    write_whole(workdir / "config.json", _json(config_lib.to_dict(config)))


def environment(config: Config, dataset: Dataset) -> dict[str, Any]:
    """What beside the config can have an effect on the results."""
    return {
        "gan_jax": gan_jax.__version__,
        "git_commit": _git_commit(),
        "python": platform.python_version(),
        "packages": {name: importlib.metadata.version(name) for name in PACKAGES},
        "platform": platform.platform(),
        "devices": [f"{d.platform} {d.device_kind}" for d in jax.devices()],
        "process_count": jax.process_count(),
        "xla_flags": os.environ.get("XLA_FLAGS", ""),
        "libtpu_init_args": os.environ.get("LIBTPU_INIT_ARGS", ""),
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


def _git_commit() -> str:
    where = Path(__file__).parent
    try:
        command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
        done = subprocess.run(command, cwd=where, capture_output=True, text=True, timeout=10)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip()


def _json(value: Any) -> bytes:
    return (json.dumps(value, indent=2) + "\n").encode()
