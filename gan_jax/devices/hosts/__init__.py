"""Several processes as one run: connected, agreed on what they do, and ending together.

What they tell each other here goes through JAX's coordination service and not through collectives,
which fail where one process is half a minute behind (on CPUs).
"""

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import jax
import numpy as np

from gan_jax.devices.hosts.watch import PATIENCE_SECONDS, Watch
from gan_jax.errors import UserError
from gan_jax.system import disk
from gan_jax.system.names import printable

__all__ = [
    "agree",
    "agree_on",
    "connect",
    "disconnect",
    "end",
    "ending_together",
    "exchange",
    "gather",
    "share",
    "suspect",
    "wait",
]

FLAGS = "--coordinator_address=HOST:PORT --num_processes=N --process_id=I"

_watch: Watch | None = None
_coordinator: subprocess.Popen | None = None
_count = 0  # of the times that the processes waited for each other
_exchanged = ""  # the name of what they exchanged last

SHARED_SECONDS = 10.0
"""For which a process looks for a file of a name that was never there, which another one wrote."""


def connect(
    address: str | None = None, num_processes: int | None = None, process_id: int | None = None
) -> None:
    """Connects this process with the others of a run; what is None, JAX finds on a cluster.

    Raises `UserError` where that cannot be.
    """
    global _watch
    jax.config.update("jax_enable_preemption_service", False)  # it would swallow SIGTERM
    try:
        with _service_apart():
            jax.distributed.initialize(
                coordinator_address=address,
                num_processes=num_processes,
                process_id=process_id,
                initialization_timeout=PATIENCE_SECONDS,
            )
    except (RuntimeError, ValueError) as error:
        reason = str(error).strip().splitlines()[0]
        if "should be defined" in reason or "must be defined" in reason:
            raise UserError(
                f"JAX finds no cluster here ({reason}); start each process with {FLAGS}."
            ) from error
        raise UserError(f"The hosts could not be connected: {reason}") from error
    from jax._src import distributed  # as orbax does: the store has no public name

    client, index = distributed.global_state.client, distributed.global_state.process_id
    _watch = Watch(client, index, distributed.global_state.num_processes, socket.gethostname())
    jax.devices()  # all processes tell of their devices at once, before what takes them minutes


@contextlib.contextmanager
def _service_apart() -> Iterator[None]:
    """Lets the first process start `coordinator` in place of a service of its own."""
    from jax._src.lib import _jax

    inside = _jax.get_distributed_runtime_service
    _jax.get_distributed_runtime_service = _start_service
    try:
        yield
    finally:
        _jax.get_distributed_runtime_service = inside


class _Service:
    """What JAX knows of the service that runs apart."""

    def shutdown(self) -> None:
        _let_go("done")


def _let_go(word: str) -> None:
    if _coordinator and _coordinator.stdin and not _coordinator.stdin.closed:
        with contextlib.suppress(OSError):
            _coordinator.stdin.write(word)
            _coordinator.stdin.close()


def _start_service(address: str, num_processes: int, **_options: Any) -> _Service:
    global _coordinator
    program = Path(__file__).with_name("coordinator.py")
    _coordinator = subprocess.Popen(
        [sys.executable, str(program), address, str(num_processes)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert _coordinator.stdout
    said = _coordinator.stdout.readline().strip()
    if said != "ready":
        raise UserError(
            f"The coordination service cannot listen on {address} ({said or 'it ended'}); give "
            "another port by --coordinator_address or, on a cluster, by JAX_COORDINATOR_PORT."
        )
    return _Service()


def disconnect() -> None:
    """Ends the connection of a run that has ended well, once all processes have come here."""
    global _watch
    if _watch is None:
        return
    wait()
    _watch.stop()
    _watch = None
    jax.distributed.shutdown()


@contextlib.contextmanager
def ending_together() -> Iterator[None]:
    """An exception that ends this process ends all others of its run, with its sentence, and ends
    this one at once: JAX would wait for the others for minutes. Alone, exceptions go their way."""
    try:
        yield
    except UserError as error:
        if _watch is None:
            raise
        end(str(error), error.exit_code)
        _exit(f"gan_jax: {error}", error.exit_code)
    except Exception as error:
        if _watch is None:
            raise
        suspect()
        end(f"a defect, {type(error).__name__}: {str(error).strip().splitlines()[:1]}", 1)
        _exit(traceback.format_exc(), 1)


def suspect() -> None:
    """After a failure: where a lost process is behind it, ends this one with a sentence."""
    if _watch is not None:
        _watch.suspect()


def end(sentence: str, code: int) -> None:
    """Tells all other processes that this one ends with a sentence; they end with the same code."""
    if _watch is not None:
        _watch.end(sentence, code)
        time.sleep(1.5)  # they look every second
        _let_go("told")


def _exit(said: str, code: int) -> NoReturn:
    print(said, file=sys.stderr, flush=True)
    sys.stdout.flush()
    os._exit(code)


def wait() -> None:
    """Returns when all processes have come here, as each must the same number of times."""
    global _count
    if _watch is not None:
        _count += 1
        _watch.barrier(str(_count))


def gather(value: float) -> np.ndarray:
    """The number of each process, float64 [processes]; all of them must ask together."""
    return np.array([float(text) for text in exchange(repr(float(value)))])


def exchange(text: str) -> list[str]:
    """The text of each process, by its number; all of them must ask together."""
    global _exchanged
    if _watch is None:
        return [text]
    name = f"exchange/{_count + 1}"
    _watch.set(f"{name}/{_watch.index}", text)
    wait()
    found = _watch.all(name)
    if _exchanged and _watch.index == 0:
        _watch.drop(_exchanged)  # which all have read that came here
    _exchanged = name
    return [found[index] for index in sorted(found)]


def share(folder: Path) -> None:
    """Raises `UserError` in every process where not all of them see the same folder."""
    if _watch is None:
        return
    token = secrets.token_hex(8)
    mine = folder / f".hosts-{token}"
    if _watch.index == 0:
        disk.write_whole(mine, b"")
    token, place = exchange(f"{token} {folder.absolute()}")[0].split(" ", 1)
    end = time.monotonic() + SHARED_SECONDS
    while not (seen := (folder / f".hosts-{token}").exists()) and time.monotonic() < end:
        time.sleep(0.5)
    blind = [_watch.name(index) for index, sees in enumerate(gather(seen)) if not sees]
    mine.unlink(missing_ok=True)
    if blind:
        raise UserError(
            f"The run directory of {_watch.name(0)}, {printable(place)}, is not that of "
            f"{', '.join(blind)}; give a --workdir on a file system that all hosts share."
        )


_FAILED = 1_000
"""Above the number of any signal."""


def agree(caught: int, failure: Exception | None) -> str:
    """Why all processes stop now: the name of a signal that one of them caught, or "a failure" of
    one; empty where there is no reason. All of them must ask together."""
    number = int(gather(_FAILED if failure else caught).max())
    if number == _FAILED:
        return "a failure"
    return signal.Signals(number).name if number else ""


def agree_on(facts: Mapping[str, Any]) -> None:
    """Raises `UserError` in every process where one of them has other facts than the first one.

    `facts` are plain values by name. All of them must ask together; they may come minutes apart.
    """
    if _watch is None:
        return
    first, *others = map(json.loads, exchange(json.dumps(facts, default=str)))
    for index, other in enumerate(others, 1):
        changed = [name for name in {**first, **other} if first.get(name) != other.get(name)]
        if changed:
            said = "; ".join(
                f"{name} is {other.get(name)!r} in {_watch.name(index)} and {first.get(name)!r} in "
                f"{_watch.name(0)}"
                for name in changed
            )
            raise UserError(
                f"The processes were not started alike: {said}; start the same command, with the "
                "same code and data, on all hosts."
            )
