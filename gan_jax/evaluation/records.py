"""Scores on disk: one JSON line for each evaluated state, in a folder for each protocol."""

import contextlib
import dataclasses
import json
import math
import os
from pathlib import Path
from typing import Any, NamedTuple

from gan_jax.evaluation import protocol as protocols
from gan_jax.evaluation.protocol import Protocol
from gan_jax.metrics.scores import Score, Scores
from gan_jax.system import disk, layout

SAMPLES, FLOOR, TEST = "the samples", "floor", "test images"
"""What a record is of: a state's samples, or real images as if they were samples."""
MOST_BYTES = 256 << 20
"""Of a file of scores that is read."""


_DAMAGED = (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError)
"""What a line raises that is no record."""


class Record(NamedTuple):
    """The scores of one state of a run, or of a set of images."""

    protocol: Protocol
    of: str  # samples, the floor or test images
    step: int
    scores: Scores
    facts: dict[str, Any]  # seconds, device, versions, the accuracy of a classifier


def append(folder: Path, record: Record) -> None:
    """Adds a record to the scores of a run, in its folder `evaluation`."""
    place = disk.folder(folder, layout.EVALUATION, record.protocol.folder)
    line = disk.to_json(_plain(record)) + "\n"
    with os.fdopen(disk.open_own(place / layout.SCORES, os.O_WRONLY | os.O_APPEND), "w") as file:
        file.write(line)


def read(folder: Path) -> dict[Protocol, list[Record]]:
    """The scores of a run by protocol, by step; of one state the latest. What is damaged is passed
    over."""
    found: dict[Protocol, list[Record]] = {}
    for path in sorted((folder / layout.EVALUATION).glob(f"*/{layout.SCORES}")):
        records = _lines(path)
        latest = {(record.protocol, record.of, record.step): record for record in records}
        for record in sorted(latest.values(), key=lambda record: record.step):
            found.setdefault(record.protocol, []).append(record)
    return found


def drop_later(folder: Path, step: int) -> None:
    """Removes the scores of states later than `step`, which a run that goes on from there makes
    anew."""
    for path in (folder / layout.EVALUATION).glob(f"*/{layout.SCORES}"):
        records = _lines(path)
        kept = [record for record in records if record.step <= step]
        if len(kept) < len(records):
            content = "".join(disk.to_json(_plain(record)) + "\n" for record in kept)
            disk.write_whole(path, content.encode())


def _plain(record: Record) -> dict[str, Any]:
    scores = {
        name: [score.value] if score.error is None else [score.value, score.error]
        for name, score in record.scores.items()
    }
    plain = dataclasses.asdict(record.protocol)
    named = {"name": record.protocol.name, "digest": record.protocol.digest}
    start = {"of": record.of, "step": record.step, "scores": scores, "facts": record.facts}
    return {**start, **named, "protocol": plain}


def _lines(path: Path) -> list[Record]:
    try:
        lines = disk.read(path, MOST_BYTES).decode(errors="replace").splitlines()
    except OSError:
        return []
    records = []
    for line in lines:
        with contextlib.suppress(*_DAMAGED):
            records.append(_parsed(json.loads(line)))
    return records


def _parsed(values: Any) -> Record:
    """A record of plain values. Raises where they are none."""
    step, of, facts = values["step"], values["of"], values["facts"]
    if type(step) is not int or type(of) is not str or type(facts) is not dict:
        raise ValueError("no record")
    scores = {
        str(name): Score(*map(_number, numbers)) for name, numbers in values["scores"].items()
    }
    return Record(protocols.read(values["protocol"]), of, step, scores, facts)


def _number(value: Any) -> float:
    if value is None:
        return math.nan
    if type(value) not in (int, float):
        raise ValueError("no number")
    return float(value)
