"""One peer in a process of its own: python -m benchmarks.worker PEER PROBLEM_FILE

Reads commands from standard input and answers each with one JSON line:
`first` the three losses of the first step, `run N` the seconds that N steps took, `memory` the
peak of the process in MiB.
"""

import importlib
import json
import resource
import sys
import time
from pathlib import Path

from benchmarks import problem as problems


def main(peer: str, path: str) -> None:
    problem = problems.load(Path(path))
    module = importlib.import_module(f"benchmarks.peers.{peer}")
    step = None
    for line in sys.stdin:
        command, *arguments = line.split()
        if command == "first":
            answer = module.make(problems.without_dropout(problem)).first()
        elif command == "run":
            step = step or module.make(problem)
            began = time.perf_counter()
            step.run(int(arguments[0]))
            answer = time.perf_counter() - began
        elif command == "memory":
            answer = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print("answer", json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
