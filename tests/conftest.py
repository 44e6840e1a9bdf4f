"""Two CPU devices, strict rank promotion, a cache of the session's own, and a tiny real run."""

import gc
import os
import signal
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

# Compiling is most of what the tests do; processes that they start run as users' do.
os.environ["XLA_FLAGS"] = (
    "--xla_backend_optimization_level=0 --xla_cpu_parallel_codegen_split_count=1"
    " --xla_cpu_enable_concurrency_optimized_scheduler=false"
    " --xla_backend_extra_options=xla_none"  # in place of launch.py's
)
if version("jaxlib") < "0.11":  # a flag that a later one does not know ends the process
    os.environ["XLA_FLAGS"] += " --xla_cpu_use_fusion_emitters=false"

import jax
import pytest
from absl import flags
from absl.testing import flagsaver

# A job in the background, or under nohup, starts with these ignored, and so would all it starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)

jax.config.update("jax_num_cpu_devices", 2)
jax.config.update("jax_numpy_rank_promotion", "raise")
jax.config.update("jax_traceback_in_locations_limit", 0)  # which no test reads
gc.set_threshold(100_000, 50, 100)  # traces are a great many objects, and stay

# the devices are set before anything uses them
import launch  # noqa: E402
from gan_jax.data import Digits  # noqa: E402
from gan_jax.methods import GAN, Adam, Checkpoint, GameTrain, Log, Sample  # noqa: E402
from gan_jax.networks import DCGANDisc, DCGANGen, Normal  # noqa: E402
from gan_jax.objectives import NonSaturating  # noqa: E402
from gan_jax.ops import onednn  # noqa: E402
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


MOST_MAPS = 20_000
"""Regions of memory that compiled programs may take; Linux ends a process with 65,530 of them."""


@pytest.fixture(scope="module", autouse=True)
def _few_programs():
    yield
    maps = Path("/proc/self/maps")
    if maps.exists() and len(maps.read_bytes().splitlines()) > MOST_MAPS:
        jax.clear_caches()


@pytest.fixture
def without_onednn(monkeypatch):
    """As on a machine that has none of its convolutions."""
    monkeypatch.setattr(onednn, "is_there", lambda: False)


def tiny_config(**changes) -> GAN:
    """The cars' system on 8x8 digits, small enough to compile in seconds."""
    optimizer = Adam(learning_rate=1e-3, b1=0.5, epsilon=1e-7)
    norm = {"kernel_size": 5, "batch_norm_momentum": 0.8, "batch_norm_epsilon": 1e-3}
    return GAN(
        experiment="tiny",
        data=Digits(height=8, width=8, channels=1),
        latents=Normal(dimension=6),
        gen=DCGANGen(features=(8, 4), **norm),
        gen_optimizer=optimizer,
        disc=DCGANDisc(features=(4, 8), dropout_rate=0.2, **norm),
        disc_optimizer=optimizer,
        loss=NonSaturating(real_target=0.9),
        train=GameTrain(num_steps=4, batch_size=8, disc_update="in_turn"),
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


def wait_for(path: Path, process: subprocess.Popen, seconds: float = 120) -> None:
    """Returns when a file is there that the running process is to make."""
    end = time.monotonic() + seconds
    while not path.exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < end, f"{path} did not appear"
        time.sleep(0.05)


@pytest.fixture
def tiny() -> GAN:
    return tiny_config()


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Runs the command line in an empty folder: (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "no-data"))

    def call(*arguments):
        code = 0
        with flagsaver.flagsaver():
            flags.FLAGS(["launch.py", *arguments])
            try:
                launch.main(["launch.py"])
            except SystemExit as error:
                code = error.code
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call
