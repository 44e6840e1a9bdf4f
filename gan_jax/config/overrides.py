"""Typed changes of single fields, named by dotted paths."""

import dataclasses
import difflib
import math
import types
import typing
from typing import Any, Literal

from gan_jax.config.identity import flatten
from gan_jax.config.sections import Config
from gan_jax.errors import UserError


def override(config: Config, changes: dict[str, Any]) -> Config:
    """`config` with fields replaced, each named by its dotted path and given as text or value.

    Giving `data.path` without `data.source` selects that folder, with all its classes. Raises
    `UserError` for an unknown field (naming the nearest) and for a value of the wrong type or
    range.
    """
    if changes.get("data.path") and "data.source" not in changes:
        changes = {"data.source": "folder", "data.classes": (), **changes}
    for name, value in changes.items():
        config = _replace(config, name.split("."), value, name)
    return config


def _replace(node: Any, path: list[str], value: Any, name: str) -> Any:
    items = {item.name: item for item in dataclasses.fields(node)}
    head, *rest = path
    leaf = head in items and not dataclasses.is_dataclass(getattr(node, head))
    if head not in items or leaf == bool(rest):
        raise UserError(f"There is no config field {name!r}{_nearest(name)}.")
    if rest:
        return dataclasses.replace(node, **{head: _replace(getattr(node, head), rest, value, name)})
    parsed = _parse(value, typing.get_type_hints(type(node))[head], name)
    minimum, maximum = (items[head].metadata.get(end) for end in ("minimum", "maximum"))
    for number in parsed if isinstance(parsed, tuple) else (parsed,):
        if minimum is not None and number < minimum:
            raise UserError(f"{name}={number} is too small; it must be at least {minimum}.")
        if maximum is not None and number > maximum:
            raise UserError(f"{name}={number} is too large; it must be at most {maximum}.")
    return dataclasses.replace(node, **{head: parsed})


NOUNS = {int: "a whole number", float: "a finite number", str: "text"}


def _whole(value: Any) -> int:
    """A whole number, also as 1e5. Raises ValueError for others."""
    if isinstance(value, str) and "e" not in value.lower():
        return int(value)
    if not float(value).is_integer():
        raise ValueError(value)
    return int(float(value))


def _nearest(name: str) -> str:
    known = list(flatten(Config()))
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5) or [
        other for other in known if other.endswith("." + name)
    ]
    return f"; did you mean {close[0]!r}?" if close else "; see gan_jax/config/sections.py"


def _parse(value: Any, kind: Any, name: str) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is types.UnionType:  # a value or none
        return None if value in (None, "none") else _parse(value, arguments[0], name)
    if origin is Literal:
        for choice in arguments:
            if str(value) == str(choice):
                return choice
        raise UserError(f"{name}={value!r} must be one of {', '.join(map(str, arguments))}.")
    if origin is tuple:
        parts = value.strip("[]() ").split(",") if isinstance(value, str) else value
        return tuple(_parse(part, arguments[0], name) for part in parts if part != "")
    try:
        if kind is str and isinstance(value, str):
            return value
        if kind is int and not isinstance(value, bool):
            return _whole(value)
        if kind is float and not isinstance(value, bool) and math.isfinite(float(value)):
            return float(value)
    except (ValueError, OverflowError):
        pass
    raise UserError(f"{name}={value!r} is not of the right type; it takes {NOUNS[kind]}.")
