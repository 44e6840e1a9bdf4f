"""Seconds from the command to the first step of a run, with empty caches and with full ones.

    python -m benchmarks.startup --experiment=dcgan_cifar_cars --data_dir=FOLDER

Further flags go to launch.py. The step starts once imports are made, data read and all is compiled;
its log row comes when a first grid of samples is written and step 2 has run too.
"""

import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LAUNCH = Path(__file__).parent.parent / "launch.py"
COMPILED = "Compiled the training step"  # what launch.py says just before the first step


def seconds_to_start(flags: list[str], cache: Path, workdir: Path) -> tuple[float, float]:
    """Starts a run and ends it. Seconds until its first step starts, and until its first row."""
    command = [sys.executable, str(LAUNCH), *flags, f"--workdir={workdir}"]
    began, rows = time.perf_counter(), workdir / "metrics.jsonl"
    process = subprocess.Popen(
        [*command, "--set=log.every_steps=1"],
        env=os.environ | {"GAN_JAX_CACHE_DIR": str(cache)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout and process.stderr
    starts = any(line.startswith(COMPILED) for line in process.stdout)
    to_step = time.perf_counter() - began
    while not (starts and rows.exists() and rows.stat().st_size):
        if not starts or process.poll() is not None:
            raise SystemExit(f"benchmarks: the run ended. {process.stderr.read().strip()}")
        time.sleep(0.01)
    to_row = time.perf_counter() - began
    process.terminate()
    process.communicate()
    return to_step, to_row


def main() -> None:
    flags = sys.argv[1:] or ["--experiment=dcgan_cifar_cars"]
    print(f"{platform.machine()}, {os.cpu_count()} cores: {' '.join(flags)}")
    with tempfile.TemporaryDirectory() as folder:
        for name in ("empty caches", "full caches"):
            step, row = seconds_to_start(flags, Path(folder, "cache"), Path(folder, name))
            print(f"{name}: first step from {step:.1f} s on, its row at {row:.1f} s", flush=True)


if __name__ == "__main__":
    main()
