"""A terminal that is gone, or knows few letters, is no reason to stop."""

import contextlib
import errno
import io
import os
import sys

_GONE = (errno.EPIPE, errno.EIO, errno.ESHUTDOWN, errno.EBADF)


class Console(io.TextIOWrapper):
    """A text stream that goes on without its reader: from then on what is written goes nowhere.

    Letters that its encoding lacks are escaped.
    """

    def __init__(self, stream: io.TextIOWrapper):
        self._replaced = stream  # which would close the buffer that both write to
        super().__init__(
            stream.buffer,
            stream.encoding,
            errors="backslashreplace",
            line_buffering=stream.line_buffering,
        )

    def write(self, text: str) -> int:
        try:
            return super().write(text)
        except OSError as error:
            self._mute(error)
            return len(text)

    def flush(self) -> None:
        try:
            super().flush()
        except OSError as error:
            self._mute(error)

    def _mute(self, error: OSError) -> None:
        if error.errno not in _GONE:
            raise error
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)
        with contextlib.suppress(OSError):
            super().flush()


def install() -> None:
    """Makes both streams of this process such consoles."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if type(stream) is io.TextIOWrapper:
            setattr(sys, name, Console(stream))
