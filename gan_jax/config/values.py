"""Values of leaves: from text by the type of the field, and within its range."""

import math
import types
import typing
from typing import Annotated, Any, Literal

from annotated_types import Ge, Gt, Le, Lt, MinLen

from gan_jax.config.part import Part, is_part, members
from gan_jax.errors import UserError

Natural = Annotated[int, Ge(0)]
Count = Annotated[int, Ge(1)]
Positive = Annotated[float, Gt(0)]
NonNegative = Annotated[float, Ge(0)]
Share = Annotated[float, Ge(0), Le(1)]
Decay = Annotated[float, Ge(0), Lt(1)]
"""Of a moving average: how much of it stays from step to step."""

NOUNS = {int: "a whole number", float: "a finite number", str: "text"}


def parse(value: Any, hint: Any, name: str) -> Any:
    """A value of the type `hint`, from text or from a value of it; `name` is the field.

    Raises `UserError` for another type and outside of the range, with the range.
    """
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is Annotated:
        parsed = parse(value, arguments[0], name)
        for bound in arguments[1:]:
            _check(parsed, bound, name)
        return parsed
    if origin in (types.UnionType, typing.Union):  # a value or a word: none, or one of a literal
        if types.NoneType in arguments and value in (None, "none"):
            return None
        for word in (hint for hint in arguments if typing.get_origin(hint) is Literal):
            if str(value) in typing.get_args(word):
                return str(value)
        (rest,) = (
            hint
            for hint in arguments
            if hint is not types.NoneType and typing.get_origin(hint) is not Literal
        )
        return parse(value, rest, name)
    if origin is Literal:
        for choice in arguments:
            if str(value) == str(choice):
                return choice
        raise UserError(f"{name}={value!r:.100} must be one of {', '.join(map(str, arguments))}.")
    if origin is tuple:
        if not isinstance(value, str | tuple | list):
            raise UserError(f"{name}={value!r:.100} is not of the right type; it takes a list.")
        parts = value.strip("[]() ").split(",") if isinstance(value, str) else value
        return tuple(parse(part, arguments[0], name) for part in parts if part != "")
    try:
        if hint is str and isinstance(value, str):
            return value
        if hint is int and not isinstance(value, bool):
            return _whole(value)
        if hint is float and not isinstance(value, bool) and math.isfinite(float(value)):
            return float(value)
    except (ValueError, TypeError, OverflowError):
        pass
    raise UserError(f"{name}={value!r:.100} is not of the right type; it takes {NOUNS[hint]}.")


def check(part: Any, prefix: str = "") -> None:
    """Raises `UserError` for the first leaf of a tree that is of another type or out of range."""
    for name, hint, value in members(part):
        path = prefix + name
        if not is_part(hint):
            if parse(value, hint, path) != value:
                raise UserError(f"{path}={value!r:.100} is text, where a value belongs.")
        elif type(value) is hint or (issubclass(hint, Part) and isinstance(value, hint)):
            check(value, path + ".")
        else:
            raise UserError(f"{path} is {value!r:.100}; it takes {hint.__name__}.")


def _whole(value: Any) -> int:
    """A whole number, also as 1e5. Raises ValueError for others."""
    if isinstance(value, str) and "e" not in value.lower():
        return int(value)
    if not float(value).is_integer():
        raise ValueError(value)
    return int(float(value))


def _check(value: Any, bound: Any, name: str) -> None:
    if isinstance(bound, MinLen):
        if len(value) < bound.min_length:
            raise UserError(
                f"{name} is empty; give at least {bound.min_length}, separated by commas."
            )
        return
    beyond = {
        Ge: ("ge", "small", "at least"),
        Gt: ("gt", "small", "more than"),
        Le: ("le", "large", "at most"),
        Lt: ("lt", "large", "less than"),
    }
    field, size, word = beyond[type(bound)]
    end = getattr(bound, field)
    fits = {
        "ge": value >= end, "gt": value > end, "le": value <= end, "lt": value < end
    }[field]  # fmt: skip
    if not fits:
        raise UserError(f"{name}={value} is too {size}; it must be {word} {end}.")
