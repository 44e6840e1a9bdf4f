"""N devices, and several processes, compute what one device computes."""

import socket
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from conftest import ROOT, finish, start

from gan_jax import parallel
from gan_jax.errors import UserError
from gan_jax.sampling import eight_bit

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


@pytest.mark.parametrize("devices", [2, 4])
@pytest.mark.parametrize("feed", ["device", "host"])
def test_n_devices_equal_one(one_device, tmp_path, devices, feed):
    assert_equal_runs(trained(tmp_path, devices, f"data.feed={feed}"), one_device)


@pytest.mark.slow
def test_two_processes_of_two_devices_equal_one(one_device, tmp_path):
    """A real jax.distributed run over loopback, that checkpoints, and resumes in one process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    save = f"--save={tmp_path}/state.npz"
    processes = [
        start([TRAINER, tmp_path, *THREE, save, f"--process={i},2,{port}"], devices=2)
        for i in range(2)
    ]
    with ThreadPoolExecutor() as pool:
        outputs = list(pool.map(finish, processes))
    assert_equal_runs(tmp_path, one_device)
    assert "Finished at step 3" in outputs[0]
    states = [next(line for line in o.splitlines() if line.startswith("state ")) for o in outputs]
    assert states[0] == states[1]
    assert sorted(path.name for path in (tmp_path / "checkpoints").iterdir()) == ["2", "3"]
    resumed = finish(start([TRAINER, tmp_path, *THREE, "train.num_steps=4"], devices=4))
    assert "Resuming from step 3." in resumed


def test_a_batch_that_the_devices_do_not_divide_names_one_that_they_do():
    parallel.check_divisible(6)
    with pytest.raises(UserError, match=r"7 cannot be divided over 2 devices.*batch_size=8"):
        parallel.check_divisible(7)
    with pytest.raises(UserError, match="batch_size=2"):
        parallel.check_divisible(1)


def test_unit_range_and_eight_bit_are_inverse_and_fill_the_range():
    levels = np.arange(256, dtype=np.uint8)
    unit = parallel.unit_range(levels)
    assert (float(unit[0]), float(unit[255])) == (-1.0, 1.0)
    np.testing.assert_array_equal(eight_bit(unit), levels)
    np.testing.assert_array_equal(eight_bit(np.float32([-3, 3])), [0, 255])
