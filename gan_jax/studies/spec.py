"""A study as data: the question, its arms with their settings, the seeds, the budget, the score.

question = "Does a faster D help?"

[budget]
steps = 1000

[[arms]]
name = "cars"
recipe = "dcgan_cifar_cars"
[arms.axes]
"disc_optimizer.learning_rate" = [1e-4, 1e-3]

[scales.short]
budget.steps = 100
[scales.short.arms.cars.axes]
"disc_optimizer.learning_rate" = [1e-3]
"""

import dataclasses
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from gan_jax.errors import UserError
from gan_jax.studies import axes as axis_lib
from gan_jax.studies.axes import Axis, Setting
from gan_jax.system import disk
from gan_jax.system.names import printable


@dataclass(frozen=True)
class Budget:
    """How long a run trains, by one of these; none leaves it to the recipe.

    disc_steps counts the updates of D, of which a step may have several; images counts the
    training images that D sees; seconds are of wall time, by a timing of each arm.
    """

    steps: int = 0
    disc_steps: int = 0
    images: int = 0
    seconds: float = 0.0


@dataclass(frozen=True)
class Arm:
    """One of the things that are compared.

    recipe: an experiment, as `--experiment` names it.
    set: fields that differ from the recipe; as of an axis, several may share a value by commas.
    axes, pairs: fields that are searched; see `axes.settings`.
    budget: in place of the study's.
    """

    name: str = ""
    recipe: str = ""
    set: Setting = dataclasses.field(default_factory=dict)
    axes: tuple[Axis, ...] = ()
    pairs: tuple[Setting, ...] = ()
    budget: Budget = Budget()


@dataclass(frozen=True)
class Seeds:
    """search: how many seeds each setting has, from 0 on.
    final: how many other ones the best setting of each arm gets; 0 leaves it at the search.
    together: whether they train in one program, which is faster on an accelerator and for small
        networks, and slower for convolutions on a CPU.
    settings_together: how many settings of an arm train in one program where numbers alone tell
        them apart; 1 is each by itself, 0 chooses: docs/studies.md says what and why.
    """

    search: int = 1
    final: int = 0
    together: bool = True
    settings_together: int = 0


@dataclass(frozen=True)
class Score:
    """What ranks the runs.

    metric: a score of `--mode=evaluate`, such as `fd`, or a name in the rows of metrics.jsonl.
    checkpoint: `best` of the looks, chosen on one half of the images and reported on the other, or
        `last`.
    looks: how often samples are scored in a run; 0 takes the metric from the last rows.
    features, num_samples, metrics: as `evaluate.features.name`, `evaluate.num_samples` and
        `evaluate.metrics`; empty are the recipe's.
    """

    metric: str = "fd"
    checkpoint: str = "best"
    looks: int = 4
    features: str = ""
    num_samples: int = 0
    metrics: tuple[str, ...] = ()


@dataclass(frozen=True)
class Study:
    """name: of the file, without its suffix.

    set: fields that differ from the recipe in every arm. settings: how many each arm has where it
    has a random axis, the recipe's own included. reference: published values by arm, for a
    comparison of the ranks, with `source`, where they are from. facts: sentences that the study
    decides; see `answers.facts`.
    """

    name: str = ""
    question: str = ""
    settings: int = 1
    set: Setting = dataclasses.field(default_factory=dict)
    seeds: Seeds = Seeds()
    budget: Budget = Budget()
    score: Score = Score()
    arms: tuple[Arm, ...] = ()
    reference: Mapping[str, float] = dataclasses.field(default_factory=dict)
    source: str = ""
    facts: tuple[Mapping[str, Any], ...] = ()


def read(path: Path, scale: str = "") -> Study:
    """The study of a TOML file; `scale` names a table of `scales`, whose values replace those of
    the file, of arms by their names. Raises `UserError` with the line of a mistake."""
    name = printable(path)
    try:
        text = disk.read(path).decode()
        values = tomllib.loads(text)
    except FileNotFoundError as error:
        raise UserError(f"There is no study {name}; check --study.") from error
    except (OSError, ValueError) as error:  # tomllib says line and column
        raise UserError(f"{name} is no study: {error}.") from error
    try:
        study = _section(Study, _at_scale(values, scale), "")
        _check(study)
    except _Mistake as mistake:
        at = _line(text, mistake.key)
        raise UserError(f"{name}{f', line {at}' if at else ''}: {mistake}") from mistake
    return dataclasses.replace(study, name=path.stem + (f"_{scale}" if scale else ""))


def changed(study: Study, settings: Setting) -> Study:
    """The study with fields set in every arm, whatever it has itself; axes still choose theirs."""
    arms = (dataclasses.replace(arm, set={**arm.set, **settings}) for arm in study.arms)
    return dataclasses.replace(study, arms=tuple(arms))


class _Mistake(UserError):
    def __init__(self, key: str, sentence: str):
        super().__init__(sentence)
        self.key = key


def _at_scale(values: dict[str, Any], scale: str) -> dict[str, Any]:
    """The values of a file with those of one of its scales laid on them."""
    scales = _table(values.pop("scales", {}), "scales")
    if not scale:
        return values
    if scale not in scales:
        there_are = f"choose from {', '.join(scales)}" if scales else "leave --scale out"
        raise _Mistake("", f"there is no scale {scale!r}; {there_are}.")
    over = dict(_table(scales[scale], scale))
    changes = dict(_table(over.pop("arms", {}), "arms"))
    merged = _merged(values, over)
    if isinstance(arms := merged.get("arms"), list):
        merged["arms"] = [_changed(arm, changes) for arm in arms]
    if changes:
        unknown = next(iter(changes))
        raise _Mistake(unknown, f"the scale {scale} names {unknown}, which is no arm.")
    return merged


def _changed(arm: Any, changes: dict[str, Any]) -> Any:
    """An arm with what `changes`, from which that is taken, has for its name."""
    if not isinstance(arm, Mapping) or arm.get("name") not in list(changes):
        return arm
    return _merged(arm, _table(changes.pop(arm["name"]), arm["name"]))


def _merged(values: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`over` laid on `values`, table by table, of which an axis and a budget are none."""
    both = {
        key: {**values[key], **value} if key == "axes" else _merged(values[key], value)
        for key, value in over.items()
        if isinstance(value, Mapping) and isinstance(values.get(key), Mapping) and key != "budget"
    }
    return {**values, **over, **both}


def _section(cls: type, values: Any, at: str) -> Any:
    if not isinstance(values, Mapping):
        raise _Mistake(at, f"{at} needs a table of fields.")
    hints = get_type_hints(cls)
    known = [name for name in hints if not (cls is Study and name == "name")]
    made: dict[str, Any] = {}
    for key, value in values.items():
        if key not in known:
            of = f"{at} has" if at else "a study has"
            raise _Mistake(key, f"{of} no field {key!r}; it has {', '.join(known)}.")
        made[key] = _value(hints[key], value, key)
        if cls is Budget and made[key] <= 0:
            raise _Mistake(key, f"a budget of {value} {key} is nothing; give a number above 0.")
    return cls(**made)


def _value(hint: Any, value: Any, key: str) -> Any:
    if dataclasses.is_dataclass(hint):
        return _section(hint, value, key)  # type: ignore[arg-type]
    origin, inner = get_origin(hint), get_args(hint)
    if key == "axes":
        return tuple(_axis(name, given) for name, given in _table(value, key).items())
    if origin is tuple:
        if not isinstance(value, list):
            raise _Mistake(key, f"{key} needs a list.")
        return tuple(_value(inner[0], each, key) for each in value)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return {
            name.strip(): tuple(each) if isinstance(each, list) else each
            for names, each in _table(value, key).items()
            for name in names.split(",")
        }
    kinds = (int, float) if hint is float else (hint,)
    if not isinstance(value, kinds) or isinstance(value, bool) != (hint is bool):
        raise _Mistake(key, f"{key} needs {_WORDS[hint]}, not {value!r:.60}.")
    return value


def _axis(name: str, given: Any) -> Axis:
    try:
        return axis_lib.parse(name, given)
    except UserError as error:
        raise _Mistake(name, str(error)) from error


def _table(value: Any, key: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise _Mistake(key, f"{key} needs a table.")
    return value


_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "text in quotes"}


def _check(study: Study) -> None:
    """Raises `_Mistake` for a study that cannot be."""
    if not study.question:
        raise _Mistake("", "a study needs a question, in a sentence.")
    if not study.arms:
        raise _Mistake("arms", "a study needs at least one of [[arms]], with a name and a recipe.")
    names = [arm.name for arm in study.arms]
    for arm in study.arms:
        if not (arm.name and arm.recipe):
            raise _Mistake("arms", "each of [[arms]] needs a name and a recipe.")
        if not re.fullmatch(r"[\w.+-]+", arm.name) or arm.name.startswith("."):
            raise _Mistake(
                arm.name, f"the name {arm.name!r} of an arm is a folder's too; use letters and -."
            )
        if names.count(arm.name) > 1:
            raise _Mistake(arm.name, f"there are two arms {arm.name!r}; give them other names.")
        _check_once(arm)
    for budget in (study.budget, *(arm.budget for arm in study.arms)):
        known = dataclasses.asdict(budget)
        given = [name for name, value in known.items() if value]
        if len(given) > 1:
            raise _Mistake(given[1], f"a budget is one of {', '.join(known)}, not {len(given)}.")
    seeds = study.seeds
    counts = {"final": seeds.final, "settings_together": seeds.settings_together}
    counts |= {"settings": study.settings, "search": seeds.search, "looks": study.score.looks}
    for name, value in counts.items():
        least = int(name in ("settings", "search"))
        if value < least:
            raise _Mistake(name, f"{name} needs {least} or more, not {value}.")
    if study.score.checkpoint not in ("best", "last"):
        raise _Mistake("checkpoint", "score.checkpoint is best or last.")
    if unknown := sorted(set(study.reference) - set(names)):
        raise _Mistake(unknown[0], f"the reference names {unknown[0]}, which is no arm.")


def _check_once(arm: Arm) -> None:
    """Raises `_Mistake` for a field that two axes choose."""
    chosen = [field for axis in arm.axes for field in axis.fields]
    chosen += dict.fromkeys(field for pair in arm.pairs for field in pair)
    if twice := [field for field in chosen if chosen.count(field) > 1]:
        raise _Mistake(
            twice[0], f"two axes of the arm {arm.name} choose {twice[0]}; leave it in one."
        )


def _line(text: str, key: str) -> int:
    """The first line of a file, but for comments, that has a key; 0 where none has."""
    whole = re.compile(rf"(?<!\w){re.escape(key)}(?!\w)")
    lines = enumerate((line.partition("#")[0] for line in text.splitlines()), start=1)
    return next((number for number, line in lines if key and whole.search(line)), 0)
