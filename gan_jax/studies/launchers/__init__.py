"""Where the runs of a study are computed: each launcher is a function of the same few arguments.

A launcher runs the jobs of a study by their numbers, `work.run` each, in processes other than this
one, calls `ended` with the number of each that has ended, and returns when all have, or when this
process is asked to stop and they have saved. How each ended is in the study's attempts and in the
run directories; a launcher keeps nothing itself.
"""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from gan_jax.errors import UserError
from gan_jax.run.interrupts import Interrupts


@dataclass(frozen=True)
class Options:
    """at_once: how many runs at the same time. plugins: modules that the recipes need. lock: an
    open file that processes of this machine inherit, so that it stays locked until they have ended.
    settings: of the cluster, as its own program names them."""

    at_once: int = 1
    plugins: tuple[str, ...] = ()
    lock: int | None = None
    settings: tuple[tuple[str, str], ...] = ()


Ended = Callable[[int], None]
Launcher = Callable[[Path, Sequence[int], Options, Interrupts, Ended], None]


def launcher(name: str) -> Launcher:
    """A launcher by its name. Raises `UserError` where its library is not installed."""
    from gan_jax.studies.launchers import local, slurm  # which need what is above

    if name == "slurm":
        try:
            importlib.import_module("submitit")
        except ModuleNotFoundError as error:
            raise UserError(
                "--launcher=slurm needs submitit; pip install -e '.[slurm]' installs it."
            ) from error
    return {"local": local.launch, "slurm": slurm.launch}[name]


AT_ONCE = {"local": 1, "slurm": 256}
"""How many runs at the same time, by launcher, where nothing else is said; a cluster has limits of
its own."""
