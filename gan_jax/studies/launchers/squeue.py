"""What Slurm's queue says of jobs, by their names."""

import subprocess
from collections.abc import Iterable
from typing import NamedTuple

from gan_jax.errors import UserError

ENDED = {
    *("BOOT_FAIL", "CANCELLED", "COMPLETED", "DEADLINE", "FAILED", "NODE_FAIL", "OUT_OF_MEMORY"),
    *("PREEMPTED", "REVOKED", "TIMEOUT", ""),
}
"""States that a task does not leave by itself; empty is of one that the queue has forgotten. In any
other one it runs or may still run."""
CANCELLED, PREEMPTED, PENDING = "CANCELLED", "PREEMPTED", "PENDING"
USUAL = {"None", "Priority", "Resources", "JobArrayTaskLimit", "BeginTime", "Dependency"}
"""Why a task waits, when all is well."""


class Task(NamedTuple):
    """job: the id of the task, as scancel takes it. reason: why it waits, or failed."""

    job: str = ""
    state: str = ""
    reason: str = ""


def tasks(names: Iterable[str]) -> dict[tuple[str, int], Task]:
    """The tasks of jobs with these names, by name and number; those that ended lately too.

    Raises `UserError` where Slurm does not answer, which says nothing about the tasks.
    """
    listed = ",".join(names)
    if not listed:
        return {}
    command = ["squeue", "--noheader", "--array", "--states=all", f"--name={listed}"]
    try:
        done = subprocess.run(
            [*command, "--format=%j|%K|%i|%T|%r"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError) as error:
        words = " ".join((getattr(error, "stderr", "") or str(error)).split())
        raise UserError(f"Slurm does not answer ({words}); the runs are not lost.") from error
    found = {}
    for line in done.stdout.splitlines():
        name, number, *task = line.split("|", 4)
        found[name, int(number) if number.isdecimal() else 0] = Task(*task)  # N/A: of no array
    return found
