"""What a run directory holds, read as it is: a run of an older version can be shown as well."""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from gan_jax.writers import Row, read_rows

DEPTH = 3
"""How far below a folder its runs may lie: runs/<experiment>/<run>/<seed>."""


class Record(NamedTuple):
    """A run, finished or not."""

    folder: Path
    config: dict[str, Any]  # by dotted name; values as JSON has them
    environment: dict[str, Any]
    rows: list[Row]
    memorisation: dict[str, Any]  # the latest `gan_jax.memorisation.report`, or empty

    @property
    def experiment(self) -> str:
        return self.config.get("experiment") or "unnamed"

    @property
    def step(self) -> int:
        """The last step that was written down."""
        steps = [int(row["step"]) for row in self.rows[-1:]] + list(snapshots(self.folder))
        return max(steps, default=0)

    def last(self) -> Row:
        """The last value of each metric, in the order in which the metrics first appear."""
        values = {name: value for row in self.rows for name, value in row.items()}
        return {name: value for name, value in values.items() if name != "step"}


def is_run(folder: Path) -> bool:
    """Whether one run, not a study of several, has its record in `folder`."""
    return (folder / "metrics.jsonl").is_file()


def find(folder: Path, depth: int = DEPTH) -> list[Path]:
    """The runs in and below `folder`, in the order of their names with numbers as numbers."""
    if is_run(folder):
        return [folder]
    if depth == 0 or not folder.is_dir():
        return []
    below = sorted((path for path in folder.iterdir() if path.is_dir()), key=_natural)
    return [run for path in below if path.name[0] != "." for run in find(path, depth - 1)]


def read(folder: Path) -> Record:
    """The record in `folder`; what is missing or damaged is empty.

    A seed without its own config or environment has that of its study.
    """
    config = _json(folder / "config.json") or _json(folder.parent / "config.json")
    environment = _json(folder / "environment.json") or _json(folder.parent / "environment.json")
    rows = read_rows(folder / "metrics.jsonl")
    found = [folder / "memorisation.json", *sorted(folder.glob("pictures/step_*/neighbours.json"))]
    latest = max((_json(path) for path in found), key=lambda finding: finding.get("step", -1))
    return Record(folder, flat(config), environment, rows, latest)


def snapshots(folder: Path, kind: str = "samples") -> dict[int, Path]:
    """The grids of samples/ or samples_raw/ by their steps, in order."""
    paths = sorted((folder / kind).glob("step_*.png"))
    numbers = ((path.stem.removeprefix("step_"), path) for path in paths)
    return {int(number): path for number, path in numbers if number.isdecimal()}


def flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested dictionaries as one, by dotted names."""
    flattened: dict[str, Any] = {}
    for name, value in values.items():
        nested = isinstance(value, dict)
        flattened |= flat(value, f"{prefix}{name}.") if nested else {prefix + name: value}
    return flattened


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _natural(path: Path) -> list[tuple[int, str]]:
    """seed_2 before seed_10."""
    parts = re.findall(r"\d+|\D+", path.name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]
