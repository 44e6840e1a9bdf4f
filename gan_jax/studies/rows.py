"""The runs of a study as rows, and their CSV file."""

import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from gan_jax.errors import UserError
from gan_jax.run.status import DIVERGED, FAILED
from gan_jax.system import disk
from gan_jax.system.names import printable

SEARCH, FINAL = "search", "final"
"""Stages: the settings that are tried, and the seeds of those that are reported."""
FAILURES = (DIVERGED, FAILED)
"""States of runs that have ended, beside finished; every other state is of one that has not."""
_PLAIN = ("arm", "setting", "seed", "stage", "state", "why", "steps", "seconds", "protocol")
_VALUES, _SCORES = "values.", "scores."


class Row(NamedTuple):
    """A run of a study."""

    arm: str  # what is compared, such as WGAN
    setting: str  # an id, unique in its arm
    values: dict[str, Any]  # the fields of the setting, plain values
    seed: int
    stage: str  # SEARCH or FINAL
    state: str
    why: str  # it failed
    scores: dict[str, float]  # by metric, at the reported checkpoint
    steps: int
    seconds: float
    protocol: str  # of the scores; empty without


def write(path: Path, rows: Sequence[Row]) -> None:
    """Writes rows as CSV, in their order. Values are exact: `read` gives equal rows, with tuples
    for sequences."""
    disk.write_whole(path, to_csv(rows).encode(errors="surrogateescape"))


def read(path: Path) -> list[Row]:
    """The rows of a file that `write` wrote. Raises `UserError` for any other, with the line."""
    try:
        return from_csv(disk.read(path).decode(errors="surrogateescape"))
    except FileNotFoundError as error:
        raise UserError(f"There is no {printable(path)}; run the study first.") from error
    except (OSError, ValueError) as error:
        raise UserError(
            f"{printable(path)} cannot be read as the rows of a study: {error}."
        ) from error


def to_csv(rows: Sequence[Row]) -> str:
    """Rows as CSV: a column for each field of the settings and for each metric."""
    values = _columns(row.values for row in rows)
    scores = _columns(row.scores for row in rows)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_PLAIN, *(_VALUES + n for n in values), *(_SCORES + n for n in scores)])
    for row in rows:
        plain = [_cell(getattr(row, name)) for name in _PLAIN]
        settings = [_cell(row.values[name]) if name in row.values else "" for name in values]
        numbers = [_cell(row.scores[name]) if name in row.scores else "" for name in scores]
        writer.writerow([*plain, *settings, *numbers])
    return text.getvalue()


def from_csv(text: str) -> list[Row]:
    """The rows of a text that `to_csv` made. Raises `ValueError` for any other, with the line."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        head = next(reader, [])
        if tuple(head[: len(_PLAIN)]) != _PLAIN:
            raise ValueError(f"the columns are not {', '.join(_PLAIN)}, ...")
        return [_row(dict(zip(head, cells, strict=True))) for cells in reader]
    except (csv.Error, ValueError, KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"line {reader.line_num}: {error}") from error


def _row(cells: dict[str, str]) -> Row:
    known = {name: _value(cell) for name, cell in cells.items() if cell}
    kinds = {"seed": int, "steps": int, "seconds": float}
    for name in _PLAIN:
        kind = kinds.get(name, str)
        if type(known.get(name)) is not kind:
            raise ValueError(f"{name} is {cells[name][:40]!r}, not of type {kind.__name__}")
    scores = {n.removeprefix(_SCORES): v for n, v in known.items() if n.startswith(_SCORES)}
    if wrong := [name for name, value in scores.items() if type(value) is not float]:
        raise ValueError(f"the score {wrong[0][:40]!r} is not a number")
    values = {n.removeprefix(_VALUES): v for n, v in known.items() if n.startswith(_VALUES)}
    return Row(**{name: known[name] for name in _PLAIN}, values=values, scores=scores)


def _columns(found: Iterable[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(name for each in found for name in each))


def _cell(value: Any) -> str:
    """A value as JSON; a text without its quotes where it still reads as that text."""
    if isinstance(value, str):
        return value if value and _value(value) is value else json.dumps(value)
    return json.dumps(value)


def _value(cell: str) -> Any:
    try:
        value = json.loads(cell)
        return _tuples(value) if isinstance(value, list) else value
    except (ValueError, RecursionError):
        return cell


def _tuples(value: Any) -> Any:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
