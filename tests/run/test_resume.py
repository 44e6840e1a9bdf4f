"""A run that was interrupted, in any way, is the run that was not."""

import json
import re
import signal

import numpy as np
import pytest
from conftest import ROOT, finish, start, tiny_config, wait_for

from gan_jax import train
from gan_jax.config import override
from gan_jax.errors import UserError
from gan_jax.run import status

TRAINER = ROOT / "tests" / "trainer.py"
STEPS = ("train.num_steps=12", "log.every_steps=4", "sample.every_steps=6")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """The uninterrupted run of 12 steps: (its directory, what it printed)."""
    workdir = tmp_path_factory.mktemp("whole")
    return workdir, finish(start([TRAINER, workdir, *STEPS, "--curves="]))


def state_of(output):
    return re.search(r"^state (\w+)$", output, re.MULTILINE).group(1)


def rows(workdir):
    """The log rows without the one figure that is about the machine."""
    lines = (workdir / "metrics.jsonl").read_text().splitlines()
    return [{**json.loads(line), "images_per_second": None} for line in lines]


def assert_same_run(workdir, output, whole):
    assert state_of(output) == state_of(whole[1])
    assert rows(workdir) == rows(whole[0])
    for folder in ("samples", "samples_raw"):
        pictures = sorted(path.name for path in (whole[0] / folder).iterdir())
        assert pictures == [f"step_{step:08d}.png" for step in (0, 6, 12)]
        for name in pictures:
            expected = (whole[0] / folder / name).read_bytes()
            assert (workdir / folder / name).read_bytes() == expected, name


@pytest.mark.parametrize(
    ("first", "second", "kill"),
    [
        ("host", "device", "--kill-after-save=4"),
        pytest.param("device", "device", "--kill-at=7", marks=pytest.mark.slow),
        pytest.param("device", "host", "--kill-after-save=6", marks=pytest.mark.slow),
    ],
)
def test_kill_and_resume_is_exact_to_the_bit_on_both_feeding_paths(
    whole, tmp_path, first, second, kill
):
    """Checkpoints come at 2, 4 and 6. Killed at 7 or later, the row of step 8 spans the gap; killed
    right after a checkpoint, the row of step 4 or the grid of step 6 must be there already."""
    first, second = (f"data.feed={feed}" for feed in (first, second))
    finish(start([TRAINER, tmp_path, *STEPS, first, kill]), code=-signal.SIGKILL)
    output = finish(start([TRAINER, tmp_path, *STEPS, second]))
    assert re.search(r"Resuming from step [246]\.", output)
    assert_same_run(tmp_path, output, whole)


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.slow)]
)
def test_a_signal_finishes_the_call_saves_and_says_so(whole, tmp_path, number):
    process = start([TRAINER, tmp_path, "train.num_steps=100000", *STEPS[1:]])
    wait_for(tmp_path / "samples" / "step_00000006.png", process)
    process.send_signal(number)
    output = finish(process, code=75)
    step = int(re.search(rf"Stopped by {number.name} and saved at step (\d+)", output).group(1))
    assert (tmp_path / "checkpoints" / str(step)).is_dir()
    resumed = finish(start([TRAINER, tmp_path, f"train.num_steps={step + 3}", *STEPS[1:]]))
    assert f"Resuming from step {step}." in resumed
    assert rows(tmp_path)[:1] == rows(whole[0])[:1]
    steps = [row["step"] for row in rows(tmp_path)]
    assert steps == sorted(set(steps))


@pytest.mark.slow
def test_a_longer_run_goes_on_from_a_shorter_one(whole, tmp_path):
    """Ended at 7, which is no log step of the longer run: its means span the end too."""
    finish(start([TRAINER, tmp_path, "train.num_steps=7", *STEPS[1:]]))
    output = finish(start([TRAINER, tmp_path, *STEPS]))
    assert state_of(output) == state_of(whole[1])
    later = [row for row in rows(tmp_path) if row["step"] != 7]
    assert later == rows(whole[0])


def test_a_changed_config_is_refused_with_the_differences(whole):
    before = sorted(path.name for path in (whole[0] / "checkpoints").iterdir())
    config = override(tiny_config(), {"train.batch_size": 4, "seed": 3})
    with pytest.raises(UserError, match=r"seed: 0 -> 3; .*train\.batch_size: 8 -> 4"):
        train.run(config, whole[0])
    assert sorted(path.name for path in (whole[0] / "checkpoints").iterdir()) == before


def test_a_done_run_says_how_to_go_on(whole, capsys):
    state = train.run(override(tiny_config(), {"train.num_steps": 12}), whole[0])
    assert "Step 12 of 12 is done; --set=train.num_steps=N goes on" in capsys.readouterr().out
    assert int(state.step) == 12


def test_a_run_killed_after_its_last_checkpoint_is_noted_as_finished(whole):
    """Else a study would have it done again, for ever."""
    (whole[0] / "report.html").unlink()
    status.write(whole[0], "running", 0)
    assert status.read(whole[0])["state"] == "killed"
    train.run(override(tiny_config(), {"train.num_steps": 12}), whole[0])
    noted = status.read(whole[0])
    assert (noted["state"], noted["step"]) == ("finished", 12)
    assert (whole[0] / "report.html").is_file()


def test_what_a_run_leaves(whole):
    workdir, output = whole
    assert output.splitlines()[0] == f"Run directory: {workdir}"
    value = r"[\d.]+  "
    metrics = rf"D loss {value}G loss {value}D\(real\) {value}D\(fake\) {value}"
    assert re.search(rf"step 8/12  \d+ images/s  {metrics}00:\d\d left", output)
    assert "Finished at step 12 of 12." in output
    assert json.loads((workdir / "config.json").read_text())["train"]["num_steps"] == 12
    environment = json.loads((workdir / "environment.json").read_text())
    for name in ("packages", "devices", "process_count", "xla_flags", "git_commit", "data"):
        assert name in environment
    assert len(environment["data"]["fingerprint"]) == 16
    assert [row["step"] for row in rows(workdir)] == [4, 8, 12]
    for row in rows(workdir):
        assert {"step", "d/loss", "g/loss", "images_per_second"} <= set(row)
        values = [value for name, value in row.items() if name != "images_per_second"]
        assert np.isfinite(values).all()
    for name in ("reals.png", "losses.png"):
        assert (workdir / name).stat().st_size > 100
    (events,) = workdir.glob("events.out.tfevents.*")
    content = events.read_bytes()
    names = ("d/loss", "images_per_second", "samples", "weights/gen/params",
             "weights/disc/params", "evaluation/d/logit_real")  # fmt: skip
    for name in names:
        assert name.encode() in content


def test_a_value_that_is_not_finite_stops_the_run(tmp_path):
    """The rate makes the weights overflow; the checkpoints before it stay."""
    output = finish(start([TRAINER, tmp_path, *STEPS, "gen_optimizer.learning_rate=1e38"]), code=3)
    stopped = r"gan_jax: Training stopped at step (\d+): .*(is nan|is inf|is not finite)"
    step = int(re.search(stopped, output).group(1))
    kept = [int(path.name) for path in (tmp_path / "checkpoints").iterdir()]
    assert all(number < step for number in kept)
    last = f"the last good checkpoint is of step {max(kept)}" if kept else "there is no checkpoint"
    assert last in output
    assert "Traceback" not in output
