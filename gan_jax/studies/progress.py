"""How far a study is, as its run directories and attempts say."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gan_jax.evaluation import records
from gan_jax.evaluation.records import SAMPLES, Record
from gan_jax.methods import Config, variation
from gan_jax.run import directory, status
from gan_jax.run.status import DIVERGED, FAILED, FINISHED
from gan_jax.run.writers import read_rows
from gan_jax.studies import plan, work
from gan_jax.studies.answers import directions
from gan_jax.studies.plan import Job
from gan_jax.studies.rows import Row
from gan_jax.studies.spec import Score, Study
from gan_jax.studies.work import Attempt
from gan_jax.system import disk, layout

MOST_FAILURES = 2
"""After which a run is not tried again; one that diverged would do so again, and is not."""
WAITING = "waiting"


def state(study: Path, job: Job, tried: Sequence[Attempt]) -> tuple[str, str]:
    """Whether a job's run is finished, diverged, failed or waiting, and why."""
    noted = status.read(study / job.folder)
    if noted.get("state") == FINISHED and noted["step"] >= job.config.train.num_steps:
        return FINISHED, ""
    if noted.get("state") == DIVERGED:
        return DIVERGED, f"diverged at step {noted['step']:,}"
    failures = [attempt for attempt in tried if attempt.state == FAILED]
    if len(failures) >= MOST_FAILURES:
        return FAILED, failures[-1].why
    return WAITING, ""


def split(study: Path, jobs: Sequence[Job]) -> list[Job]:
    """The jobs, with one that diverged or failed replaced by its settings in a run each, and one of
    these by its seeds."""
    tried, found = work.attempts(study), list[Job]()
    for job in jobs:
        several = job.trained.num_members > 1
        ended = state(study, job, tried.get(job.folder, [])) if several else ("", "")
        if ended[0] not in (DIVERGED, FAILED):
            found.append(job)
        else:
            found += [job._replace(pack=None)] if job.pack else plan.alone(job)
    return found


def missing(study: Path, jobs: Sequence[Job]) -> list[int]:
    """The numbers of the jobs that are still to be run, of those in one pack the first."""
    tried, first = work.attempts(study), dict[Path, int]()
    for number, job in enumerate(jobs):
        first.setdefault(job.folder, number)
    return [
        number
        for folder, number in first.items()
        if state(study, jobs[number], tried.get(folder, []))[0] == WAITING
    ]


def rows(study: Path, jobs: Sequence[Job], score: Score) -> list[Row]:
    """A row for each seed of each job."""
    tried, found = work.attempts(study), list[Row]()
    for job in jobs:
        attempts = tried.get(job.folder, [])
        ended, why = state(study, job, attempts)
        seconds = sum(attempt.seconds for attempt in attempts) / job.trained.num_members
        for config, folder in _members(study, job):
            reported: _Reported = ({}, "", 0)
            if ended == FINISHED:
                reported = _scores(folder, score, config.train.num_steps)
            scores, protocol, steps = reported
            found.append(
                Row(
                    arm=job.arm,
                    setting=job.setting,
                    values={name: _plain(value) for name, value in job.values.items()},
                    seed=config.seed,
                    stage=job.stage,
                    state=ended,
                    why=why,
                    scores=scores,
                    steps=steps,
                    seconds=round(seconds, 2),
                    protocol=protocol,
                )
            )
    return found


def _members(study: Path, job: Job) -> list[tuple[Config, Path]]:
    """The config and the folder of each seed of a job."""
    found = directory.members(job.trained, study / job.folder)
    if not job.pack:
        return found
    count = len(job.seeds)
    first = count * variation.settings(job.pack).index(job.config)
    return found[first : first + count]


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


_Reported = tuple[dict[str, float], str, int]
"""Scores, their protocol, and the step."""


def _scores(folder: Path, score: Score, steps: int) -> _Reported:
    """What a run that is finished reports."""
    if not score.looks:
        last = next(reversed(read_rows(folder / layout.METRICS)), {})
        known = {name: float(last[name]) for name in last if directions.is_known(name)}
        return known, "", steps
    looks = [
        (protocol, record)
        for protocol, found in records.read(folder).items()
        for record in found
        if record.of == SAMPLES and "choice" in record.facts and record.step <= steps
    ]
    if not looks:
        return {}, "", steps
    protocol, chosen = looks[-1] if score.checkpoint == "last" else min(looks, key=_choice)
    values = {name: each.value for name, each in chosen.scores.items()}
    return values, protocol.name, chosen.step


def _choice(look: tuple[Any, Record]) -> float:
    return look[1].facts["choice"]


def to_json(study: Study, jobs: Sequence[Job]) -> bytes:
    """What plan.json holds: the study as it was read, and the runs that are planned so far."""
    values = {
        "study": dataclasses.asdict(study),
        "jobs": [plan.to_dict(job) for job in jobs],
    }
    return (disk.to_json(values, indent=1) + "\n").encode()
