"""How a run stands, for people and for programs that start many: status.json in its directory."""

import contextlib
import fcntl
import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from gan_jax.devices import hosts
from gan_jax.errors import Diverged
from gan_jax.run.interrupts import Interrupts
from gan_jax.system import disk, layout

RUNNING, FINISHED, STOPPED = "running", "finished", "stopped"
DIVERGED, FAILED, KILLED = "diverged", "failed", "killed"
"""How a run stands: the last is read and never written, as nothing is written by a kill."""


def write(workdir: Path, state: str, step: int, why: str = "") -> None:
    """Notes that the run is `running`, `finished`, `stopped`, `diverged` or `failed` at a step;
    `why` is the signal or the error."""
    values = {
        "state": state,
        "step": step,
        "why": why,
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "since": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }
    disk.write_whole(workdir / layout.STATUS, (disk.to_json(values, indent=2) + "\n").encode())


@contextlib.contextmanager
def noted(workdir: Path, step: Callable[[], int], interrupts: Interrupts) -> Iterator[None]:
    """Notes how training begins and how it ends; `step` tells how far it is."""
    write(workdir, RUNNING, step())
    try:
        yield
    except Diverged as error:
        write(workdir, DIVERGED, error.step)
        raise
    except Exception as error:
        hosts.suspect()
        with contextlib.suppress(OSError):  # a full disk, for one, is why it fails
            write(workdir, FAILED, step(), (str(error).splitlines() or [""])[0][:200])
        raise
    stopped = STOPPED if interrupts.stopped_by else FINISHED
    write(workdir, stopped, step(), interrupts.stopped_by)


def read(workdir: Path) -> dict[str, Any]:
    """What was noted last; `running` becomes `killed` where no process holds the run directory.
    Empty where nothing was noted or it is damaged."""
    try:
        values = json.loads(disk.read(workdir / layout.STATUS))
        kept: dict[str, Any] = {"step": int(values["step"])}
        kept |= {name: str(values[name]) for name in ("state", "why", "host", "since")}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
    if kept["state"] == RUNNING and not _is_held(workdir):
        kept["state"] = KILLED
    return kept


def sentence(workdir: Path) -> str:
    """The same in words, such as `stopped at step 300 by SIGTERM`; empty where it is not known."""
    values = read(workdir)
    if not values:
        return ""
    at = f"at step {values['step']:,}"
    return {
        RUNNING: f"running on {values['host']} since {values['since']}",
        FINISHED: FINISHED,
        STOPPED: f"stopped {at} by {values['why']}",
        DIVERGED: f"diverged {at}",
        FAILED: f"failed {at}: {values['why']}",
        KILLED: f"ended without a word, begun {at} on {values['host']} at {values['since']}",
    }.get(values["state"], "")


def _is_held(workdir: Path) -> bool:
    """Whether a process holds the lock of the run directory; so far as the file system can tell."""
    try:
        lock = os.open(workdir / layout.LOCK, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        return False
    except OSError:
        return True
    finally:
        os.close(lock)
