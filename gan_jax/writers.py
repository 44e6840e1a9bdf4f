"""What a run writes while it trains: scalars as JSON lines and events, pictures as PNG."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import chex
import jax
import numpy as np
from tqdm import tqdm

from gan_jax import memorisation, pictures
from gan_jax.disk import write_whole
from gan_jax.events import event_writer

Row = dict[str, float]


class Writers:
    """The writers of one run directory; only the first process has one.

    Rows and events later than `step`, left by a start that ended without saving, are dropped, so
    that no step stands twice.
    """

    def __init__(self, workdir: Path, step: int):
        self._workdir = workdir
        self._path = workdir / "metrics.jsonl"
        self.rows = [row for row in read_rows(self._path) if row["step"] <= step]
        content = "".join(json.dumps(row) + "\n" for row in self.rows)
        write_whole(self._path, content.encode())
        self._lines = self._path.open("a")
        self._events = event_writer(workdir, step)

    def scalars(self, step: int, values: Row) -> None:
        """Appends the row of a log step and draws the curves' points."""
        self.rows.append({"step": step, **values})
        self._lines.write(json.dumps(self.rows[-1]) + "\n")
        self._lines.flush()
        if self._events:
            for name, value in values.items():
                self._events.scalar(name, value, step)
        if memorised := _without_prefix(values, "memorisation_"):
            self._memorisation(step, memorised)

    def grids(self, step: int, grids: Mapping[str, np.ndarray]) -> None:
        """Writes the fixed samples, [n, h, w, c], of each folder's kind of weights."""
        for folder, images in grids.items():
            sheet, scale = pictures.sheet(images)
            pictures.write_png(self._workdir / folder / f"step_{step:08d}.png", sheet, scale)
            if self._events:
                self._events.image(folder, sheet, step)

    def histograms(self, step: int, state: Any, values: Mapping[str, chex.Array]) -> None:
        """Adds histograms of the state's parameters and of the evaluation's per-example values."""
        if not self._events:
            return
        for path, leaf in jax.tree_util.tree_leaves_with_path(state):
            name = jax.tree_util.keystr(path, simple=True, separator="/")
            if "/params/" in name and "/opt/" not in name:
                self._events.histogram(f"weights/{name}", np.asarray(leaf), step)
        for name, array in values.items():
            self._events.histogram(f"evaluation/{name}", np.asarray(array), step)
        self._events.flush()

    def reals(self, images: np.ndarray) -> None:
        """Writes reals.png from images [n, h, w, c]."""
        pictures.write_png(self._workdir / "reals.png", *pictures.sheet(images))

    def curves(self) -> None:
        """Draws losses.png anew."""
        if self.rows:
            pictures.write_curves(self._workdir / "losses.png", self.rows)

    def close(self) -> None:
        self._lines.close()
        if self._events:
            self._events.close()

    def _memorisation(self, step: int, figures: Row) -> None:
        """Keeps the finding as memorisation.json, and says it when it is first alarming."""
        report = memorisation.report(step, figures, memorisation.NUM_SAMPLES)
        path = self._workdir / "memorisation.json"
        kept = memorisation.with_highest(report, self.rows)
        write_whole(path, json.dumps(kept, indent=2).encode())
        before = memorisation.with_highest({}, self.rows[:-1])
        if report["warning"] and not before.get("warning"):
            tqdm.write(f"{report['warning']} {path} has the latest figures.")


def _without_prefix(values: Row, prefix: str) -> Row:
    """Those of the values whose names have the prefix."""
    return {n.removeprefix(prefix): v for n, v in values.items() if n.startswith(prefix)}


def read_rows(path: Path) -> list[Row]:
    """The rows of a metrics.jsonl; a last line cut off by a crash is left out."""
    rows = []
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return rows
