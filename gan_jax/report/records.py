"""What a run directory holds, read as it is: a run of an older version can be shown as well."""

import json
import math
from pathlib import Path
from typing import Any, NamedTuple

from gan_jax.evaluation import records as evaluation
from gan_jax.evaluation.protocol import Protocol
from gan_jax.metrics.memorisation import PREFIX
from gan_jax.run import status
from gan_jax.run.environment import flat
from gan_jax.run.seed_hooks import CHOICE, COLLAPSE
from gan_jax.run.writers import Row, read_rows
from gan_jax.system import disk, layout

Scores = dict[Protocol, list[evaluation.Record]]
"""Of the states of a run, and of the real images beside them, by step."""


class Record(NamedTuple):
    """A run, finished or not."""

    folder: Path
    config: dict[str, Any]  # by dotted name; values as JSON has them
    environment: dict[str, Any]
    rows: list[Row]  # without the scores that `scores` has
    memorisation: dict[str, Any]  # the latest `gan_jax.metrics.memorisation.report`, or empty
    page: Path  # the folder of its report, from which links lead to its files
    state: str  # as `gan_jax.run.status` has it, such as `finished`
    scores: Scores
    collapses: list[int]  # the steps at which the scores said that the generator had collapsed

    @property
    def experiment(self) -> str:
        return str(self.config.get("experiment") or "unnamed")

    @property
    def step(self) -> int:
        """The last step that was written down."""
        steps = [int(row["step"]) for row in self.rows[-1:]] + list(snapshots(self.folder))
        return max(steps, default=0)

    @property
    def memorised(self) -> tuple[int, float] | None:
        """The step at which memorisation was last measured, and the share; None where it never
        was."""
        name = f"{PREFIX}share"
        found = [(int(row["step"]), row[name]) for row in self.rows if name in row]
        step, share = _step(self.memorisation.get("step")), self.memorisation.get("share")
        if step >= 0 and isinstance(share, float) and math.isfinite(share):
            found.append((step, share))
        return max(found, key=lambda pair: pair[0], default=None)

    def last(self) -> Row:
        """The last value of each metric, in the order in which the metrics first appear."""
        values = {name: value for row in self.rows for name, value in row.items()}
        return {name: value for name, value in values.items() if name != "step"}


def read(folder: Path, page: Path | None = None) -> Record:
    """The record in `folder`; what is missing, damaged or of another type than it should be is
    empty.

    A seed without its own config or environment has that of the whole run.
    """
    config, environment = (
        _json(folder / name) or _json(folder.parent / name)
        for name in (layout.CONFIG, layout.ENVIRONMENT)
    )
    rows = read_rows(folder / layout.METRICS)
    drawn = layout.by_step(folder / layout.PICTURES).values()
    found = [folder / layout.MEMORISATION, *(place / layout.NEIGHBOURS for place in drawn)]
    latest = max(map(_json, found), key=lambda finding: _step(finding.get("step")))
    scores = evaluation.read(folder)
    return Record(
        folder,
        flat(config),
        _typed(environment, ENVIRONMENT),
        _without(rows, scores),
        latest,
        page or folder,
        status.sentence(folder) or status.sentence(folder.parent),
        scores,
        [int(row["step"]) for row in rows if COLLAPSE in row] if scores else [],
    )


def _without(rows: list[Row], scores: Scores) -> list[Row]:
    """Rows without the values that scores have as well, and what was found by these."""
    known = {protocol.name for protocol in scores}

    def is_score(name: str) -> bool:
        path = name.removeprefix(CHOICE).partition("/")[2]
        return path in known or (bool(known) and name == COLLAPSE)

    return [{n: value for n, value in row.items() if not is_score(n)} for row in rows]


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
