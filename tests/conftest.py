"""Two CPU devices, strict rank promotion, a cache of the session's own, and a tiny real run."""

import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

# Compiling is most of what the tests do; processes that they start run as users' do.
os.environ["XLA_FLAGS"] = "--xla_backend_optimization_level=0"
if version("jaxlib") < "0.11":  # a flag that a later one does not know ends the process
    os.environ["XLA_FLAGS"] += " --xla_cpu_use_fusion_emitters=false"

import jax
import pytest

jax.config.update("jax_num_cpu_devices", 2)
jax.config.update("jax_numpy_rank_promotion", "raise")

# the devices are set before anything uses them
from gan_jax.config import (  # noqa: E402
    Checkpoint,
    Config,
    Data,
    Latents,
    Log,
    Loss,
    Network,
    Optimizer,
    Sample,
    Train,
)
from gan_jax.system import user_cache  # noqa: E402

ROOT = Path(__file__).parent.parent
TEST_DATA = Path(os.environ.get("GAN_JAX_TEST_DATA") or "no-test-data")
"""A folder with prepared TFDS data (`tfds`) and photographs (`roses`); tests skip without it."""


@pytest.fixture(scope="session", autouse=True)
def cache(tmp_path_factory):
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "cache"
    folder.mkdir(exist_ok=True)
    os.environ["GAN_JAX_CACHE_DIR"] = str(folder)
    user_cache.keep_compiled_programs()  # what one test compiled, others load
    return folder


def tiny_config(**changes) -> Config:
    """The cars' system on 8x8 digits, small enough to compile in seconds."""
    optimizer = Optimizer("adam", learning_rate=1e-3, b1=0.5, epsilon=1e-7)
    norm = {"kernel_size": 5, "batch_norm_momentum": 0.8, "batch_norm_epsilon": 1e-3}
    return Config(
        experiment="tiny",
        data=Data(source="digits", height=8, width=8, channels=1),
        latents=Latents(dimension=6),
        gen=Network(features=(8, 4), optimizer=optimizer, **norm),
        disc=Network(features=(4, 8), dropout_rate=0.2, optimizer=optimizer, **norm),
        loss=Loss(real_target=0.9),
        train=Train(num_steps=4, batch_size=8, disc_update="in_turn"),
        log=Log(every_steps=2),
        sample=Sample(every_steps=4, num_images=4),
        checkpoint=Checkpoint(every_steps=2),
        **changes,
    )


def start(arguments, devices=1, **options) -> subprocess.Popen:
    """A Python process in the project's root, with the user's own compiler settings."""
    environment = {**os.environ, "JAX_NUM_CPU_DEVICES": str(devices), "PYTHONUNBUFFERED": "1"}
    environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    del environment["XLA_FLAGS"]
    command = [sys.executable, *map(str, arguments)]
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        **options,
    )


def finish(process: subprocess.Popen, code: int | None = 0) -> str:
    """What a process printed; it must end with this exit code."""
    output = process.communicate(timeout=240)[0]
    assert code is None or process.returncode == code, output
    return output


@pytest.fixture
def tiny() -> Config:
    return tiny_config()
