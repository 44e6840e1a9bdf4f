"""The launcher of Slurm, beside programs that stand in for Slurm's."""

import json
import os
import subprocess
import sys

import pytest

import experiments
from gan_jax.errors import UserError
from gan_jax.run.interrupts import Interrupts
from gan_jax.run.status import FAILED, STOPPED
from gan_jax.studies import axes, launchers, plan, progress, work
from gan_jax.studies.launchers import Options, squeue, submissions
from gan_jax.studies.spec import Arm, Budget, Study
from gan_jax.studies.work import Attempt

pytest.importorskip("submitit")
from gan_jax.studies.launchers import array_job, slurm  # which need submitit

ACCEPTS = 'cat "$1" >$HERE/script; echo "$*" >>$HERE/submitted; echo Submitted batch job 7'
REFUSES = "echo 'sbatch: error: invalid partition specified: nope' >&2; exit 1"
RATES = [1e-4, 1e-3]


class Slurm:
    """Programs of Slurm's names; `squeue` shows what `queue` says, for any name that is asked."""

    def __init__(self, folder, study):
        self.folder, self.study = folder, study
        self.program("srun", "")
        self.program("sbatch", ACCEPTS)
        self.queue()

    def program(self, name, script):
        path = self.folder / name
        path.write_text(f"#!/usr/bin/env bash\nHERE={self.folder}\n{script}\n")
        path.chmod(0o755)

    def queue(self, *tasks):
        """Each is the number, state and reason."""
        lines = "".join(f"echo $name'|{n}|7_{n}|{state}|{why}'\n" for n, state, why in tasks)
        names = 'for name in $(echo "$*" | grep -o "gan_jax-[0-9a-f]*"); do'
        self.program("squeue", f"{names}\n{lines}:; done")

    def notes_when(self, name, job, state, script):
        """A program after which the run of a job has noted how it ended."""
        line = {"run": str(job.folder), "state": state, "why": "Mine.", "seconds": 1, "peak_mib": 1}
        (self.folder / "note").write_text(json.dumps(line) + "\n")
        self.program(name, f"{script}\ncat $HERE/note >>{self.study}/attempts.jsonl")

    def submitted(self):
        path = self.folder / "submitted"
        return len(path.read_text().splitlines()) if path.exists() else 0


@pytest.fixture
def cluster(tmp_path, monkeypatch):
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setattr(slurm, "LOOK_SECONDS", 0.001)
    monkeypatch.setattr(slurm, "ASK_SECONDS", 0.0)
    return Slurm(folder, tmp_path / "study")


@pytest.fixture
def study(tmp_path):
    """A folder with a plan of two runs."""
    rate = axes.parse("disc_optimizer.learning_rate", RATES)
    spec = Study(
        question="?", budget=Budget(steps=4), arms=(Arm("ring", "toy_ring", axes=(rate,)),)
    )
    folder = tmp_path / "study"
    folder.mkdir()
    (folder / "plan.json").write_bytes(progress.to_json(spec, plan.search(spec, experiments.load)))
    return folder


def launch(study, numbers=(0, 1), **options):
    """The numbers of those that have ended."""
    ended = []
    slurm.launch(study, numbers, Options(**options), Interrupts(), ended.append)
    return ended


def test_a_setting_that_is_refused_has_a_sentence_with_those_that_there_are(cluster, study):
    with pytest.raises(UserError, match="--slurm='partitoin' is unknown; choose one of time, gpus"):
        launch(study, settings=(("partitoin", "gpu"),))
    with pytest.raises(UserError, match="--slurm=time=1h needs a whole number"):
        launch(study, settings=(("time", "1h"),))
    with pytest.raises(UserError, match="--slurm=time=2 is too short"):
        launch(study, settings=(("time", "2"),))
    assert not (study / "submissions.json").exists()
    assert cluster.submitted() == 0


def test_what_sbatch_says_is_the_sentence_and_nothing_is_kept(cluster, study, capsys):
    cluster.program("sbatch", REFUSES)
    words = r"refused the runs \(sbatch: error: invalid partition specified: nope\); change --slurm"
    with pytest.raises(UserError, match=words):
        launch(study, settings=(("partition", "nope"),))
    assert submissions.read(study) == []
    assert list((study / "cluster").iterdir()) == []
    assert capsys.readouterr() == ("", "")


def test_without_slurm_it_says_so(study, monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UserError, match="sbatch is not in PATH"):
        launch(study)


def test_the_library_that_is_missing_is_named(monkeypatch):
    assert launchers.launcher("slurm") is slurm.launch
    monkeypatch.setitem(sys.modules, "submitit", None)
    with pytest.raises(UserError, match="--launcher=slurm needs submitit; pip install -e"):
        launchers.launcher("slurm")


def test_the_script_has_the_settings_and_the_limit(cluster, study):
    cluster.queue((0, "CANCELLED", "None"), (1, "CANCELLED", "None"))
    given = (("time", "90"), ("gpus_per_node", "1"), ("cpus_per_task", "4"), ("setup", "module a"))
    with pytest.raises(slurm.Cancelled, match="Cancelled in Slurm: 2 runs; the same command"):
        launch(study, at_once=1, settings=given)
    lines = (cluster.folder / "script").read_text().splitlines()
    name = submissions.read(study)[0].name
    for setting in (
        *("time=90", "gpus-per-node=1", "cpus-per-task=4", "array=0-1%1", "signal=USR2@90"),
        *("requeue", "open-mode=append", f"job-name={name}"),
    ):
        assert f"#SBATCH --{setting}" in lines
    step = lines.index("module a")
    command = next(n for n, line in enumerate(lines) if line.startswith("srun "))
    assert step < command < lines.index("code=$?")
    assert "--cpus-per-task=4" in lines[command]


@pytest.mark.parametrize(
    ("code", "restarts", "again"), [(0, 0, 0), (75, 0, 1), (75, 99, 1), (75, 100, 0), (1, 0, 0)]
)
def test_a_run_that_was_asked_to_stop_is_queued_again_and_no_other(cluster, code, restarts, again):
    cluster.program("scontrol", 'echo "$*"')
    done = subprocess.run(
        ["bash", "-c", f"(exit {code})\n{array_job.REQUEUE}"],
        env={**os.environ, "SLURM_JOB_ID": "9", "SLURM_RESTART_COUNT": str(restarts)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == code
    assert done.stdout == "requeue 9\n" * again


def test_how_a_run_ended_is_its_own_word_before_that_of_slurm(cluster, study):
    cluster.queue((0, "RUNNING", "None"), (1, "FAILED", "NonZeroExitCode"))
    jobs = work.jobs(study)
    log = """log=$(dirname $1)/7_1_0_log.err
        echo 'srun: error: gan1: task 0: Killed' >$log
        echo 'srun: Force Terminated StepId=7.0' >>$log"""
    cluster.notes_when("sbatch", jobs[0], FAILED, f"{ACCEPTS}\n{log}")
    assert launch(study) == [0, 1]
    tried = work.attempts(study)
    assert tried[jobs[0].folder] == [Attempt(FAILED, "Mine.", 1.0, 1)]
    why = "FAILED in Slurm: srun: error: gan1: task 0: Killed"
    assert tried[jobs[1].folder] == [Attempt(FAILED, why, 0.0, 0)]


def test_a_run_that_was_preempted_is_no_failure_and_one_that_stopped_and_was_lost_is(
    cluster, study
):
    job = work.jobs(study)[0]
    cluster.queue((0, "PREEMPTED", "None"))
    assert launch(study, [0]) == []
    assert work.attempts(study) == {}
    cluster.notes_when("sbatch", job, STOPPED, ACCEPTS)
    cluster.queue((0, "OUT_OF_MEMORY", "OutOfMemory"))
    assert launch(study, [0]) == [0]
    assert [each.state for each in work.attempts(study)[job.folder]] == [STOPPED, FAILED]


def test_what_was_noted_before_a_run_was_submitted_is_not_how_it_ended(cluster, study):
    job = work.jobs(study)[0]
    work.note(study, job, Attempt(FAILED, "before", 1.0, 1))
    cluster.queue((0, "TIMEOUT", "TimeLimit"))
    assert launch(study, [0]) == [0]
    assert [each.why for each in work.attempts(study)[job.folder]] == ["before", "TIMEOUT in Slurm"]


def test_what_a_run_has_noted_may_be_seen_later_than_that_it_left_the_queue(cluster, study):
    job = work.jobs(study)[0]
    cluster.queue((0, "COMPLETED", "None"))
    shown = (cluster.folder / "squeue").read_text()
    cluster.notes_when("squeue", job, FAILED, shown)
    assert launch(study, [0]) == [0]
    assert [each.why for each in work.attempts(study)[job.folder]] == ["Mine."]


def test_what_is_in_the_queue_is_not_submitted_again(cluster, study, capsys):
    jobs = work.jobs(study)
    noted = submissions.new([jobs[1].folder, jobs[0].folder], [0, 0])
    forgotten = submissions.new([jobs[0].folder], [0])
    submissions.write(study, [forgotten, noted])
    counts = study.parent / "asked"
    cluster.program(
        "squeue",
        f"""echo >>{counts}
        state=RUNNING; [ $(wc -l <{counts}) -gt 2 ] && state=CANCELLED
        echo "{noted.name}|0|7_0|$state|None\"""",
    )
    with pytest.raises(slurm.Cancelled, match="1 run;"):
        launch(study, [1])
    assert cluster.submitted() == 0
    assert submissions.read(study) == [noted]
    counts.write_text("")
    with pytest.raises(slurm.Cancelled, match="1 run;"):
        launch(study)
    assert cluster.submitted() == 1
    assert work.attempts(study)[jobs[0].folder][0].why == "gone from the queue in Slurm"
    assert submissions.read(study)[1].runs == (jobs[0].folder,)
    assert "Already in Slurm: 1 run." in capsys.readouterr().out


def test_a_run_that_has_ended_and_is_leaving_the_queue_is_submitted_again(cluster, study):
    job = work.jobs(study)[0]
    submissions.write(study, [submissions.new([job.folder], [0])])
    work.note(study, job, Attempt(FAILED, "first", 1.0, 1))
    cluster.queue((0, "COMPLETING", "None"))
    cluster.program("sbatch", f"{ACCEPTS}; tail -1 {study}/attempts.jsonl >>{study}/attempts.jsonl")
    assert launch(study, [0]) == [0]
    assert cluster.submitted() == 1


def test_slurm_that_does_not_answer_is_waited_for_but_not_guessed_about(cluster, study, capsys):
    counts = study.parent / "asked"
    cluster.program(
        "squeue",
        f"""echo >>{counts}
        [ $(wc -l <{counts}) -lt 3 ] && {{ echo 'squeue: error: no controller' >&2; exit 1; }}
        echo "${{4#--name=}}|0|7_0|PENDING|BadConstraints"
        [ $(wc -l <{counts}) -lt 6 ] || echo "${{4#--name=}}|0|7_0|TIMEOUT|None\"""",
    )
    submissions.write(study, [])
    launch(study, [0])
    said = capsys.readouterr().out
    assert said.count("Slurm does not answer (squeue: error: no controller)") == 1
    assert said.count("Runs wait in Slurm: BadConstraints.") == 1
    submissions.write(study, [submissions.new([work.jobs(study)[0].folder], [0])])
    counts.write_text("")
    with pytest.raises(UserError, match="no controller"):
        launch(study, [0])
    assert len(submissions.read(study)) == 1


def test_a_process_that_is_asked_to_stop_leaves_its_runs_in_the_queue(cluster, study, capsys):
    cluster.queue((0, "RUNNING", "None"), (1, "PENDING", "Priority"))
    interrupts = Interrupts()
    interrupts.caught = 15
    slurm.launch(study, [0, 1], Options(), interrupts, pytest.fail)
    said = capsys.readouterr().out
    name = submissions.read(study)[0].name
    assert f"scancel --name={name} cancels them." in said
    assert "Left in Slurm, where they go on: 2 runs." in said


def test_a_task_of_a_submission_that_is_not_noted_does_nothing(study, monkeypatch):
    ran = []
    monkeypatch.setattr(work, "run", lambda study, job, interrupts: ran.append(job))
    job = work.jobs(study)[1]
    noted = submissions.new([job.folder], [0])
    task = array_job.Task(study, noted.name, json.dumps(plan.to_dict(job)), ())
    task()
    assert ran == []
    submissions.write(study, [noted])
    task()
    assert ran == [job]


def test_what_is_noted_is_text_and_a_name_is_ours_alone(tmp_path):
    kept = submissions.new([], [])
    hostile = [{"name": "gan_jax-0123456789abcdef,$(touch x)", "runs": [], "tried": []}, 3]
    submissions.write(tmp_path, [kept])
    path = tmp_path / "submissions.json"
    path.write_text(json.dumps([*hostile, *json.loads(path.read_text())]))
    assert submissions.read(tmp_path) == [kept]
    path.write_text("{")
    assert submissions.read(tmp_path) == []


def test_the_queue_is_read_by_name_and_number(cluster):
    name = "gan_jax-0123456789abcdef"
    cluster.program("squeue", f"echo '{name}|3|7_3|PENDING|a|b'; echo '{name}|N/A|8|RUNNING|None'")
    assert squeue.tasks([name]) == {
        (name, 3): squeue.Task("7_3", "PENDING", "a|b"),
        (name, 0): squeue.Task("8", "RUNNING", "None"),
    }
    assert squeue.tasks([]) == {}
