"""When two configs are the same run, and configs as plain values."""

import hashlib
import json
import sys
from typing import Any, TypeVar

from gan_jax.config.part import Part, flatten, hints, is_part, members
from gan_jax.config.values import parse
from gan_jax.errors import UserError
from gan_jax.system.names import printable

Tree = TypeVar("Tree")

MAY_CHANGE = frozenset({
    "data.data_dir",
    "data.fallback",
    "data.feed",
    "data.path",  # the images themselves are compared by fingerprint
    "train.num_steps",
    "log.every_steps",
    "sample.every_steps",
    "checkpoint.every_steps",
    "checkpoint.keep_last",
    "checkpoint.keep_every_steps",
    "train.on_nan",  # which acts where the run would have ended
    "train.most_rollbacks",
})  # fmt: skip
"""Fields that leave the trajectory as it is, so that a resumed run may have other values."""
LOOKS_ON = "evaluate."
"""How the names of fields begin that say how a run is scored: they may change, too."""


def may_change(name: str) -> bool:
    """Whether a resumed run may have another value in a field."""
    return name in MAY_CHANGE or name.startswith(LOOKS_ON)


def to_dict(part: Any) -> dict[str, Any]:
    """A tree as nested dictionaries of plain values, as written to config.json."""
    values: dict[str, Any] = {part.chosen_by: part.choice} if isinstance(part, Part) else {}
    for name, hint, value in members(part):
        if is_part(hint):
            value = to_dict(value)
        values[name] = list(value) if isinstance(value, tuple) else value
    return values


def from_dict(family: type[Tree], values: dict[str, Any]) -> Tree:
    """The inverse of `to_dict`, for a choice of `family` or a section; fields that are missing have
    their defaults, so that a config of an earlier version stays readable.

    Raises `UserError` for fields that are not today's, values out of range, and parts of a plugin
    that is not there, which is named.
    """
    try:
        return _build(family, values)
    except (TypeError, KeyError, AttributeError, UserError) as error:
        if flags := " ".join(f"--plugin={printable(name)}" for name in _missing(values)):
            raise UserError(
                f"This run has parts of modules that were not imported; add {flags}."
            ) from error
        raise UserError(
            f"This run's config.json was written by another version of gan_jax ({error}); "
            "start a new run in another --workdir."
        ) from error


def _missing(values: Any) -> list[str]:
    """The plugins of a config that are not imported; importing them is the user's to ask for."""
    plugins = values.get("plugins") if isinstance(values, dict) else ()
    names = plugins if isinstance(plugins, list) else ()
    return [name for name in names if isinstance(name, str) and name not in sys.modules]


def _build(cls: Any, values: dict[str, Any], prefix: str = "") -> Any:
    if not isinstance(values, dict):
        raise TypeError(f"{prefix.rstrip('.')} is {values!r:.100}")
    values = dict(values)
    if issubclass(cls, Part):
        cls = cls.chosen(str(values.pop(cls.chosen_by, "")), prefix + cls.chosen_by)
    built, known = {}, hints(cls)
    for name, value in values.items():
        if name not in known:
            raise KeyError(f"no field {prefix}{name:.100}")
        if is_part(known[name]):
            built[name] = _build(known[name], value, f"{prefix}{name}.")
        else:
            built[name] = _plain(value, known[name], prefix + name)
    return cls(**built)


def _plain(value: Any, hint: Any, name: str) -> Any:
    """A leaf of JSON, whose types are the field's own: no number is text."""
    given = tuple(value) if isinstance(value, list) else value
    parsed = parse(given, hint, name)
    if parsed != given or isinstance(given, str) != isinstance(parsed, str):
        raise TypeError(f"{name} is {value!r:.100}")
    return parsed


def digest(config: Any) -> str:
    """Eight hex digits that name the run: equal when the trajectory and the folder are.

    They are over what differs from the defaults, so that a field added later moves no run.
    """
    named = {
        name: value
        for name, value in stated(config).items()
        if name == "data.path" or not (may_change(name) or name in ("seed", "plugins"))
    }
    return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()[:8]


def stated(part: Any, plain: Any = None, prefix: str = "") -> dict[str, Any]:
    """What a tree says beyond the defaults: the choices other than in `plain`, which is what it is
    the value of by default, and the leaves other than in its class."""
    flat: dict[str, Any] = {}
    if isinstance(part, Part) and (plain is None or part.choice != plain.choice):
        flat[prefix + part.chosen_by] = part.choice
    defaults = type(part)()
    for name, hint, value in members(part):
        default = getattr(defaults, name)
        if is_part(hint):
            flat |= stated(value, default, f"{prefix}{name}.")
        elif value != default:
            flat[prefix + name] = value
    return flat


def differences(before: Any, after: Any) -> list[str]:
    """The fields that alter the trajectory and differ, each as `name: old -> new`."""
    old, new = flatten(before), flatten(after)
    changed = (
        name
        for name in {**old, **new}
        if not may_change(name) and name != "plugins" and old.get(name, ...) != new.get(name, ...)
    )
    shown = (
        (name, *(repr(flat[name]) if name in flat else "none" for flat in (old, new)))
        for name in changed
    )
    return [f"{name}: {then} -> {now}" for name, then, now in shown]
