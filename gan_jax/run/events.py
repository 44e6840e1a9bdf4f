"""Event files for TensorBoard, written at once.

tensorboardX's own `SummaryWriter` writes from a thread; when the disk is full the thread dies and
the next call waits for it without end. Its protocol buffers and its file format are used directly.
"""

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np


class EventWriter:
    """Appends summaries to a new event file in a folder.

    From `step` on, events that an earlier file of the folder holds are discarded by TensorBoard.
    """

    def __init__(self, folder: Path, step: int):
        from tensorboardX import summary
        from tensorboardX.event_file_writer import EventsWriter
        from tensorboardX.proto.event_pb2 import Event, SessionLog

        self._summary, self._event = summary, Event
        self._file = EventsWriter(str(folder / "events"))
        if step:
            self._write(step + 1, session_log=SessionLog(status=SessionLog.START))

    def scalar(self, name: str, value: float, step: int) -> None:
        """A number."""
        self._write(step, summary=self._summary.scalar(name, value))

    def image(self, name: str, image: np.ndarray, step: int) -> None:
        """A uint8 image [h, w, 1 or 3]."""
        self._write(step, summary=self._summary.image(name, image, dataformats="HWC"))

    def histogram(self, name: str, values: np.ndarray, step: int) -> None:
        """The distribution of values [...]."""
        self._write(step, summary=self._summary.histogram(name, values.ravel(), bins="auto"))

    def flush(self) -> None:
        """Brings everything to the disk."""
        self._file.flush()

    def close(self) -> None:
        self._file.close()

    def _write(self, step: int, **content: Any) -> None:
        self._file.write_event(self._event(wall_time=time.time(), step=step, **content))


def event_writer(folder: Path, step: int) -> EventWriter | None:
    """An `EventWriter`, or None and one warning where tensorboardX is not installed."""
    try:
        return EventWriter(folder, step)
    except ImportError:
        print("tensorboardX is not installed: no event files are written.", file=sys.stderr)
        return None
