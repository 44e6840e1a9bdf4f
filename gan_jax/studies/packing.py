"""Which settings of a study train in one program: those of an arm that numbers alone tell apart.

Which numbers can be varied in one program is found by tracing. A run of several settings, a pack,
is known by its own record, so that what it has done is not done again, packed or not.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from gan_jax import config as config_lib
from gan_jax.errors import UserError
from gan_jax.methods import Config, Varied, variation
from gan_jax.run import directory
from gan_jax.run.status import FINISHED
from gan_jax.studies import progress
from gan_jax.studies.plan import Job
from gan_jax.studies.progress import WAITING
from gan_jax.studies.work import attempts
from gan_jax.system import layout


def packed(study: Path, jobs: Sequence[Job], most: int) -> list[Job]:
    """The jobs, those in a pack where they have none of their own that was begun: a pack that has
    finished or can go on, or a new one of at most `most` settings; 1 makes no new ones."""
    tried = attempts(study)

    def state(job: Job) -> str:
        return progress.state(study, job, tried.get(job.folder, []))[0]

    free = {
        job.own: job
        for job in jobs
        if state(job) == WAITING and not directory.is_begun(study / job.own)
    }
    found: dict[Path, Config] = {}
    ended: set[Path] = set()
    for arm, pack in _begun(study, {job.arm for job in jobs}):
        wanted = [job for job in free.values() if job.arm == arm]
        members = {job.own: job for job in _jobs_of(pack, wanted)}
        if not members:
            continue
        how = state(next(iter(members.values())))
        is_whole = len(members) == len(pack.varied.settings)
        if how == FINISHED or (how == WAITING and is_whole):
            found = {folder: job.trained for folder, job in members.items()} | found
        elif how != WAITING:
            ended |= set(members)
    new = [job for folder, job in free.items() if folder not in found and folder not in ended]
    for group in _groups(new) if most > 1 else ():
        for first in range(0, len(group), most):
            made = _pack(group[first : first + most])
            if made and state(made[0]) == WAITING:
                found |= {job.own: job.trained for job in made}
    return [job._replace(pack=found.get(job.own, job.pack)) for job in jobs]


def _begun(study: Path, arms: set[str]) -> Iterator[tuple[str, Config]]:
    """The packs that have a record, each with its arm."""
    for arm in sorted(arms):
        for path in sorted((study / layout.TRIALS / arm).glob(f"*/{layout.CONFIG}")):
            try:
                config = directory.read_config(path.parent)
            except UserError:
                continue
            if config.varied.fields:
                yield arm, config


def _jobs_of(pack: Config, jobs: Iterable[Job]) -> list[Job]:
    """Those of the jobs that are settings of a pack, in it, with what a resumed run may change as
    they have it."""
    digests = {config_lib.digest(setting) for setting in variation.settings(pack)}
    members = []
    for job in jobs:
        if job.config.seed == pack.seed and config_lib.digest(job.config) in digests:
            first = dict(pack.varied.settings[0])
            base = dataclasses.replace(config_lib.placed(job.config, first), varied=pack.varied)
            members.append(job._replace(pack=base))
    return members


def _groups(jobs: Sequence[Job]) -> list[list[Job]]:
    """Jobs that differ in numbers alone which can be varied."""
    found: list[list[Job]] = []
    for group in _alike(jobs, None):
        fields = _fields(group)
        if len(group) > 1 and fields:
            two = dataclasses.replace(group[0].config, varied=_varied(group[:1] * 2, fields))
            fixed = set(variation.changing(two))
            found += _alike(group, [name for name in fields if name not in fixed])
    return found


def _alike(jobs: Sequence[Job], fields: Sequence[str] | None) -> list[list[Job]]:
    """Jobs by what they have beside `fields`, by default all that a trial may show to be such."""
    groups: dict[tuple, list[Job]] = {}
    for job in jobs:
        names = _fields([job]) if fields is None else fields
        rest = config_lib.placed(job.config, dict.fromkeys(names, 0.0))
        groups.setdefault((job.arm, job.stage, rest), []).append(job)
    return list(groups.values())


def _fields(jobs: Sequence[Job]) -> list[str]:
    """The fields of settings that hold numbers which the networks do not have."""
    return [
        name for name in jobs[0].values if all(variation.may_vary(job.config, name) for job in jobs)
    ]


def _varied(jobs: Sequence[Job], fields: Sequence[str]) -> Varied:
    rows = [config_lib.flatten(job.config) for job in jobs]
    return Varied(tuple(fields), tuple(row[name] for row in rows for name in fields))


def _pack(jobs: Sequence[Job]) -> list[Job]:
    """The jobs in one pack of the fields in which they differ; none where that is none."""
    rows = [config_lib.flatten(job.config) for job in jobs]
    fields = [name for name in _fields(jobs) if len({row[name] for row in rows}) > 1]
    if not fields:
        return []
    pack = dataclasses.replace(jobs[0].config, varied=_varied(jobs, fields))
    return [job._replace(pack=pack) for job in jobs]
