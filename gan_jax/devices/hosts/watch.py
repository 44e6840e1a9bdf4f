"""A thread that tells the other processes that this one is alive, and ends it when one is not."""

import contextlib
import json
import os
import sys
import threading
import time
from typing import Any, NoReturn

from gan_jax.errors import UserError

BEAT_SECONDS = 1.0
PATIENCE_SECONDS = 1800
"""For which the processes wait for one that is alive, since data are read and programs compiled on
some hosts and are in the cache of others."""
SAID_SECONDS = 15.0
"""After which it is said for whom."""
LOST_SECONDS = 20.0
"""Without a sign of life, after which a process is lost."""
SOON_SECONDS = 4.0
"""The same where a collective has failed already, which a process that is lost makes it do."""
LOST_CODE = 75
"""The exit code of those that lost one: the same command goes on."""

SERVICE = -1
"""Beside the numbers of the processes, the coordination service."""

_PREFIX = "gan_jax"


class Watch:
    """What one process of several knows of the others, by the key-value store that they share."""

    def __init__(self, client: Any, index: int, count: int, host: str):
        self._client, self.index, self._count = client, index, count
        self._suspicious, self._ended = threading.Event(), threading.Event()
        self.set(f"host/{index}", host)
        self.set(f"beat/{index}", "0")  # at once: others take one without any for not begun yet
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def set(self, key: str, value: str) -> None:
        """Sets a key that all processes can read."""
        self._client.key_value_set(f"{_PREFIX}/{key}", value, allow_overwrite=True)

    def all(self, key: str) -> dict[int, str]:
        """The values of `key`/0, `key`/1 and so on, as far as they are set, by number."""
        found = self._client.key_value_dir_get(f"{_PREFIX}/{key}")
        return {int(name.rsplit("/", 1)[1]): value for name, value in found}

    def drop(self, key: str) -> None:
        """Forgets a key."""
        self._client.key_value_delete(f"{_PREFIX}/{key}")

    def barrier(self, name: str) -> None:
        """Returns when all processes have come here; `UserError` after `PATIENCE_SECONDS`."""
        self.set(f"at/{self.index}", name)
        timer = threading.Timer(SAID_SECONDS, self._say_who_is_late, (name,))
        timer.daemon = True
        timer.start()
        try:
            self._client.wait_at_barrier(f"{_PREFIX}/{name}", 1000 * PATIENCE_SECONDS)
        except RuntimeError as error:
            if "DEADLINE_EXCEEDED" not in str(error):
                raise
            raise UserError(
                f"Not all processes have come within {PATIENCE_SECONDS // 60} min; start the same "
                "command on all hosts again."
            ) from error
        finally:
            timer.cancel()

    def _say_who_is_late(self, name: str) -> None:
        with contextlib.suppress(Exception):
            at = self.all("at")
            late = [self.name(i) for i in range(self._count) if at.get(i) != name]
            if late and self.index == 0:
                print(
                    f"Waiting for {', '.join(late)}, for {PATIENCE_SECONDS // 60} min at most.",
                    file=sys.stderr,
                    flush=True,
                )

    def name(self, index: int) -> str:
        """A process for people."""
        host = self.all("host").get(index)
        return f"process {index}" + (f" on {host}" if host else "")

    def end(self, sentence: str, code: int) -> None:
        """Tells the others that this process ends, and why; they end too."""
        told = json.dumps({"index": self.index, "sentence": sentence, "code": code})
        with contextlib.suppress(Exception):  # the first one is kept; there may be nobody to tell
            self._client.key_value_set(f"{_PREFIX}/ended/0", told)

    def suspect(self) -> None:
        """After a failure that a lost process may have caused: returns when that is not so."""
        if not self._suspicious.is_set():
            self._suspicious.set()
            time.sleep(SOON_SECONDS + 3 * BEAT_SECONDS)

    def stop(self) -> None:
        """Ends the thread."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        number, before = 0, time.monotonic()
        beats: dict[int, str] = {}
        silent = dict.fromkeys([SERVICE, *range(self._count)], 0.0)  # for how many seconds
        while not self._ended.wait(BEAT_SECONDS):
            number += 1
            now = time.monotonic()
            # a machine that slept does not count its sleep as the silence of others
            passed, before = min(now - before, 2 * BEAT_SECONDS), now
            try:
                self.set(f"beat/{self.index}", str(number))
                latest = self.all("beat")
                if told := self.all("ended").get(0):
                    self._follow(json.loads(told))
                heard = {index for index in silent if latest.get(index) != beats.get(index)}
                heard |= {SERVICE, self.index, *silent.keys() - latest.keys()}  # not begun yet
                beats = latest
            except Exception:  # the service does not answer, so nothing is known of the others
                heard = silent.keys() - {SERVICE}
            for index in silent:
                silent[index] = 0.0 if index in heard else silent[index] + passed
            patience = SOON_SECONDS if self._suspicious.is_set() else LOST_SECONDS
            for index, seconds in silent.items():
                if seconds > patience:
                    self._lost(index, seconds)

    def _follow(self, told: dict[str, Any]) -> None:
        if told["index"] != self.index:
            _exit(f"{self._named(told['index'])} ended: {told['sentence']}", told["code"])

    def _named(self, index: int) -> str:
        """`name` at the start of a sentence."""
        with contextlib.suppress(Exception):
            return "P" + self.name(index)[1:]
        return f"Process {index}"

    def _lost(self, index: int, seconds: float) -> NoReturn:
        who = "The coordination service of process 0" if index == SERVICE else self._named(index)
        _exit(
            f"{who} has not answered for {seconds:.0f} s, so this process ends too; the same "
            "command on all hosts goes on from the last checkpoint.",
            LOST_CODE,
        )


def _exit(sentence: str, code: int) -> NoReturn:
    with contextlib.suppress(OSError):
        os.write(2, f"\ngan_jax: {sentence}\n".encode(errors="backslashreplace"))
    os._exit(code)
