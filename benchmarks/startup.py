"""Seconds from the command to the first log row of a run, with empty caches and with full ones.

    python -m benchmarks.startup --experiment=dcgan_cifar_cars --data_dir=FOLDER

Further flags go to launch.py. The row of step 1 is written while step 2 runs, so that the figure
holds all that comes before: imports, data, compiling, a first grid of samples, a step.
"""

import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LAUNCH = Path(__file__).parent.parent / "launch.py"


def seconds_to_first_row(flags: list[str], cache: Path, workdir: Path) -> float:
    """Starts a run, waits for its first row, and ends it."""
    command = [sys.executable, str(LAUNCH), *flags, f"--workdir={workdir}"]
    began, rows = time.perf_counter(), workdir / "metrics.jsonl"
    process = subprocess.Popen(
        [*command, "--set=log.every_steps=1"],
        env=os.environ | {"GAN_JAX_CACHE_DIR": str(cache)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not (rows.exists() and rows.stat().st_size):
        if process.poll() is not None:
            assert process.stderr
            raise SystemExit(f"benchmarks: the run ended. {process.stderr.read().strip()}")
        time.sleep(0.01)
    took = time.perf_counter() - began
    process.terminate()
    process.wait()
    return took


def main() -> None:
    flags = sys.argv[1:] or ["--experiment=dcgan_cifar_cars"]
    print(f"{platform.machine()}, {os.cpu_count()} cores: {' '.join(flags)}")
    with tempfile.TemporaryDirectory() as folder:
        for name in ("empty caches", "full caches"):
            took = seconds_to_first_row(flags, Path(folder, "cache"), Path(folder, name))
            print(f"{name}: {took:.1f} s", flush=True)


if __name__ == "__main__":
    main()
