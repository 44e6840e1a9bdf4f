"""N devices, and several processes, compute what one device computes."""

import socket
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from conftest import ROOT, finish, start

from gan_jax.data import kinds
from gan_jax.devices import collectives, parallel
from gan_jax.devices.mesh import place
from gan_jax.errors import UserError
from gan_jax.method import Example, Method

TRAINER = ROOT / "tests" / "trainer.py"
THREE = ("train.num_steps=3", "log.every_steps=1")


@pytest.fixture(scope="module")
def one_device(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("one"), devices=1)


def trained(workdir, devices, *changes):
    finish(start([TRAINER, workdir, *THREE, f"--save={workdir}/state.npz", *changes], devices))
    return workdir


def assert_equal_runs(workdir, one_device):
    """Every array of the state to 1e-4 of its largest value, every metric to 1e-4 relative."""
    with np.load(one_device / "state.npz") as one, np.load(workdir / "state.npz") as many:
        assert one.files == many.files
        for name in one.files:
            scale = np.abs(one[name]).max()
            np.testing.assert_allclose(many[name], one[name], rtol=1e-4, atol=1e-4 * scale)
    rows = [(d / "metrics.jsonl").read_text().splitlines() for d in (one_device, workdir)]
    assert len(rows[0]) == 3
    for first, second in zip(*map(read, rows), strict=True):
        np.testing.assert_allclose(second, first, rtol=1e-4, atol=1e-4)


def read(lines):
    import json

    return [[v for k, v in json.loads(line).items() if k != "images_per_second"] for line in lines]


@pytest.mark.parametrize(("devices", "feed"), [(2, "host"), (4, "device")])
def test_n_devices_equal_one(one_device, tmp_path, devices, feed):
    assert_equal_runs(trained(tmp_path, devices, f"data.feed={feed}"), one_device)


def two_processes(*arguments):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    processes = [
        start([TRAINER, *arguments, f"--process={i},2,{port}"], devices=2) for i in range(2)
    ]
    with ThreadPoolExecutor() as pool:
        return list(pool.map(finish, processes))


@pytest.mark.slow
def test_two_processes_of_two_devices_equal_one(one_device, tmp_path):
    """A real jax.distributed run over loopback, that checkpoints, and resumes in one process.

    Its first row comes at step 20: until then the processes choose the length of their calls, and
    must choose alike, though the clock of the second one runs at a tenth of the speed.
    """
    rare = [f"{part}.every_steps=20" for part in ("log", "sample", "checkpoint")]
    outputs = two_processes(tmp_path / "long", *rare, "train.num_steps=20")
    assert "Finished at step 20" in outputs[0]
    outputs = two_processes(tmp_path, *THREE, f"--save={tmp_path}/state.npz")
    assert_equal_runs(tmp_path, one_device)
    assert "Finished at step 3" in outputs[0]
    states = [next(line for line in o.splitlines() if line.startswith("state ")) for o in outputs]
    assert states[0] == states[1]
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == ["2", "3"]
    resumed = finish(start([TRAINER, tmp_path, *THREE, "train.num_steps=4"], devices=4))
    assert "Resuming from step 3." in resumed


class Counter(NamedTuple):
    step: jax.Array


def counting(bad_step):
    """A method whose one metric is the step, and NaN at `bad_step`."""

    def step(state, batch, key):
        assert batch.label is batch.caption is None
        own = jnp.abs(batch.x - batch.source).max()  # 0 where x has its own source
        seen = collectives.mean(batch.x.mean() + 1_000 * own)
        value = jnp.where(state.step == bad_step, jnp.nan, state.step + 0.0)
        return Counter(state.step + 1), {"value": value, "seen": seen}

    return Method(lambda key: Counter(jnp.zeros((), jnp.int32)), None, step, None, None)


def called(bad_step, lengths):
    """The last outcome of calls of these lengths on all devices, of images 0, 1, 2, ..."""
    x = np.zeros((2, 1, 1, 1), np.float32)
    batch = Example(x, source=x)
    traced = parallel.trace(counting(bad_step), Counter(np.int32(0)), batch)
    program = parallel.many_steps(traced, kinds.Picture(1, 1, 1), split_pool=False)
    images = np.arange(20, dtype=np.uint8).reshape(20, 1, 1, 1)
    pool = place(1).share(Example(images, source=images))
    state = Counter(np.int32(0))
    carried = place(1).share((state, parallel.zero_sums(traced.metrics)))
    done = 0
    for length in lengths:
        places = np.zeros((2, 8, 1), np.int32)
        places[:, :length, 0] = 2 * (done + np.arange(length)) + np.array([[0], [1]])
        outcome = program(*carried, pool, places, jax.random.key(0), np.int32(length))
        carried, done = (outcome.state, outcome.sums), done + length
    return outcome


@pytest.mark.parametrize("lengths", [(5,), (1, 4), (2, 0, 3)])
def test_calls_of_any_lengths_are_the_same_steps(lengths):
    outcome = called(-1, lengths)
    assert int(outcome.state.step) == int(outcome.sums.steps) == 5
    assert float(outcome.sums.values["value"]) == 0 + 1 + 2 + 3 + 4
    seen = sum((2 * i + 0.5) / 127.5 - 1 for i in range(5))  # step i sees images 2i and 2i + 1
    assert float(outcome.sums.values["seen"]) == pytest.approx(seen, rel=1e-5)
    assert bool(outcome.finite)


def test_a_call_ends_at_the_step_that_is_not_finite():
    outcome = called(3, (7,))
    assert int(outcome.state.step) == 4
    assert not bool(outcome.finite)


@pytest.mark.parametrize("broken", [[np.nan], [np.inf], [-np.inf], [np.inf, -np.inf]])
def test_a_number_that_is_not_finite_is_found_in_the_run_that_has_it(broken):
    fine, leaf = jnp.full((2, 3), 3e37), np.zeros((2, 2, 5), np.float32)
    assert parallel._finite((fine, jnp.arange(2)), (2,)).tolist() == [True, True]
    leaf[1].flat[2 : 2 + len(broken)] = broken
    leaf = jnp.asarray(leaf)
    assert parallel._finite((fine, leaf), (2,)).tolist() == [True, False]
    assert not parallel._finite((fine, leaf), ())


def test_a_batch_that_the_devices_do_not_divide_names_one_that_they_do():
    parallel.check_divisible(6, place(1))
    with pytest.raises(UserError, match=r"7 cannot be divided over 2 devices.*batch_size=8"):
        parallel.check_divisible(7, place(1))
    with pytest.raises(UserError, match="batch_size=2"):
        parallel.check_divisible(1, place(1))
