"""`--mode=replay`: a run, made again from its own record and compared with it to the bit.

What is compared is what both have up to a step: every value of the rows but the pace, the grids
byte by byte, and the states of the checkpoints. A run that was resumed or that went back is made
again in one go, which is the same run. Nothing in a record is imported. Data that are others now
are named at once, and the run is made all the same, to show by how much it differs then.
"""

import contextlib
import dataclasses
import hashlib
import json
from pathlib import Path

from gan_jax import data, train
from gan_jax.errors import Diverged, UserError
from gan_jax.methods import Config, variation
from gan_jax.replay import comparison, record
from gan_jax.replay.record import DATA, Facts
from gan_jax.replay.verdict import Verdict
from gan_jax.run import directory, environment, origin
from gan_jax.run.interrupts import Interrupts
from gan_jax.run.runs import Places
from gan_jax.system import disk, layout
from gan_jax.system.names import expanded, printable


class NotEqual(UserError):
    """A replay that is not its run, to the bit."""

    exit_code = 4


def run(
    workdir: str | Path,
    at: int | None = None,
    output: str | Path | None = None,
    places: Places | None = None,
    interrupts: Interrupts | None = None,
) -> list[Verdict]:
    """Makes the run in `workdir`, or each of a folder of runs, again up to step `at`, by default
    that of its last checkpoint, and returns the verdicts.

    The replay is a run directory of its own, `replays/step_NNNNNNNN_<digest>` in the run's, where
    the digest is of all that this process brings along; or `output`, which for a folder of runs has
    theirs under their own names. One that was stopped, as `interrupts.stopped_by` tells, goes on
    when it is asked for again. Prints tables and sentences, and writes replay.json. `places` are
    where the data are now. Raises `NotEqual` where a run is not the same bits, and `UserError` for
    what cannot be replayed; of a folder of runs all others are replayed first.
    """
    root = directory.given(workdir)
    alone = layout.is_run(root)
    found = [root] if alone else list(dict.fromkeys(map(_owner, directory.find_some(root))))
    verdicts: list[Verdict] = []
    failed: list[str] = []
    with contextlib.ExitStack() as stack:
        interrupts = interrupts or stack.enter_context(Interrupts())
        for place in found:
            if not alone:
                print(f"Replaying {printable(place)}", flush=True)
            target = expanded(output) / place.relative_to(root) if output else None
            try:
                verdict = _replay(place, at, target, places or Places(), interrupts)
            except UserError as error:
                if alone:
                    raise
                said = f"not replayed: {error}"
            else:
                if not verdict:
                    return verdicts
                verdicts.append(verdict)
                said = verdict.sentence()
            is_equal = said.startswith("equal")
            if alone and not is_equal:
                raise NotEqual(said)
            print(said, flush=True)
            failed += [] if is_equal else [printable(place)]
    if failed:
        raise NotEqual(
            f"{len(failed)} of {len(found)} runs are not equal: {', '.join(failed)}; the sentence "
            "of each is above."
        )
    return verdicts


def _owner(folder: Path) -> Path:
    """The run directory that a folder of rows belongs to: of a seed that of all seeds."""
    return folder.parent if layout.is_run(folder.parent) else folder


def _replay(
    workdir: Path, at: int | None, folder: Path | None, places: Places, interrupts: Interrupts
) -> Verdict | None:
    """Makes one run again and compares; None where a signal stopped it."""
    config = directory.read_config(workdir)
    contradictions = record.contradictions(workdir, config)
    at = _checked(workdir, config, at)
    moved = dataclasses.replace(data.with_places(config.data, *places), fallback="none")
    again = dataclasses.replace(
        config,
        data=moved,
        start_from=record.origin(workdir, config),
        train=dataclasses.replace(config.train, num_steps=_total(workdir, at)),
    )
    now, digest = _circumstances(again)
    folder = folder or workdir / layout.REPLAYS / layout.replayed(at, digest)
    then = list(map(record.facts, record.starts(workdir)))
    for said in (*map(str, record.changes(then, [now])), *contradictions):
        print(f"The record and this replay: {said}.", flush=True)
    _begin(workdir, folder)
    diverged = ""
    try:
        if max(comparison.saved(folder), default=0) < again.train.num_steps:
            train.run(again, folder, interrupts)
    except Diverged as error:
        diverged = f"the replay diverged at step {error.step}: {error.why}"
    if interrupts.stopped_by:
        return None
    starts = [record.facts(start) for start in record.starts(folder)]
    changes = record.changes(then, [now, *({**start, DATA: now[DATA]} for start in starts)])
    ways = (record.went_back(place, at) for place in (workdir, folder))
    back = record.Change("rollbacks", *ways)
    changes += [back] if back.then != back.now else []
    compared = comparison.compare(config, workdir, folder, at)
    verdict = Verdict(at, compared, changes, contradictions, now, diverged)
    print(*verdict.table(), sep="\n")
    _write(folder, {"of": str(workdir.absolute()), **verdict.plain()})
    print(f"Wrote {printable(folder / layout.REPLAY)}", flush=True)
    return verdict


def _checked(workdir: Path, config: Config, at: int | None) -> int:
    reached = comparison.reached(workdir, config)
    if not reached:
        raise UserError(
            f"The run in {printable(workdir)} has no row and no checkpoint that a replay could be "
            "compared with; train it further first."
        )
    if at is not None and not 1 <= at <= reached:
        raise UserError(
            f"--at={at} is no step of the run in {printable(workdir)}, whose record ends at step "
            f"{reached}."
        )
    return at or comparison.last_step(workdir, config)


def _total(workdir: Path, at: int) -> int:
    """How long to train for what the run was at a step: where it came back to an earlier one, it
    must first get to where it turned."""
    turns = [row["at"] for row in record.rollbacks(workdir) if row["to"] < at]
    return max([at, *turns])


def _circumstances(config: Config) -> tuple[Facts, str]:
    """What this process brings along, and a digest of it.

    The fingerprint is taken anew of the examples as they are, which a cache only says.
    """
    found = data.load(config.data)
    found = found._replace(fingerprint=data.dataset(*found[:4]).fingerprint)
    now = record.facts(environment.of(config, found))
    if begins := origin.read(config, variation.make(config)):
        now |= record.facts({"start_from": begins.record})
    all_of_it = {**environment.facts(config, found), **now}
    content = json.dumps(all_of_it, sort_keys=True, default=str).encode()
    return now, hashlib.sha256(content).hexdigest()[:8]


def _begin(workdir: Path, folder: Path) -> None:
    """Makes the folder of a replay. Raises `UserError` where it is that of something else."""
    of = str(workdir.absolute())
    if directory.is_begun(folder) and _read(folder).get("of") != of:
        raise UserError(
            f"{printable(folder)} holds a run that is no replay of {printable(workdir)}; give an "
            "empty folder as --output."
        )
    with disk.explained(folder, "--output"):
        if folder.parent == workdir / layout.REPLAYS:
            disk.folder(workdir, layout.REPLAYS, folder.name)
        _write(disk.folder(folder), {"of": of})


def _read(folder: Path) -> dict:
    try:
        found = json.loads(disk.read(folder / layout.REPLAY))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(folder: Path, values: dict) -> None:
    disk.write_whole(folder / layout.REPLAY, (disk.to_json(values, indent=2) + "\n").encode())
