"""What a run does in addition to its training, so that neither waits for the other."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any


class Background:
    """Calls functions at once or on one thread, in order, and keeps the first failure.

    What fails here leaves the state of the training whole: the loop looks for a failure, saves the
    state and ends the run by it. After a failure nothing more is called.
    """

    def __init__(self) -> None:
        self.failure: Exception | None = None
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._pending: list[Future] = []

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """The result of a call at once; None where it fails or something has failed before."""
        if self.failure:
            return None
        try:
            return function(*arguments)
        except Exception as error:
            self.failure = error
            return None

    def submit(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Leaves a call, such as one that writes a file, to the thread."""
        self._pending.append(self._thread.submit(self.call, function, *arguments))

    def wait(self) -> None:
        """Returns when all is done that was left to the thread."""
        while self._pending:
            self._pending.pop(0).result()

    def __enter__(self) -> "Background":
        return self

    def __exit__(self, *exception: object) -> None:
        self._thread.shutdown()
