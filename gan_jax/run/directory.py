"""The record that a run keeps of itself, and the check that a second start continues it."""

import contextlib
import errno
import fcntl
import json
import os
from pathlib import Path
from typing import Any, TextIO

from gan_jax import config as config_lib
from gan_jax.data import Dataset
from gan_jax.errors import UserError
from gan_jax.methods import Config, variation
from gan_jax.run import environment
from gan_jax.system import disk, layout
from gan_jax.system.disk import write_whole
from gan_jax.system.names import expanded, natural, printable

NO_LOCKS = (errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP)
"""What a file system answers that does not know locks."""

DEPTH = 4
"""How far below a folder its runs may lie: runs/<experiment>/<run>/<seed>, and in that of a study
trials/<arm>/<run>/<seed>; a setting's seed is in the place of a seed."""


def default(config: Config) -> Path:
    """runs/<experiment>/seed<N>-<digest>, and the stand-in's name when there is one."""
    name = f"seed{config.seed}-{config_lib.digest(config)}"
    if config.data.stands_in_for:
        name += f"-{config.data.choice}"
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


def is_saved(workdir: Path) -> bool:
    """Whether the run in `workdir` has a checkpoint."""
    with contextlib.suppress(OSError):
        return any(path.name.isdecimal() for path in (workdir / layout.CHECKPOINTS).iterdir())
    return False


def is_begun(workdir: Path) -> bool:
    """Whether a run has its record in `workdir`."""
    with contextlib.suppress(OSError):
        return (workdir / layout.CONFIG).exists()
    return False


def members(config: Config, workdir: Path) -> list[tuple[Config, Path]]:
    """The config and the folder of each member's own record, setting by setting and of each the
    seeds in order: of one seed, the run directory itself.

    More have `seed_N` or `setting_N_seed_N` each, in the run directory, whose checkpoints hold all
    of them.
    """
    if config.num_members == 1:
        return [(config, workdir)]
    count, several = config.train.num_seeds, bool(config.varied.fields)
    return [
        (part, workdir / layout.member(part.seed, number // count if several else None))
        for number, part in enumerate(variation.members(config))
    ]


def run_of_member(workdir: Path, config: Config) -> tuple[Config, int] | None:
    """The config of the run of several seeds or settings that `workdir` is a member of, and its
    number; None where it is none."""
    if not (workdir.parent / layout.CONFIG).exists():
        return None
    whole = read_config(workdir.parent)
    parts = members(whole, workdir.parent)
    return (whole, parts.index((config, workdir))) if (config, workdir) in parts else None


def is_run(folder: Path) -> bool:
    """Whether one run, not one of several members, has its record in `folder`."""
    return (folder / layout.METRICS).is_file()


def find(folder: Path, depth: int = DEPTH) -> list[Path]:
    """The runs in and below `folder`, in the order of their names with numbers as numbers."""
    if is_run(folder):
        return [folder]
    if depth == 0 or not folder.is_dir():
        return []
    below = sorted((path for path in folder.iterdir() if path.is_dir()), key=_by_name)
    passed_over = (layout.REPLAYS,)  # of a run of several members, which are runs again
    kept = [path for path in below if path.name[0] != "." and path.name not in passed_over]
    return [run for path in kept for run in find(path, depth - 1)]


def find_some(folder: Path) -> list[Path]:
    """`find`; raises `UserError` where there is no run."""
    found = find(folder)
    if not found:
        raise UserError(f"There is no run in {printable(folder)}; train first, or check --workdir.")
    return found


def _by_name(path: Path) -> list[tuple[bool, int, str]]:
    return natural(path.name)


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
    return os.fdopen(disk.open_own(workdir / layout.LOCK, os.O_RDWR), "r+")


def read_config(workdir: Path) -> Config:
    """The config of the run in `workdir`. Raises `UserError` when there is no run."""
    path = workdir / layout.CONFIG
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
    config = config_lib.from_dict(Config, values)
    variation.check(config)
    return config


def check_same_run(workdir: Path, config: Config, dataset: Dataset) -> None:
    """Raises `UserError` when `workdir` holds a run that `config` and `dataset` do not continue."""
    if not (workdir / layout.CONFIG).exists():
        return
    begun = read_config(workdir)
    if run_of_member(workdir, begun):
        raise UserError(
            f"{printable(workdir)} is one member of the run in {printable(workdir.parent)}; give "
            "that as --workdir to resume all of them, or another to train this one alone."
        )
    changed = config_lib.differences(begun, config)
    before = environment.recorded_data(workdir).get("fingerprint", dataset.fingerprint)
    if not changed and before != dataset.fingerprint:
        changed = [f"the images: fingerprint {before} -> {dataset.fingerprint}"]
    if changed:
        raise UserError(
            f"The run in {printable(workdir)} was started with other settings "
            f"({'; '.join(changed)}); restore them to resume it, or give another --workdir to "
            "start anew."
        )


def record(
    workdir: Path, config: Config, dataset: Dataset, origin: dict[str, Any] | None = None
) -> None:
    """Writes config.json and environment.json, of each member too where there are several.

    The environments of earlier starts are kept. `origin` are the weights that the run starts from.
    """
    _record(workdir, config, dataset, origin)
    for part, folder in members(config, workdir):
        if folder != workdir:
            disk.folder(workdir, folder.name)
            _record(folder, part, dataset, origin)


def _record(workdir: Path, config: Config, dataset: Dataset, origin: dict[str, Any] | None) -> None:
    earlier = environment.recorded(workdir)
    origin = origin or earlier.get("start_from")
    starts = [*earlier.pop("earlier_starts", []), earlier] if earlier else []
    now = environment.of(config, dataset) | ({"start_from": origin} if origin else {})
    now["earlier_starts"] = starts
    write_whole(workdir / layout.ENVIRONMENT, _json(now))
    write_whole(workdir / layout.CONFIG, _json(config_lib.to_dict(config)))


def _json(value: Any) -> bytes:
    return (disk.to_json(value, indent=2) + "\n").encode()
