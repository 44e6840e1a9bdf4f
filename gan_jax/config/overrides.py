"""Changes of single fields, named by dotted paths."""

import dataclasses
import difflib
from collections.abc import Mapping
from typing import Any, TypeVar

from gan_jax.config.part import Part, flatten, hints, is_part
from gan_jax.config.values import parse
from gan_jax.errors import UserError

Config = TypeVar("Config")


def override(config: Config, changes: dict[str, Any]) -> Config:
    """`config` with fields replaced, each named by its dotted path and given as text or value.

    Choices of parts are made first, in any order of `changes`; what the part before has been set to
    and the new one has as well is kept. A field that only some other choice has means that choice
    where the choice says so: `data.path` selects a folder. Raises `UserError` for a field that the
    chosen part does not have, and for a value of the wrong type or range.
    """
    changes = _implied(config, changes) | changes
    by_depth = sorted(changes, key=lambda name: name.count("."))
    for name in by_depth:
        if _is_choice(config, name):
            config = _replace(config, name.split("."), changes[name], name, config)
    for name, value in changes.items():
        if not _is_choice(config, name):
            config = _replace(config, name.split("."), value, name, config)
    return config


def placed(config: Config, values: Mapping[str, Any]) -> Config:
    """`config` with leaves replaced by values of any type, such as the arguments of a function that
    is traced: nothing is parsed or checked."""
    for name, value in values.items():
        config = _placed(config, name.split("."), value)
    return config


def _placed(node: Any, path: list[str], value: Any) -> Any:
    head, *rest = path
    below = _placed(getattr(node, head), rest, value) if rest else value
    return dataclasses.replace(node, **{head: below})


def _implied(config: Any, changes: dict[str, Any]) -> dict[str, Any]:
    """The choices that fields of `changes` mean beside what they are."""
    implied: dict[str, str] = {}
    for name, value in changes.items():
        *above, field = name.split(".")
        part = _at(config, above)
        if not isinstance(part, Part) or not value:
            continue
        key = ".".join([*above, part.chosen_by])
        for choice, cls in part.choices.items():
            if cls.implied_by == field and key not in changes:
                narrower = key not in implied or issubclass(cls, part.choices[implied[key]])
                implied[key] = choice if narrower else implied[key]
    return implied


def _at(config: Any, path: list[str]) -> Any:
    for name in path:
        config = getattr(config, name, None)
    return config


def _is_choice(config: Any, name: str) -> bool:
    *above, field = name.split(".")
    part = _at(config, above)
    return isinstance(part, Part) and part.chosen_by == field


def _replace(node: Any, path: list[str], value: Any, name: str, root: Any) -> Any:
    head, *rest = path
    known = hints(type(node))
    if isinstance(node, Part) and head == node.chosen_by and not rest:
        return choose_other(node, value, name)
    if head not in known or is_part(known[head]) != bool(rest):
        raise UserError(_unknown(node, path, name, root))
    if rest:
        below = _replace(getattr(node, head), rest, value, name, root)
    else:
        below = parse(value, known[head], name)
    return dataclasses.replace(node, **{head: below})


def choose_other(old: Part, choice: str, name: str) -> Any:
    """Another choice of a family, with what `old` was set to as far as it has the same fields.

    `name` is the field that chooses, for the error.
    """
    new = old.chosen(choice, name)
    return old if new is type(old) else _as(new, old, old.not_kept)


def _as(new: type, old: Any, but: frozenset[str] = frozenset()) -> Any:
    """A part of another class with the fields of `old` that differ from their defaults and fit."""
    plain, kept = type(old)(), {}
    for field, hint in hints(new).items():
        value = getattr(old, field, ...)
        if field in but or value in (..., getattr(plain, field, ...)):
            continue
        if not is_part(hint):
            try:
                parse(value, hint, field)
            except UserError:
                continue
            kept[field] = value
        elif not issubclass(hint, Part):
            kept[field] = _as(hint, value)
        elif isinstance(value, hint):
            kept[field] = value
    return new(**kept)


def _unknown(node: Any, path: list[str], name: str, root: Any) -> str:
    """Why `node`, a part of `root`, has no field that `path` leads to."""
    above, fields = name.split(".")[: -len(path)], hints(type(node))
    others = node.choices.values() if isinstance(node, Part) else ()
    elsewhere = any(path[0] in hints(other) for other in others)
    known = list(flatten(root))
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5) or [
        other for other in known if other.endswith("." + name)
    ]
    if close and not elsewhere:
        return f"There is no config field {name!r}; did you mean {close[0]!r}?"
    if path[0] in fields or not (above or elsewhere):
        return f"There is no config field {name!r}; --print_config shows them all."
    of = ".".join(above)
    if isinstance(node, Part):
        of = ".".join([*above, node.chosen_by]) + f"={node.choice}"
    return f"{of} has no field {path[0]!r}; it has {', '.join(fields) or 'none'}."
