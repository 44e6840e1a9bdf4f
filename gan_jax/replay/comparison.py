"""Two records of the same run, compared to the bit: rows, grids and states."""

import hashlib
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from PIL import Image

from gan_jax import keys, methods
from gan_jax.data import pictures
from gan_jax.errors import UserError
from gan_jax.methods import Config, variation
from gan_jax.methods.network_state import NetworkState
from gan_jax.run import directory
from gan_jax.run.checkpoint import Checkpoints
from gan_jax.run.writers import MOST_BYTES, read_rows
from gan_jax.system import disk, layout

GRIDS, ROWS, STATES = "grids", "rows", "states"


class Gap(NamedTuple):
    """Where two records are not the same bits, and by how much: the largest of the differences,
    and the largest in proportion to the larger of two values. Infinite where nothing can be told,
    which `why` then explains."""

    step: int
    name: str
    absolute: float
    relative: float
    why: str = ""


class Comparison(NamedTuple):
    """What was compared of one member. Lists are in the order of steps."""

    kind: str  # `GRIDS`, `ROWS` or `STATES`
    member: str  # of several seeds and settings, in words
    steps: list[int]  # that were compared
    passed_over: list[int]  # those that only one of the two has, or that are not alike
    gaps: list[Gap]
    digests: dict[int, dict[str, tuple[str, str]]]  # by step and name, of both


def compare(config: Config, then: Path, now: Path, at: int) -> list[Comparison]:
    """All that two records of a run have in common up to step `at`, member by member."""
    found = []
    parts = zip(directory.members(config, then), directory.members(config, now), strict=True)
    for number, ((_, before), (_, after)) in enumerate(parts):
        member = variation.named(config, number)
        rows = before / layout.METRICS, after / layout.METRICS
        found += [
            _grids(member, before, after, at),
            _rows(member, config.log.every_steps, *rows, at),
        ]
    folders = then / layout.CHECKPOINTS, now / layout.CHECKPOINTS
    return [*found, *_states(config, *folders, at)]


def last_step(workdir: Path, config: Config) -> int:
    """The step of the last checkpoint, without one that of the last row; 0 where there is none."""
    return max(saved(workdir), default=0) or _last_row(workdir, config)


def reached(workdir: Path, config: Config) -> int:
    """The last step that the record has anything of."""
    return max([*saved(workdir), _last_row(workdir, config)])


def saved(workdir: Path) -> list[int]:
    """The steps of the checkpoints of a run, in order."""
    folder = workdir / layout.CHECKPOINTS
    if not folder.is_dir():
        return []
    with Checkpoints(folder) as checkpoints:
        return checkpoints.steps()


def _last_row(workdir: Path, config: Config) -> int:
    folders = [folder for _, folder in directory.members(config, workdir)]
    rows = [row for folder in folders for row in read_rows(folder / layout.METRICS)]
    return max((int(row["step"]) for row in rows), default=0)


def gap(step: int, name: str, then: Any, now: Any) -> Gap | None:
    """The difference of two arrays [...] or numbers; None where their bits are the same."""
    then, now = np.asarray(then), np.asarray(now)
    if (then.shape, then.dtype) != (now.shape, now.dtype):
        return Gap(step, name, np.inf, np.inf, f"shape {then.shape} against {now.shape}")
    if then.tobytes() == now.tobytes():
        return None
    a, b = then.astype(np.float64), now.astype(np.float64)
    with np.errstate(all="ignore"):
        absolute = np.where(a == b, 0.0, np.abs(a - b))
        relative = np.where(a == b, 0.0, absolute / np.maximum(np.abs(a), np.abs(b)))
    largest = [float(np.nan_to_num(part, nan=np.inf).max()) for part in (absolute, relative)]
    return Gap(step, name, largest[0], largest[1])


def _compared(
    kind: str,
    member: str,
    steps: Iterable[int],
    passed_over: Iterable[int],
    gaps: Iterable[Gap | None],
    digests: dict[int, dict[str, tuple[str, str]]] | None = None,
) -> Comparison:
    real = sorted((gap for gap in gaps if gap), key=lambda gap: gap.step)
    return Comparison(kind, member, sorted(steps), sorted(passed_over), real, digests or {})


def _rows(member: str, every: int, then: Path, now: Path, at: int) -> Comparison:
    """Every value that both rows of a step have, but for those about the machine's pace.

    A row is the mean since the one before. Where the two have other rows between, as after
    `log.every_steps` was changed, theirs may be means over other steps: those are passed over.
    """
    before, after = (
        {int(row["step"]): row for row in read_rows(path) if row["step"] <= at}
        for path in (then, now)
    )
    odd, every = set(before) ^ set(after), every or at
    alike = [
        step
        for step in set(before) & set(after)
        if not any(step - every < other < step for other in odd)
    ]
    gaps = [
        gap(step, name, before[step][name], after[step][name])
        for step in alike
        for name in before[step]
        if name in after[step] and name != "step" and "second" not in name
    ]
    return _compared(ROWS, member, alike, {*before, *after} - set(alike), gaps)


def _grids(member: str, then: Path, now: Path, at: int) -> Comparison:
    """The PNGs of the fixed samples, byte by byte; differences are of 255 levels."""
    steps: set[int] = set()
    passed_over: set[int] = set()
    gaps: list[Gap | None] = []
    digests: dict[int, dict[str, tuple[str, str]]] = {}
    for folder in (layout.SAMPLES, layout.RAW_SAMPLES):
        before, after = (
            {s: path for s, path in layout.by_step(run / folder, ".png").items() if s <= at}
            for run in (then, now)
        )
        passed_over |= set(before) ^ set(after)
        for step in set(before) & set(after):
            steps.add(step)
            try:
                files = [disk.read(path[step], MOST_BYTES) for path in (before, after)]
            except OSError as error:
                gaps.append(Gap(step, folder, np.inf, np.inf, f"it cannot be read ({error})"))
                continue
            one, other = (hashlib.sha256(file).hexdigest() for file in files)
            digests.setdefault(step, {})[folder] = one, other
            if one != other:
                gaps.append(_pixels(step, folder, *files))
    return _compared(GRIDS, member, steps, passed_over - steps, gaps, digests)


def _pixels(step: int, name: str, then: bytes, now: bytes) -> Gap:
    try:
        images = []
        for file in (then, now):
            with pictures.opened(io.BytesIO(file)) as picture:
                images.append(np.asarray(picture, np.uint8))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        return Gap(step, name, np.inf, np.inf, f"no picture ({str(error)[:100]})")
    same = Gap(step, name, 0.0, 0.0, "the same pixels in another file")
    return gap(step, name, *images) or same


def _states(config: Config, then: Path, now: Path, at: int) -> list[Comparison]:
    """The states at the checkpoints that both have, by the parts of each network."""
    count = config.num_members
    members = [variation.named(config, number) for number in range(count)]
    like = jax.eval_shape(methods.make(config).init, keys.root(0))
    if count > 1:
        like = jax.tree.map(lambda x: jax.ShapeDtypeStruct((count, *x.shape), x.dtype), like)
    gaps: list[list[Gap | None]] = [[] for _ in range(count)]
    digests: list[dict[int, dict[str, tuple[str, str]]]] = [{} for _ in range(count)]
    if not (then.is_dir() and now.is_dir()):
        return [_compared(STATES, member, (), (), ()) for member in members]
    with Checkpoints(then) as old, Checkpoints(now) as new:
        before, after = ({s for s in found.steps() if s <= at} for found in (old, new))
        for step in sorted(before & after):
            try:
                states = [found.restore(step, state=like)["state"] for found in (old, new)]
            except UserError as error:
                for part in gaps:
                    part.append(Gap(step, "checkpoint", np.inf, np.inf, str(error)))
                continue
            for number in range(count):
                one, other = (
                    groups(jax.tree.map(lambda x, n=number: x[n], state) if count > 1 else state)
                    for state in states
                )
                digests[number][step] = {
                    name: (_digest(one[name]), _digest(other[name])) for name in one
                }
                gaps[number] += [_largest(step, name, one[name], other[name]) for name in one]
    return [
        _compared(STATES, member, before & after, before ^ after, *parts)
        for member, parts in zip(members, zip(gaps, digests, strict=True), strict=True)
    ]


def groups(state: Any) -> dict[str, list[np.ndarray]]:
    """The leaves [...] of a state by the part that they belong to, such as `gen/params`."""
    found: dict[str, list[np.ndarray]] = {}
    for path, leaf in jax.tree_util.tree_leaves_with_path(state):
        names = jax.tree_util.keystr(path, simple=True, separator="/").split("/")
        ends = [number for number, name in enumerate(names) if name in NetworkState._fields]
        group = "/".join(names[: ends[0] + 1 if ends else 1])
        found.setdefault(group, []).append(np.asarray(leaf))
    return found


def _largest(step: int, name: str, then: list[np.ndarray], now: list[np.ndarray]) -> Gap | None:
    found = [g for pair in zip(then, now, strict=True) if (g := gap(step, name, *pair))]
    if not found:
        return None
    return Gap(step, name, max(g.absolute for g in found), max(g.relative for g in found))


def _digest(leaves: list[np.ndarray]) -> str:
    content = hashlib.sha256()
    for leaf in leaves:
        content.update(np.ascontiguousarray(leaf).tobytes())
    return content.hexdigest()
