"""Runs on a Slurm cluster, as array jobs of submitit.

The jobs stay when the study's process ends, and the next one waits for them instead of submitting
their runs again. How a run ended is known by the study's folder; the queue is asked only for those
that left it without a word.
"""

import contextlib
import shutil
import time
from collections.abc import Mapping, Sequence, Sized
from pathlib import Path
from typing import Any, NamedTuple

from gan_jax.errors import UserError
from gan_jax.run.interrupts import EXIT_CODE, Interrupts
from gan_jax.run.status import FAILED, STOPPED
from gan_jax.studies import progress, work
from gan_jax.studies.launchers import Ended, Options, array_job, squeue, submissions
from gan_jax.studies.launchers.submissions import Submission
from gan_jax.studies.plan import Job
from gan_jax.studies.work import Attempt
from gan_jax.system import disk
from gan_jax.system.names import printable

MOST_TASKS = 1000
"""Of an array, as clusters have it by default; more runs follow when these have ended."""
LOOK_SECONDS, ASK_SECONDS = 1.0, 10.0
"""How often the study's folder is read, and how often Slurm is asked."""


class Cancelled(UserError):
    """Some runs were cancelled by a person, who may give the same command again."""

    exit_code = EXIT_CODE


class _Watched(NamedTuple):
    """A run in the queue: its place there, and how many attempts there were at it before."""

    submission: Submission
    number: int
    tried: int


def launch(
    study: Path, numbers: Sequence[int], options: Options, interrupts: Interrupts, ended: Ended
) -> None:
    """Submits what the queue does not have yet, and waits for all.

    Raises `UserError` for a setting that does not exist, where Slurm refuses the jobs, and, when
    the others have ended, where runs were cancelled.
    """
    if not shutil.which("sbatch"):
        raise UserError(
            "There is no Slurm here: sbatch is not in PATH; start the study where it is, or leave "
            "--launcher out."
        )
    settings = array_job.parse(options.settings)
    jobs, study = work.jobs(study), study.absolute()
    number_of = {jobs[number].folder: number for number in numbers}
    watched = _in_queue(study, number_of)
    if watched:
        _say(f"Already in Slurm: {_runs(watched)}.")
    new = [jobs[number] for run, number in number_of.items() if run not in watched]
    if new := new[: MOST_TASKS - len(watched)]:
        submission, name = array_job.submit(study, new, settings, options)
        _say(f"Submitted {_runs(new)} to Slurm, job {name}.")
        watched |= _places(submission)
    names = ",".join(dict.fromkeys(each.submission.name for each in watched.values()))
    _say(f"scancel --name={names} cancels them.")
    watch = _Watch(study, {run: (number, jobs[number]) for run, number in number_of.items()}, ended)
    asked = time.monotonic()
    while watched and not interrupts.caught:
        time.sleep(LOOK_SECONDS)
        watch.look(watched)
        if time.monotonic() - asked >= ASK_SECONDS:
            watch.ask(watched)
            asked = time.monotonic()
    if watched:
        _say(f"Left in Slurm, where they go on: {_runs(watched)}.")
    if watch.cancelled:
        raise Cancelled(f"Cancelled in Slurm: {_runs(watch.cancelled)}; the same command goes on.")


def _in_queue(study: Path, runs: Mapping[Path, Any]) -> dict[Path, _Watched]:
    """The runs that earlier submissions still have in the queue; forgets submissions that have
    none, whose tasks then do nothing, should they begin after all."""
    noted, tried = submissions.read(study), work.attempts(study)
    tasks = squeue.tasks(each.name for each in noted)
    watched: dict[Path, _Watched] = {}
    kept = []
    for submission in noted:
        places = _places(submission)
        found = {
            run: place
            for run, place in places.items()
            if _state(tasks, place).state not in squeue.ENDED
        }
        kept += [submission] if found else []
        watched |= {
            run: place
            for run, place in found.items()
            if run in runs and not _has_ended(tried.get(run, []), place)
        }
    submissions.write(study, kept)
    return watched


class _Watch:
    """Notices which runs have ended, and takes these out of those that are watched."""

    def __init__(self, study: Path, jobs: Mapping[Path, tuple[int, Job]], ended: Ended):
        self._study, self._jobs, self._ended = study, jobs, ended
        self._gone: set[Path] = set()
        self._said: set[str] = set()
        self.cancelled: list[Path] = []

    def look(self, watched: dict[Path, _Watched]) -> None:
        """By what they have noted themselves."""
        tried = work.attempts(self._study)
        for run in [run for run in watched if _has_ended(tried.get(run, []), watched[run])]:
            del watched[run]
            self._ended(self._jobs[run][0])

    def ask(self, watched: dict[Path, _Watched]) -> None:
        """By what Slurm says of those that have not; twice, as a file system may be late to show
        what they have noted."""
        try:
            tasks = squeue.tasks({place.submission.name for place in watched.values()})
        except UserError as error:
            return self._say_once(str(error))
        states = {run: _state(tasks, place) for run, place in watched.items()}
        for task in states.values():
            if task.state == squeue.PENDING and task.reason not in squeue.USUAL:
                self._say_once(f"Runs wait in Slurm: {task.reason}.")
        before = self._gone
        self._gone = {run for run, task in states.items() if task.state in squeue.ENDED}
        for run in self._gone & before:
            self._lost(run, watched.pop(run), states[run])

    def _lost(self, run: Path, place: _Watched, task: squeue.Task) -> None:
        number, job = self._jobs[run]
        if task.state == squeue.CANCELLED:
            return self.cancelled.append(run)
        if task.state == squeue.PREEMPTED:
            return  # to be submitted again
        tried = work.attempts(self._study).get(run, [])
        if progress.state(self._study, job, tried)[0] == progress.WAITING:
            log = place.submission.folder(self._study) / f"{task.job}_0_log.err"
            work.note(self._study, job, Attempt(FAILED, _why(task, log), 0.0, 0))
        self._ended(number)

    def _say_once(self, sentence: str) -> None:
        if sentence not in self._said:
            _say(sentence)
        self._said.add(sentence)


def _has_ended(tried: Sequence[Attempt], place: _Watched) -> bool:
    """Whether a run has noted, since it was submitted, that it will not go on."""
    since = tried[place.tried :]
    return bool(since) and since[-1].state != STOPPED


def _places(submission: Submission) -> dict[Path, _Watched]:
    """By run."""
    numbered = enumerate(zip(submission.runs, submission.tried, strict=True))
    return {run: _Watched(submission, number, tried) for number, (run, tried) in numbered}


def _state(tasks: Mapping[tuple[str, int], squeue.Task], place: _Watched) -> squeue.Task:
    return tasks.get((place.submission.name, place.number), squeue.Task())


def _why(task: squeue.Task, log: Path) -> str:
    """Why a task ended without a word: its state, and the last error in its log."""
    said = f"{task.state or 'gone from the queue'} in Slurm"
    with contextlib.suppress(OSError):
        lines = disk.read(log).decode(errors="replace").splitlines()
        errors = [line for line in lines if "error" in line.lower()]
        said += f": {printable(errors[-1]):.200}" if errors else ""
    return said


def _runs(runs: Sized) -> str:
    return f"{len(runs)} run{'s' if len(runs) > 1 else ''}"


def _say(sentence: str) -> None:
    print(sentence, flush=True)
