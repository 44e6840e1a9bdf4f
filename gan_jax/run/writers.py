"""What a run writes while it trains: scalars as JSON lines and events, pictures as PNG."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import chex
import jax
import numpy as np
from tqdm import tqdm

from gan_jax.data.kinds import Kind
from gan_jax.evaluation import records
from gan_jax.evaluation.records import Record
from gan_jax.metrics import memorisation
from gan_jax.run import curves, pictures
from gan_jax.run.events import event_writer
from gan_jax.system import disk, layout
from gan_jax.system.disk import write_whole

Row = dict[str, float]
MOST_BYTES = 1 << 30
"""Of a metrics.jsonl that is read."""


class Writers:
    """The writers of one run directory; only the first process has one.

    Rows, scores and events later than `step`, left by a start that ended without saving, are
    dropped, so that no step stands twice. `kind` is that of the examples.
    """

    def __init__(self, workdir: Path, step: int, kind: Kind):
        self._workdir, self._kind = workdir, kind
        self._path = workdir / layout.METRICS
        self.rows = [row for row in read_rows(self._path) if row["step"] <= step]
        content = "".join(disk.to_json(row) + "\n" for row in self.rows)
        write_whole(self._path, content.encode())
        records.drop_later(workdir, step)
        self._lines = os.fdopen(disk.open_own(self._path, os.O_WRONLY | os.O_APPEND), "w")
        self._events = event_writer(workdir, step)

    def scalars(self, step: int, values: Row) -> None:
        """Appends the row of a log step and draws the curves' points."""
        self.rows.append({"step": step, **values})
        self._lines.write(disk.to_json(self.rows[-1]) + "\n")
        self._lines.flush()
        if self._events:
            for name, value in values.items():
                self._events.scalar(name, value, step)
        if memorised := _without_prefix(values, memorisation.PREFIX):
            self._memorisation(step, memorised)

    def scores(self, record: Record) -> None:
        """Adds the scores of a state."""
        records.append(self._workdir, record)

    def scored(self) -> list[Record]:
        """The scores so far, by step."""
        return [record for found in records.read(self._workdir).values() for record in found]

    def grids(self, step: int, grids: Mapping[str, np.ndarray]) -> None:
        """Writes the fixed samples, stored examples [n, ...], of each folder's weights."""
        for folder, samples in grids.items():
            sheet = self._kind.sheet(samples)
            place = disk.folder(self._workdir, folder)
            pictures.write_png(place / f"{layout.at_step(step)}.png", sheet, self._kind.scale)
            if self._events:
                self._events.image(folder, sheet, step)

    def weights(self, step: int, state: Any) -> None:
        """Adds histograms of the state's parameters."""
        if not self._events:
            return
        for path, leaf in jax.tree_util.tree_leaves_with_path(state):
            name = jax.tree_util.keystr(path, simple=True, separator="/")
            if "/params/" in name and "/opt/" not in name:
                self._events.histogram(f"weights/{name}", np.asarray(leaf), step)
        self._events.flush()

    def evaluation(self, step: int, values: Mapping[str, chex.Array]) -> None:
        """Adds histograms of the values per example, [n] each, that an evaluation gave."""
        if not self._events:
            return
        for name, array in values.items():
            self._events.histogram(f"evaluation/{name}", np.asarray(array), step)

    def reals(self, x: np.ndarray) -> None:
        """Writes a sheet of stored training examples [n, ...]."""
        pictures.write_png(self._workdir / layout.REALS, self._kind.sheet(x), self._kind.scale)

    def curves(self) -> None:
        """Draws the curves anew."""
        if self.rows:
            curves.write(self._workdir / layout.CURVES, self.rows)

    def close(self) -> None:
        self._lines.close()
        if self._events:
            self._events.close()

    def _memorisation(self, step: int, figures: Row) -> None:
        """Keeps the finding in a file, and says it when it is first alarming."""
        report = memorisation.report(step, figures, memorisation.NUM_SAMPLES)
        path = self._workdir / layout.MEMORISATION
        kept = memorisation.with_highest(report, self.rows)
        write_whole(path, disk.to_json(kept, indent=2).encode())
        before = memorisation.with_highest({}, self.rows[:-1])
        if report["warning"] and not before.get("warning"):
            tqdm.write(f"{report['warning']} {path} has the latest figures.")


def _without_prefix(values: Row, prefix: str) -> Row:
    """Those of the values whose names have the prefix."""
    return {n.removeprefix(prefix): v for n, v in values.items() if n.startswith(prefix)}


def read_rows(path: Path) -> list[Row]:
    """The rows of a metrics.jsonl, without what was not finite.

    What is no row of numbers with a step is left out, such as a last line cut off by a crash.
    """
    try:
        lines = disk.read(path, MOST_BYTES).decode(errors="replace").splitlines()
    except OSError:
        return []
    return [row for line in lines if "step" in (row := _row(line))]


def _row(line: str) -> Row:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(values, dict) or type(values.get("step")) is not int:
        return {}
    return {name: value for name, value in values.items() if _is_number(value)}


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) <= sys.float_info.max
