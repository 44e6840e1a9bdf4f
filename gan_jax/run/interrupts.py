"""Signals that ask a training process to stop, obeyed whatever it is doing."""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from typing import NoReturn

from gan_jax.devices import hosts

EXIT_CODE = 75
"""Of a process that a signal stopped before its end: EX_TEMPFAIL, run the same command again."""
AGAIN_SECONDS = 0.5
"""Within which the same signal is the same one, sent to a process and to its group."""
NAMES = ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
"""Ctrl-C; what schedulers send first; a terminal that closes; what they send when told to."""


class Interrupts:
    """Watches for signals while it is entered; those that are ignored stay so.

    While there is a state to save (`saving`), the first signal is only noted, for the loop to ask
    for. Where the process is ours to end (`ends_process`), any other signal ends it at once, from a
    thread, as the main one may be compiling; else a second one raises KeyboardInterrupt. Outside
    the main thread signals stay as they are.
    """

    def __init__(self, ends_process: bool = False):
        self._ends_process = ends_process
        self._saving = False
        self._before: dict[int, object] = {}
        self._pipe: tuple[int, int] | None = None
        self._thread: threading.Thread | None = None
        self.caught = 0
        """The number of the first signal that came while there was a state to save."""
        self.stopped_by = ""
        """The signal that the run stopped for, on whichever host it came."""
        self.last_saved: int | None = None
        """The step of the last checkpoint, which the last sentence names."""

    def __enter__(self) -> "Interrupts":
        if threading.current_thread() is not threading.main_thread():
            return self
        known = [getattr(signal, name) for name in NAMES if hasattr(signal, name)]
        numbers = [n for n in known if signal.getsignal(n) is not signal.SIG_IGN]
        if self._ends_process:
            self._pipe = os.pipe()
            os.set_blocking(self._pipe[1], False)
            signal.set_wakeup_fd(self._pipe[1], warn_on_full_buffer=False)
            self._thread = threading.Thread(target=self._watch, args=(numbers,), daemon=True)
            self._thread.start()
        self._before = {number: signal.signal(number, self._handle) for number in numbers}
        return self

    def __exit__(self, *exception: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)  # type: ignore[arg-type]
        if self._pipe and self._thread:
            signal.set_wakeup_fd(-1)
            os.write(self._pipe[1], b"\0")
            self._thread.join()
            for end in self._pipe:
                os.close(end)

    @contextlib.contextmanager
    def saving(self) -> Iterator[None]:
        """While there is a state to save, and a loop that asks for `caught`."""
        self._saving = True
        try:
            yield
        finally:
            self._saving = False

    def _handle(self, number: int, frame: object) -> None:
        if self._thread:
            return  # which has seen it
        if self.caught or not self._saving:
            raise KeyboardInterrupt
        self.caught = number

    def _watch(self, numbers: list[int]) -> None:
        assert self._pipe
        when = 0.0
        while (number := os.read(self._pipe[0], 1)[0]) != 0:
            if number not in numbers:
                continue
            now = time.monotonic()
            if number == self.caught and now - when < AGAIN_SECONDS:
                continue
            if self.caught or not self._saving:
                self._end(number)
            self.caught, when = number, now

    def _end(self, number: int) -> NoReturn:
        name = signal.Signals(number).name
        kept = "nothing was to be saved"
        if self.caught:
            kept = "what came after the last checkpoint is lost"
        if self.last_saved is not None:
            kept += f", the last checkpoint is of step {self.last_saved}"
        said = f"Ended at once by {name}; {kept}. The same command goes on."
        hosts.end(said, EXIT_CODE)
        with contextlib.suppress(OSError):  # last, as the main thread goes on printing
            os.write(2, f"\ngan_jax: {said}\n".encode())
        os._exit(EXIT_CODE)
