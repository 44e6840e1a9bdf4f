"""An array job of submitit: its settings, its script, and what each of its tasks does."""

import contextlib
import importlib
import io
import json
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gan_jax.errors import UserError, choose
from gan_jax.run.interrupts import EXIT_CODE, Interrupts
from gan_jax.studies import plan, work
from gan_jax.studies.launchers import Options, submissions
from gan_jax.studies.launchers.submissions import Submission
from gan_jax.studies.plan import Job
from gan_jax.system import disk, layout
from gan_jax.system.names import printable

SETTINGS: dict[str, Callable[[str], Any]] = {
    **dict.fromkeys(("time", "gpus_per_node", "cpus_per_task"), int),
    **dict.fromkeys(("partition", "account", "qos", "constraint", "gres", "mem"), str),
    **dict.fromkeys(("nodelist", "exclude", "setup"), str),
}
"""What `--slurm` takes, in sbatch's own words; time is in minutes, setup a line of shell."""
TIME, LEAST_TIME = 60, 3
"""Minutes, by default and at least; a run that takes longer saves in time and is queued again."""

REQUEUE = f"""code=$?
if [[ $code == {EXIT_CODE} && ${{SLURM_RESTART_COUNT:-0}} -lt 100 ]]; then
    scontrol requeue "$SLURM_JOB_ID"
fi
exit $code"""
"""The end of the script. A run that was asked to stop ends with this code whatever it was doing;
submitit's own way, its method `checkpoint`, has no part in a signal that comes while JAX compiles.
`scancel` ends the script before this."""


def parse(settings: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The values of settings; raises `UserError` for one that does not exist or is no number."""
    found = {}
    for name, value in settings:
        kind = choose(SETTINGS, "--slurm", name)
        try:
            found[name] = kind(value)
        except ValueError as error:
            raise UserError(f"--slurm={name}={value} needs a whole number.") from error
    if found.get("time", TIME) < LEAST_TIME:
        raise UserError(
            f"--slurm=time={found['time']} is too short, as a run is asked to save 90 s before its "
            f"end; give {LEAST_TIME} minutes or more."
        )
    return found


def submit(
    study: Path, jobs: Sequence[Job], settings: Mapping[str, Any], options: Options
) -> tuple[Submission, str]:
    """Submits a task for each job of a study; returns what was noted, and the id of the array.

    Raises `UserError`, with the words of sbatch, where Slurm refuses.
    """
    import submitit  # of the extra `slurm`

    attempts, before = work.attempts(study), submissions.read(study)
    tried = [len(attempts.get(job.folder, [])) for job in jobs]
    submission = submissions.new([job.folder for job in jobs], tried)
    submissions.write(study, [*before, submission])
    folder = disk.folder(study, layout.CLUSTER, submission.name)
    tasks = [
        Task(study, submission.name, disk.to_json(plan.to_dict(job)), options.plugins)
        for job in jobs
    ]
    executor = submitit.SlurmExecutor(folder)
    executor.update_parameters(**_parameters(submission.name, settings, options.at_once))
    try:
        with contextlib.redirect_stderr(io.StringIO()):  # submitit prints what it raises
            submitted = executor.submit_array(tasks)
    except (OSError, RuntimeError) as error:
        submissions.write(study, before)
        shutil.rmtree(folder, ignore_errors=True)
        raise UserError(
            f"Slurm refused the runs ({printable(' '.join(str(error).split()))}); change --slurm, "
            "and the same command goes on."
        ) from error
    return submission, submitted[0].job_id.partition("_")[0]


def _parameters(name: str, settings: Mapping[str, Any], at_once: int) -> dict[str, Any]:
    """What submitit puts into the script."""
    given = {"time": TIME, **settings}
    if "setup" in given:
        given["setup"] = [given["setup"]]
    if "cpus_per_task" in given:  # since Slurm 22.05 a step does not take it from its job
        given["srun_args"] = [f"--cpus-per-task={given['cpus_per_task']}"]
    return {
        **given,
        "job_name": name,
        "array_parallelism": at_once,
        "additional_parameters": {"requeue": True},
        "teardown": [REQUEUE],
    }


@dataclass(frozen=True)
class Task:
    """What a task of the array does, in the process that Slurm starts. job: as JSON."""

    study: Path
    submission: str
    job: str
    plugins: tuple[str, ...]

    def __call__(self) -> None:
        if self.submission not in [each.name for each in submissions.read(self.study)]:
            return  # the study was killed as it submitted this, and has submitted it again
        for plugin in self.plugins:
            importlib.import_module(plugin)
        job = plan.from_dict(json.loads(self.job))
        with Interrupts(ends_process=True) as interrupts, work.logged(self.study, job):
            work.run(self.study, job, interrupts)
        if interrupts.stopped_by:
            sys.exit(EXIT_CODE)
