"""What the loop calls at steps: hooks that answer at once, and writing that keeps its order."""

import json
import os
import signal
import threading
import time

import jax
import numpy as np
import pytest
from conftest import tiny_config

from gan_jax import data, methods, train
from gan_jax.config import override
from gan_jax.devices.mesh import place
from gan_jax.evaluation.looks import Plan
from gan_jax.method import Example
from gan_jax.metrics import label_maps
from gan_jax.run import hooks
from gan_jax.run.background import Background
from gan_jax.run.checkpoint import Checkpoints
from gan_jax.run.hooks import Saving, make_hooks
from gan_jax.run.interrupts import Interrupts
from gan_jax.run.writers import Writers

NONE = Plan(0, None, ())
STEPS = {"train.num_steps": 6, "log.every_steps": 2, "sample.every_steps": 3}


def rows(workdir):
    return [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def watched(tmp_path_factory):
    """A run with a slow disk: what each save was given, which rows there were at it, the threads
    that wrote, and the rows at the end."""
    workdir, given, there, threads = tmp_path_factory.mktemp("run"), {}, {}, set()
    call, save, scalars = Saving.__call__, Checkpoints.save, Writers.scalars

    def noted_call(self, step, state, sums, values=()):
        given[step] = values
        call(self, step, state, sums, values)

    def noted_save(self, step, **items):
        there[step] = [row["step"] for row in rows(workdir)]
        save(self, step, **items)

    def slow(self, step, values):
        time.sleep(0.3)
        threads.add(threading.current_thread())
        scalars(self, step, values)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Saving, "__call__", noted_call)
        patch.setattr(Checkpoints, "save", noted_save)
        patch.setattr(Writers, "scalars", slow)
        train.run(override(tiny_config(), {**STEPS, "checkpoint.every_steps": 2}), workdir)
    return given, there, threads, rows(workdir)


def test_the_checkpoint_hook_has_the_values_of_the_row_at_its_step(watched):
    given, _, _, written = watched
    assert sorted(given) == [row["step"] for row in written] == [2, 4, 6]
    for row in written:
        (values,) = given[row["step"]]
        assert {"step": row["step"], **values} == {
            name: value for name, value in row.items() if name != "images_per_second"
        }
        assert {"d/loss", "eval/d/loss", "eval/g/loss"} <= set(values)
    measured = ["memorisation/share" in values for (values,) in given.values()]
    assert measured == [False, True, True]  # which follow the grids of steps 3 and 6


def test_a_row_is_written_by_a_thread_before_the_checkpoint_of_its_step(watched):
    _, there, threads, _ = watched
    assert there == {2: [2], 4: [2, 4], 6: [2, 4, 6]}
    assert len(threads) == 1
    assert threading.main_thread() not in threads


def test_hooks_have_intervals_of_their_own(tmp_path):
    config = override(tiny_config(), STEPS)
    dataset, method = data.load(config.data), methods.make(config)
    with (
        Background() as background,
        make_hooks(config, tmp_path, dataset, method, 0, place(1), NONE, background) as made,
    ):
        (own,) = made._hooks
        due = {type(hook).__name__: [s for s in range(7) if hook.is_due(s)] for hook in own}
    assert due == {
        "Evaluation": [2, 3, 4, 6],
        "Measures": [4, 6],
        "Scores": [],
        "Rows": [2, 4, 6],
        "Grids": [0, 3, 6],
    }
    assert (tmp_path / "reals.png").exists()


def test_a_signal_while_a_segmenter_learns_ends_the_run_at_once(tmp_path, monkeypatch):
    """It learns before the loop, where a signal waits for what the loop is doing."""

    def interrupted(known, colours):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)

    draw = np.random.default_rng(0)
    maps = np.uint8([(0, 0, 0), (255, 0, 0)])[draw.integers(2, size=(64, 8, 8))]
    pairs = Example(draw.integers(256, size=maps.shape, dtype=np.uint8), source=maps)
    known = data.dataset(pairs, None, (), ())
    changes = {"condition.name": "stored", "gen.name": "srcnn", "gen.features": "4",
               "latents.dimension": 0, "disc.name": "patch", "disc.features": "4,4",
               "data.channels": 3}  # fmt: skip
    monkeypatch.setattr(data, "load", lambda source: known)
    monkeypatch.setattr(type(tiny_config().data), "has_sources", True)
    monkeypatch.setattr(label_maps, "train", interrupted)
    began = time.monotonic()
    with Interrupts() as interrupts, pytest.raises(KeyboardInterrupt):
        train.run(override(tiny_config(), STEPS | changes), tmp_path, interrupts)
    assert not interrupts.caught
    assert time.monotonic() - began < 60


def test_processes_other_than_the_first_have_hooks_that_do_nothing(tmp_path, monkeypatch):
    monkeypatch.setattr(jax, "process_index", lambda: 1)
    with make_hooks(tiny_config(), tmp_path, None, None, 0, None, NONE, Background()) as made:
        made.start_clock()
        assert made(2, None) == ()
        made.stop_clock()
    assert type(made) is hooks.Hooks
    assert list(tmp_path.iterdir()) == []


def test_the_first_failure_is_kept_and_nothing_is_called_after_it():
    called = []

    def fails(number):
        called.append(number)
        raise ValueError(number)

    with Background() as background:
        assert background.call(len, "abc") == 3
        background.submit(time.sleep, 0.05)
        background.submit(called.append, 1)
        background.submit(fails, 2)
        background.submit(called.append, 3)
        background.wait()
        assert background.call(len, "abc") is None
        background.submit(fails, 4)
    assert called == [1, 2]
    assert background.failure.args == (2,)
