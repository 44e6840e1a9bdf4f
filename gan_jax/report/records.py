"""What a run directory holds, read as it is: a run of an older version can be shown as well."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from gan_jax.run import status
from gan_jax.run.environment import flat
from gan_jax.run.writers import Row, read_rows
from gan_jax.system import disk, layout
from gan_jax.system.names import natural

DEPTH = 3
"""How far below a folder its runs may lie: runs/<experiment>/<run>/<seed>."""


class Record(NamedTuple):
    """A run, finished or not."""

    folder: Path
    config: dict[str, Any]  # by dotted name; values as JSON has them
    environment: dict[str, Any]
    rows: list[Row]
    memorisation: dict[str, Any]  # the latest `gan_jax.metrics.memorisation.report`, or empty
    page: Path  # the folder of its report, from which links lead to its files
    state: str  # as `gan_jax.run.status` has it, such as `finished`

    @property
    def experiment(self) -> str:
        return str(self.config.get("experiment") or "unnamed")

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
    return (folder / layout.METRICS).is_file()


def find(folder: Path, depth: int = DEPTH) -> list[Path]:
    """The runs in and below `folder`, in the order of their names with numbers as numbers."""
    if is_run(folder):
        return [folder]
    if depth == 0 or not folder.is_dir():
        return []
    below = sorted((path for path in folder.iterdir() if path.is_dir()), key=_by_name)
    return [run for path in below if path.name[0] != "." for run in find(path, depth - 1)]


def read(folder: Path, page: Path | None = None) -> Record:
    """The record in `folder`; what is missing, damaged or of another type than it should be is
    empty.

    A seed without its own config or environment has that of its study.
    """
    config, environment = (
        _json(folder / name) or _json(folder.parent / name)
        for name in (layout.CONFIG, layout.ENVIRONMENT)
    )
    rows = read_rows(folder / layout.METRICS)
    drawn = layout.by_step(folder / layout.PICTURES).values()
    found = [folder / layout.MEMORISATION, *(place / layout.NEIGHBOURS for place in drawn)]
    latest = max(map(_json, found), key=lambda finding: _step(finding.get("step")))
    state = status.sentence(folder) or status.sentence(folder.parent)
    return Record(
        folder, flat(config), _typed(environment, ENVIRONMENT), rows, latest, page or folder, state
    )


DATA = {
    "used": str,
    "images": int,
    "test_images": int,
    "class_names": list,
    "fingerprint": str,
    "report": list,
}
ENVIRONMENT: dict[str, Any] = {
    "gan_jax": str,
    "git_commit": str,
    "python": str,
    "packages": dict,
    "platform": str,
    "processor": str,
    "devices": list,
    "process_count": int,
    "xla_flags": str,
    "variables": dict,
    "command": list,
    "started": str,
    "data": DATA,
}
"""What environment.json holds that a page shows."""


def _typed(values: dict[str, Any], types: dict[str, Any]) -> dict[str, Any]:
    """Those of the values that are of the types that a page takes."""
    kept: dict[str, Any] = {}
    for name, kind in types.items():
        value = values.get(name)
        if isinstance(kind, dict):
            kept[name] = _typed(value, kind) if isinstance(value, dict) else {}
        elif type(value) is kind:
            kept[name] = list(map(str, value)) if isinstance(value, list) else value
    starts = values.get("earlier_starts")
    if types is ENVIRONMENT and isinstance(starts, list):
        kept["earlier_starts"] = [_typed(start, types) for start in starts if type(start) is dict]
    return kept


def _by_name(path: Path) -> list[tuple[bool, int, str]]:
    return natural(path.name)


def _step(value: Any) -> int:
    return value if type(value) is int else -1


def snapshots(folder: Path, kind: str = layout.SAMPLES) -> dict[int, Path]:
    """The grids of a kind of weights by their steps, in order."""
    return layout.by_step(folder / kind, ".png")


def _json(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(disk.read(path))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
