"""Runs jobs of a study, one after another, in a process of its own.

    python -m gan_jax.studies.work STUDY [PLUGIN ...]

Reads the numbers of jobs from standard input, a line each, and answers each with a line when its
run has ended; after a last line, `end`, it ends. Where the input ends without that, as it does when
the study is killed, the run in progress saves and ends at once. What a run prints is in the folder
of logs.
"""

import contextlib
import fcntl
import importlib
import json
import os
import queue
import resource
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax

from gan_jax import train
from gan_jax.errors import Diverged, UserError
from gan_jax.run.interrupts import EXIT_CODE, Interrupts
from gan_jax.run.status import DIVERGED, FAILED, FINISHED, STOPPED
from gan_jax.studies import plan
from gan_jax.studies.plan import Job
from gan_jax.system import console, disk, layout

END = "end"
"""The last line of the input."""


class Attempt(NamedTuple):
    """How a try at a job ended."""

    state: str
    why: str
    seconds: float
    peak_mib: int  # of the process so far


def jobs(study: Path) -> list[Job]:
    """The jobs that the study in a folder has planned so far."""
    values = json.loads(disk.read(study / layout.STUDY_PLAN))
    return [plan.from_dict(job) for job in values["jobs"]]


def run(study: Path, job: Job, interrupts: Interrupts) -> Attempt:
    """Trains a job's run, from where it is, and notes how that ended; a mistake of the study's
    author or a defect ends this run alone."""
    began, why = time.monotonic(), ""
    try:
        train.run(job.trained, study / job.folder, interrupts)
        state = STOPPED if interrupts.stopped_by else FINISHED
    except Diverged as error:
        state, why = DIVERGED, str(error)
    except UserError as error:
        state, why = FAILED, str(error)
    except (Exception, MemoryError) as error:
        sys.excepthook(*sys.exc_info())
        state, why = FAILED, f"{type(error).__name__}: {(str(error).splitlines() or [''])[0]:.200}"
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    peak //= 1024 if sys.platform == "linux" else 1 << 20  # macOS counts bytes
    attempt = Attempt(state, why, round(time.monotonic() - began, 2), peak)
    note(study, job, attempt)
    return attempt


def note(study: Path, job: Job, attempt: Attempt) -> None:
    """Adds an attempt to those of the study."""
    line = disk.to_json({"run": str(job.folder), **attempt._asdict()}) + "\n"
    flags = os.O_WRONLY | os.O_APPEND
    with os.fdopen(disk.open_own(study / layout.ATTEMPTS, flags), "w") as file:
        with contextlib.suppress(OSError):  # a file system that knows no locks
            fcntl.flock(file, fcntl.LOCK_EX)  # NFS would let one line of two hosts go
        file.write(line)


def attempts(study: Path) -> dict[Path, list[Attempt]]:
    """The attempts at each run directory, in order; lines that are damaged are passed over."""
    found: dict[Path, list[Attempt]] = {}
    try:
        lines = disk.read(study / layout.ATTEMPTS).decode(errors="replace").splitlines()
    except OSError:
        return found
    for line in lines:
        with contextlib.suppress(ValueError, KeyError, TypeError):
            values: dict[str, Any] = json.loads(line)
            state, why, seconds = str(values["state"]), str(values["why"]), float(values["seconds"])
            attempt = Attempt(state, why, seconds, int(values["peak_mib"]))
            found.setdefault(Path(str(values["run"])), []).append(attempt)
    return found


@contextlib.contextmanager
def logged(study: Path, job: Job) -> Iterator[None]:
    """What this process prints meanwhile goes to the job's log."""
    name = "-".join(job.folder.parts[1:]) + ".log"
    place = disk.folder(study, layout.LOGS) / name
    log = disk.open_own(place, os.O_WRONLY | os.O_APPEND)
    kept = [os.dup(number) for number in (1, 2)]
    try:
        for number in (1, 2):
            os.dup2(log, number)
        yield
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        for number, before in zip((1, 2), kept, strict=True):
            os.dup2(before, number)
            os.close(before)
        os.close(log)


def main(study: Path) -> None:
    """Works until the input ends."""
    asked: queue.Queue[int | None] = queue.Queue()

    def listen() -> None:
        for line in sys.stdin:
            if line.strip() == END:
                return asked.put(None)
            asked.put(int(line))
        os.kill(os.getpid(), signal.SIGTERM)
        asked.put(None)  # the run may be past where it looks for signals

    planned = jobs(study)
    with Interrupts(ends_process=True) as interrupts:
        threading.Thread(target=listen, daemon=True).start()
        while (number := asked.get()) is not None and not interrupts.caught:
            job, interrupts.last_saved = planned[number], None
            with logged(study, job):
                attempt = run(study, job, interrupts)
            jax.clear_caches()
            print(number, attempt.state, flush=True)
            if interrupts.stopped_by:
                sys.exit(EXIT_CODE)


if __name__ == "__main__":
    console.install()
    for plugin in sys.argv[2:]:
        importlib.import_module(plugin)
    main(Path(sys.argv[1]))
