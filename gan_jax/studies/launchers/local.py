"""Runs on this machine, in processes that take one job after another."""

import contextlib
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path

from gan_jax.run.interrupts import Interrupts
from gan_jax.run.status import FAILED
from gan_jax.studies import work
from gan_jax.studies.launchers import Ended, Options
from gan_jax.studies.work import Attempt

LOOK_SECONDS = 0.5
"""How often it is looked whether this process is asked to stop."""


def launch(
    study: Path, numbers: Sequence[int], options: Options, interrupts: Interrupts, ended: Ended
) -> None:
    """Runs `options.at_once` jobs at a time, in the order of `numbers`."""
    jobs, waiting = work.jobs(study), deque(numbers)
    stopping, one_at_a_time = threading.Event(), threading.Lock()
    workers = [_Worker(study, options) for _ in range(min(options.at_once, len(numbers)))]

    def attend(worker: _Worker) -> None:
        with contextlib.suppress(IndexError):  # none is waiting
            while not stopping.is_set():
                number = waiting.popleft()
                failure = worker.run(number)
                if stopping.is_set():
                    return
                with one_at_a_time:
                    if failure:
                        work.note(study, jobs[number], Attempt(FAILED, failure, 0.0, 0))
                    ended(number)

    with ThreadPoolExecutor(len(workers)) as pool:
        threads = [pool.submit(attend, worker) for worker in workers]
        try:
            while wait(threads, LOOK_SECONDS).not_done and not interrupts.caught:
                pass
        finally:
            stopping.set()
            for worker in workers:
                worker.stop()
    for thread in threads:
        thread.result()


class _Worker:
    """A process of `work`, another one where it has ended."""

    def __init__(self, study: Path, options: Options):
        self._command = [sys.executable, "-m", "gan_jax.studies.work", str(study)]
        self._command += options.plugins
        self._kept = () if options.lock is None else (options.lock,)
        self._process: subprocess.Popen[str] | None = None
        self._is_busy = False

    def run(self, number: int) -> str:
        """Has a job done; returns how the process ended meanwhile, in words, if it did."""
        if self._process is None:
            # in a session of its own: Ctrl-C reaches this process alone, which tells it
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
                pass_fds=self._kept,
            )
        process, self._is_busy = self._process, True
        assert process.stdin and process.stdout
        with contextlib.suppress(OSError, ValueError):  # it has ended, or is told to
            print(number, file=process.stdin, flush=True)
        answered = process.stdout.readline()
        self._is_busy = False
        if answered:
            return ""
        self._process, code = None, process.wait()
        by = f"by {signal.Signals(-code).name}" if code < 0 else f"with {code}"
        return f"its process ended {by}"

    def stop(self) -> None:
        """Ends the process, after its run in progress has saved."""
        if (process := self._process) is None:
            return
        assert process.stdin
        with contextlib.suppress(OSError):
            if not self._is_busy:
                print(work.END, file=process.stdin, flush=True)
            process.stdin.close()
        process.wait()
