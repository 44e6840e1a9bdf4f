"""What the record of a run says of what made it, beside what would make it now."""

import json
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from gan_jax.methods import Config
from gan_jax.methods.sections import StartFrom
from gan_jax.run import directory, environment
from gan_jax.run.environment import PACKAGES
from gan_jax.system import disk, layout
from gan_jax.system.names import printable

Facts = dict[str, str]
"""What has an effect on a run's bits, by names for people."""
NAMES = {
    "git_commit": "commit",
    "gan_jax": "gan_jax",
    "python": "python",
    "processor": "processor",
    "process_count": "processes",
    "xla_flags": "XLA flags",
}
"""By their names in environment.json."""
DATA, ORIGIN = "data fingerprint", "digest of the first weights"
MOST_LETTERS = 120
"""Of a value that is shown."""
DEFAULT_NAME = re.compile(r"seed(\d+)-([0-9a-f]{8})(?:-|$)")
"""Of a run directory that training named, as `directory.default` does."""
OTHERWISE = re.compile(r"--?(seed$|set$|mode|flagfile)")
"""What makes that the seed is not to be read off a command's words one by one."""
SEED_FLAG = re.compile(r"--?(?:seed|set=seed)=(\d+)")


class Change(NamedTuple):
    """A fact that differs between the record and the replay."""

    name: str
    then: str
    now: str

    def __str__(self) -> str:
        return f"{self.name} {self.then or 'none'} against {self.now or 'none'}"


def starts(workdir: Path) -> list[dict[str, Any]]:
    """What environment.json says of each start of a run, the last one first."""
    last = environment.recorded(workdir)
    earlier = last.get("earlier_starts")
    found = [last, *(earlier if isinstance(earlier, list) else [])]
    return [start for start in found if isinstance(start, dict) and start]


def facts(start: dict[str, Any]) -> Facts:
    """Those of one start of a run; what it does not say is left out."""
    found = {ours: _text(start[name]) for name, ours in NAMES.items() if name in start}
    devices, data = start.get("devices"), start.get("data")
    origin = start.get("start_from")
    if isinstance(devices, list):
        counted = Counter(map(str, devices)).items()
        found["devices"] = _text(", ".join(f"{count} x {kind}" for kind, count in counted))
    if isinstance(packages := start.get("packages"), dict):
        found |= {name: _text(packages[name]) for name in PACKAGES if name in packages}
    if isinstance(variables := start.get("variables"), dict):
        found |= {f"variable {_text(name)}": _text(variables[name]) for name in variables}
    if isinstance(data, dict) and "fingerprint" in data:
        found[DATA] = _text(data["fingerprint"])
    if isinstance(origin, dict) and "digest" in origin:
        found[ORIGIN] = _text(origin["digest"])
    return found


def origin(workdir: Path, config: Config) -> StartFrom:
    """The weights that the run started with, by the step that its record has: the other run may
    have gone on since."""
    said = next((start["start_from"] for start in starts(workdir) if "start_from" in start), None)
    step = said.get("step") if isinstance(said, dict) else None
    return replace(config.start_from, step=step) if type(step) is int else config.start_from


def changes(then: Sequence[Facts], now: Sequence[Facts]) -> list[Change]:
    """Where the starts of the record and those of the replay differ, the data first.

    A record that says nothing differs in nothing.
    """
    names = dict.fromkeys([DATA, *(name for start in (*then, *now) for name in start)])
    pairs = (Change(name, _values(then, name), _values(now, name)) for name in names)
    return [pair for pair in pairs if then and pair.then != pair.now]


def contradictions(workdir: Path, config: Config) -> list[str]:
    """Where the record does not agree with itself, such as a config.json that was edited.

    The seed of a run stands in its config.json, in the name that training gave the directory, in
    the command that started it and in the names of its seeds' folders.
    """
    said = []
    if named := DEFAULT_NAME.match(workdir.name):
        seed, digest = named.groups()
        ours = DEFAULT_NAME.match(directory.default(config).name)
        if int(seed) != config.seed:
            said.append(_seed("the directory's name", seed, config))
        if ours and digest != ours.group(2):
            said.append(
                f"the directory is named by settings with the digest {digest}, and those of "
                f"{layout.CONFIG} have {ours.group(2)}"
            )
    commands = [_seed_of(start.get("command")) for start in starts(workdir)]
    for seed in sorted({seed for seed in commands if seed not in ("", str(config.seed))}):
        said.append(_seed("the command that started the run", seed, config))
    parts = [folder for _, folder in directory.members(config, workdir)]
    if missing := [folder.name for folder in parts if not folder.is_dir()]:
        said.append(
            f"{layout.CONFIG} says {config.train.num_seeds} seeds from seed {config.seed} on, and "
            f"there is no {missing[0]}"
        )
    if not starts(workdir):
        said.append(
            f"{layout.ENVIRONMENT} is missing or damaged, so that what made the run is not known"
        )
    return said


def rollbacks(workdir: Path) -> list[dict[str, Any]]:
    """Where the run went back, as its record has it; what is damaged is left out."""
    try:
        found = json.loads(disk.read(workdir / layout.ROLLBACKS))
    except (OSError, ValueError):
        return []
    rows = found if isinstance(found, list) else []
    return [row for row in rows if isinstance(row, dict) and _are_steps(row)]


def _are_steps(row: dict[str, Any]) -> bool:
    return all(type(row.get(name)) is int for name in ("at", "to"))


def went_back(workdir: Path, at: int) -> str:
    """The rollbacks that a run up to step `at` has behind it, in words; empty where none are."""
    rows = [row for row in rollbacks(workdir) if row["to"] < at]
    return _text(", ".join(f"{row['at']} to {row['to']} ({row.get('seeds')})" for row in rows))


def _seed(where: str, seed: str, config: Config) -> str:
    return f"{where} says seed {seed}, and {layout.CONFIG} says seed {config.seed}"


def _seed_of(command: Any) -> str:
    """The seed that a command of launch.py trains; empty where that cannot be told."""
    words = list(map(str, command)) if isinstance(command, list) else []
    if not words or Path(words[0]).name != "launch.py":
        return ""
    if any(OTHERWISE.match(word) for word in words):
        return ""
    given = [found.group(1) for word in words if (found := SEED_FLAG.fullmatch(word))]
    return str(int(given[-1][-20:])) if given else "0"


def _values(starts: Sequence[Facts], name: str) -> str:
    return ", ".join(dict.fromkeys(start[name] for start in starts if start.get(name)))


def _text(value: Any) -> str:
    text = printable(str(value))
    return text if len(text) <= MOST_LETTERS else f"{text[:MOST_LETTERS]}..."
