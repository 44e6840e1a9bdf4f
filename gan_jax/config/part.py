"""Parts of a config: families of choices, each choice a frozen dataclass beside its code.

    class Loss(Part): ...                            opens a family
    class Hinge(Loss, name="hinge"): ...             adds a choice to it, with the settings it has

A config is a tree of such choices: a field annotated with a family holds one of its choices, a leaf
has a type and, by `annotated_types`, a range. All fields have defaults.
"""

import dataclasses
import typing
from collections.abc import Iterator
from typing import Any, ClassVar, Self

from gan_jax.errors import choose


class Part:
    """A choice of a family. `chosen_by` is the key that names the choice in text and in JSON."""

    chosen_by: ClassVar[str] = "name"
    choice: ClassVar[str]
    choices: ClassVar[dict[str, Any]]
    implied_by: ClassVar[str] = ""
    """A field which, given alone, means this choice."""
    not_kept: ClassVar[frozenset[str]] = frozenset()
    """Fields that are not kept when another choice of the family is taken."""

    def __init_subclass__(cls, name: str = "", chosen_by: str = "", **rest: Any) -> None:
        super().__init_subclass__(**rest)
        if Part in cls.__bases__:
            cls.choices = {}
            cls.chosen_by = chosen_by or cls.chosen_by
        if name:
            cls.choice = name
            cls.choices[name] = cls

    @classmethod
    def chosen(cls, name: str, field: str) -> type[Self]:
        """The choice of this family with a name; `field` is where it stands, for the error."""
        return choose(cls.choices, field, name)


def hints(part: type) -> dict[str, Any]:
    """The annotations of a part's fields, with their ranges."""
    found = typing.get_type_hints(part, include_extras=True)
    return {item.name: found[item.name] for item in dataclasses.fields(part)}


def is_part(hint: Any) -> bool:
    """Whether a field holds a part or a section of further fields rather than a value."""
    return isinstance(hint, type) and (issubclass(hint, Part) or dataclasses.is_dataclass(hint))


def members(part: Any) -> Iterator[tuple[str, Any, Any]]:
    """Each field of a part: its name, annotation and value."""
    for name, hint in hints(type(part)).items():
        yield name, hint, getattr(part, name)


def flatten(part: Any, prefix: str = "") -> dict[str, Any]:
    """Every choice and every leaf by its dotted name, such as `loss.name` and `train.num_steps`."""
    flat: dict[str, Any] = {}
    if isinstance(part, Part):
        flat[prefix + part.chosen_by] = part.choice
    for name, hint, value in members(part):
        flat |= flatten(value, f"{prefix}{name}.") if is_part(hint) else {prefix + name: value}
    return flat


def modules(part: Any) -> set[str]:
    """The modules that the parts of a tree are defined in."""
    below = (modules(value) for _, hint, value in members(part) if is_part(hint))
    return {type(part).__module__}.union(*below)
