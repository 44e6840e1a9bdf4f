"""One peer in a process of its own: python -m benchmarks.worker PEER PROBLEM_FILE

Reads commands from standard input and answers each with a line of JSON: `first` the losses of the
first step, `run N` the seconds that N steps took, `memory` the process's peaks in MiB, the host's
after the first run, which compiles, and the device's (null for a CPU), `gemm` and `describe` what
`benchmarks.machine` says of the device. What a peer cannot do is one sentence, after `refused`, and
its end.
"""

import contextlib
import importlib
import json
import resource
import sys
import time
from pathlib import Path

from benchmarks import machine
from benchmarks import problem as problems
from gan_jax.errors import UserError
from gan_jax.system import xla


def main(peer: str, path: str) -> None:
    xla.use_multi_output_fusion()  # as launch.py does
    problem = problems.load(Path(path))
    module = importlib.import_module(f"benchmarks.peers.{peer}")
    step = None
    for line in sys.stdin:
        command, *arguments = line.split()
        if command == "first":
            answer = module.make(problems.for_comparison(problem)).first()
        elif command == "run":
            if is_first := step is None:
                step = module.make(problem)
            began = time.perf_counter()
            step.run(int(arguments[0]))
            answer = time.perf_counter() - began
            if is_first:
                _forget_peak()
        elif command == "memory":
            host = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            answer = [host, step.device_mib() if step else None]
        elif command == "gemm":
            answer = machine.gemm_rates()
        elif command == "describe":
            answer = machine.describe()
        print("answer", json.dumps(answer), flush=True)


def _forget_peak() -> None:
    """Lets the peak of the host's memory begin anew, where Linux lets a process do that."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except UserError as error:
        print("refused", error, flush=True)
    except ModuleNotFoundError as error:
        print(f"refused {error.name} is not here; pip install -e '.[bench]' installs it.")
