"""SIGTERM and Ctrl-C ask the run to stop; it finishes the running call and saves first."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator

from gan_jax import hosts


@contextlib.contextmanager
def stop_requested() -> Iterator[Callable[[], str]]:
    """Yields a function that names the signal that came, or returns "" while none did.

    With several processes all of them must call it together, and one signal stops them all. A
    second Ctrl-C interrupts at once. Outside the main thread signals stay as they are.
    """
    caught: list[int] = []

    def handler(number, frame):
        if caught and number == signal.SIGINT:
            raise KeyboardInterrupt
        caught.append(number)

    def requested() -> str:
        number = caught[0] if caught else 0
        number = int(hosts.gather(number).max())
        return signal.Signals(number).name if number else ""

    numbers = [signal.SIGINT, signal.SIGTERM]
    if threading.current_thread() is not threading.main_thread():
        numbers = []
    before = {number: signal.signal(number, handler) for number in numbers}
    try:
        yield requested
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
