"""Runs a study and answers its question: `python launch.py --mode=study --study=NAME`."""

import contextlib
import itertools
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean
from typing import NamedTuple, TextIO

from gan_jax.errors import UserError
from gan_jax.run import directory
from gan_jax.run.interrupts import Interrupts
from gan_jax.run.status import FINISHED
from gan_jax.studies import launchers, packing, plan, progress, results, timing, work
from gan_jax.studies.answers import outcomes
from gan_jax.studies.launchers import Launcher, Options
from gan_jax.studies.plan import Job, Recipes
from gan_jax.studies.progress import WAITING
from gan_jax.studies.rows import SEARCH, Row
from gan_jax.studies.spec import Study
from gan_jax.studies.work import Attempt
from gan_jax.system import disk, layout
from gan_jax.system.names import printable

TOGETHER = 8
"""How many settings of an arm train in one program on an accelerator, where the study does not
say."""
PATIENCE_SECONDS = 120
"""How long the runs of an earlier start have to save and end."""


def default(study: Study) -> Path:
    """runs/studies/<name>."""
    return Path("runs", "studies", study.name)


def run(
    study: Study,
    recipes: Recipes,
    workdir: str | Path | None,
    launcher: str,
    options: Options,
    interrupts: Interrupts,
    command: str = "",
) -> list[Row]:
    """Runs what is missing of a study and writes its answers; returns its rows.

    What is done already is not run again, so the same call goes on with a study that was stopped
    or killed, and with one that got more arms, settings, seeds or steps since. Raises `UserError`
    for a study that cannot be.
    """
    launch = launchers.launcher(launcher)
    folder = directory.given(workdir) if workdir else default(study)
    results.check(study)
    with disk.explained(folder, "--workdir"):
        planned = plan.search(study, recipes)  # its mistakes, before anything is written
        directory.make(folder)
        with _alone(folder) as lock:
            started = _Started(
                study, folder, launch, replace(options, lock=lock.fileno()), interrupts
            )
            seconds, most = started.timed(planned)
            if interrupts.caught:
                _say("Stopped; the same command goes on.")
                return []
            jobs = started.completed(plan.search(study, recipes, seconds), seconds, most)
            if study.seeds.final and not interrupts.caught:
                best = _best(study, folder, jobs)
                jobs = started.completed([*jobs, *plan.final(study, best)], seconds, most)
            rows = progress.rows(folder, jobs, study.score)
            results.write(folder, study, rows, command)
    if interrupts.caught:
        _say("Stopped; the same command goes on.")
    return rows


class _Started(NamedTuple):
    """A study under way."""

    study: Study
    folder: Path
    launch: Launcher
    options: Options
    interrupts: Interrupts

    def timed(self, planned: Sequence[Job]) -> tuple[dict[str, float], int]:
        """Seconds of a step of each arm, and how many settings are to train in one program."""
        folder = disk.folder(self.folder, layout.TIMING)
        jobs = timing.jobs(planned)
        self._run(folder, jobs, lambda number: _say(f"Timed a step of {jobs[number].arm}."))
        chosen = TOGETHER if timing.on_accelerators(folder, jobs) else 1
        return timing.seconds(folder, jobs), self.study.seeds.settings_together or chosen

    def completed(self, jobs: list[Job], seconds: Mapping[str, float], most: int) -> list[Job]:
        """Runs the jobs that are missing, up to `most` settings of an arm in one program; returns
        all, those that had to be split as their parts."""
        jobs = progress.split(self.folder, packing.packed(self.folder, jobs, most))
        told = _Progress(self, jobs, seconds)
        told.plan()
        while True:
            self._run(self.folder, jobs, told)
            again = progress.split(self.folder, jobs)
            if again == jobs or self.interrupts.caught:
                return jobs
            jobs = again
            told = _Progress(self, jobs, seconds)

    def _run(self, folder: Path, jobs: Sequence[Job], ended: launchers.Ended) -> None:
        """Runs the jobs that are missing, and those that fail once more."""
        disk.write_whole(folder / layout.STUDY_PLAN, progress.to_json(self.study, jobs))
        while (missing := progress.missing(folder, jobs)) and not self.interrupts.caught:
            self.launch(folder, missing, self.options, self.interrupts, ended)


class _Progress:
    """Says what is to be run, and of each run that has ended how, and how long the rest takes."""

    def __init__(self, started: _Started, jobs: Sequence[Job], seconds: Mapping[str, float]):
        self._started, self._jobs = started, jobs
        self._seconds = [_seconds(job, seconds) for job in jobs]
        self._runs: dict[Path, list[int]] = {}  # the jobs of each
        for number, job in enumerate(jobs):
            self._runs.setdefault(job.folder, []).append(number)
        self._missing = {jobs[n].folder for n in progress.missing(started.folder, jobs)}
        self._actual = self._expected = 0.0

    def plan(self) -> None:
        jobs, missing = self._jobs, self._missing
        if not missing:
            return
        runs = f"{len(self._runs)} runs of {sum(len(job.seeds) for job in jobs)} seeds in all"
        peak = max((a.peak_mib for a in self._timed()), default=0)
        _say(f"{len(missing)} runs to do, of {runs}: about {self._left()}, {peak:,} MiB each.")
        for arm, planned in itertools.groupby(jobs, key=lambda job: job.arm):
            each = list(planned)
            settings = len({job.setting for job in each})
            seeds = sum(len(job.seeds) for job in each)
            steps = sorted({job.config.train.num_steps for job in each})
            lengths = " or ".join(f"{count:,}" for count in steps)
            _say(f"  {arm}: {settings} settings, {lengths} steps, {seeds} seeds")

    def _timed(self) -> Iterator[Attempt]:
        for tried in work.attempts(self._started.folder / layout.TIMING).values():
            yield from tried

    def __call__(self, number: int) -> None:
        folder = self._jobs[number].folder
        jobs = [self._jobs[number] for number in self._runs[folder]]
        job, started = jobs[0], self._started
        tried = work.attempts(started.folder).get(job.folder, [])
        state, why = progress.state(started.folder, job, tried)
        if tried:
            self._actual += tried[-1].seconds
            self._expected += self._expected_of(folder)
        if state == WAITING:  # it failed for the first time
            ended = f"{tried[-1].why if tried else 'it did not end'}; it is tried again"
        else:
            self._missing.discard(folder)
            ended = f"{state}{f' ({why})' if why else ''}"
        done = f"{len(self._runs) - len(self._missing)}/{len(self._runs)}"
        for job in jobs:
            if state == FINISHED:
                found = progress.rows(started.folder, [job], started.study.score)
                ended = _scores(found, started.study.score.metric)
            _say(f"{done}  {job.arm}, {job.setting}: {printable(ended)}; {self._left()} left")

    def _left(self) -> str:
        """How long the missing runs take, corrected by those that have ended."""
        ratio = self._actual / self._expected if self._expected else 1.0
        left = ratio * sum(map(self._expected_of, self._missing))
        left /= min(self._started.options.at_once, max(len(self._missing), 1))
        return f"{left / 3600:.1f} h" if left >= 3600 else f"{left / 60:.0f} min"

    def _expected_of(self, folder: Path) -> float:
        return sum(self._seconds[number] for number in self._runs[folder])


def _seconds(job: Job, of_step: Mapping[str, float]) -> float:
    return of_step.get(job.arm, 0.0) * job.config.train.num_steps * len(job.seeds)


def _scores(rows: Sequence[Row], metric: str) -> str:
    values = [row.scores[metric] for row in rows if metric in row.scores]
    if not values:
        return f"no {metric}"
    several = f", mean of {len(values)} seeds" if len(values) > 1 else ""
    return f"{metric} {mean(values):.4g}{several}"


def _best(study: Study, folder: Path, jobs: Sequence[Job]) -> list[Job]:
    """The job of each arm's best setting of the search; of an arm without a run that finished,
    none."""
    rows = [row for row in progress.rows(folder, jobs, study.score) if row.stage == SEARCH]
    chosen = outcomes.reported(rows, study.score.metric)
    scored = {row.arm for row in rows if study.score.metric in row.scores}
    found = {(job.arm, job.setting): job for job in reversed(jobs)}
    return [found[arm, setting] for arm, setting in chosen.items() if arm in scored]


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[TextIO]:
    """Holds the study for this process and those that inherit the file; waits for the runs of an
    earlier start, which save when it is killed."""
    until, said = time.monotonic() + PATIENCE_SECONDS, False
    while True:
        try:
            lock = directory.lock(folder)
            break
        except UserError as error:
            if time.monotonic() > until:
                raise UserError(
                    f"Another process is at the study in {printable(folder)}; wait for it, or give "
                    "another --workdir."
                ) from error
            if not said:
                _say("Waiting for the runs of an earlier start to end.")
            said = True
            time.sleep(0.5)
    with lock:
        yield lock


def _say(*sentences: str) -> None:
    print(*sentences, sep="\n", file=sys.stdout, flush=True)
