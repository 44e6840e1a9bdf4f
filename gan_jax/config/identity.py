"""When two configs are the same run, and configs as plain values."""

import dataclasses
import hashlib
import json
import types
import typing
from typing import Any

from gan_jax.config.sections import Config
from gan_jax.errors import UserError

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
})  # fmt: skip
"""Fields that leave the trajectory as it is, so that a resumed run may have other values."""


def to_dict(config: Config) -> dict[str, Any]:
    """The config as nested dictionaries of plain values, as written to config.json."""
    return json.loads(json.dumps(dataclasses.asdict(config)))


def from_dict(values: dict[str, Any]) -> Config:
    """The inverse of `to_dict`. Raises `UserError` when the fields are not today's."""
    try:
        return _build(Config, values)
    except (TypeError, KeyError, AttributeError) as error:
        raise UserError(
            f"This run's config.json was written by another version of gan_jax ({error}); "
            "start a new run in another --workdir."
        ) from error


def _build(cls: type, values: dict[str, Any]) -> Any:
    kinds = typing.get_type_hints(cls)
    if missing := set(kinds) - set(values):
        raise KeyError(f"no field {sorted(missing)[0]}")
    built = {}
    for name, value in values.items():
        if dataclasses.is_dataclass(kinds.get(name)):
            built[name] = _build(kinds[name], value)
        else:
            built[name] = tuple(value) if isinstance(value, list) else value
            if name in kinds and not _is_of(built[name], kinds[name]):
                raise TypeError(f"{name} is {value!r:.100}")
    return cls(**built)


def _is_of(value: Any, kind: Any) -> bool:
    """Whether a plain value is of the type of a field."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is typing.Literal:
        return value in arguments
    if origin is tuple:
        return isinstance(value, tuple) and all(_is_of(part, arguments[0]) for part in value)
    if origin is types.UnionType:
        return value is None or _is_of(value, arguments[0])
    return isinstance(value, (int, float) if kind is float else kind) and type(value) is not bool


def flatten(config: Any, prefix: str = "") -> dict[str, Any]:
    """Every leaf field by its dotted name, such as `train.num_steps`."""
    flat: dict[str, Any] = {}
    for item in dataclasses.fields(config):
        value = getattr(config, item.name)
        if dataclasses.is_dataclass(value):
            flat |= flatten(value, f"{prefix}{item.name}.")
        else:
            flat[prefix + item.name] = value
    return flat


def digest(config: Config) -> str:
    """Eight hex digits that name the run: equal when the trajectory and the folder are."""
    ignored = MAY_CHANGE - {"data.path"} | {"seed"}
    named = {name: value for name, value in flatten(config).items() if name not in ignored}
    return hashlib.sha256(json.dumps(named, sort_keys=True).encode()).hexdigest()[:8]


def differences(before: Config, after: Config) -> list[str]:
    """The fields that alter the trajectory and differ, each as `name: old -> new`."""
    old, new = flatten(before), flatten(after)
    changed = (name for name in old if name not in MAY_CHANGE and old[name] != new[name])
    return [f"{name}: {old[name]!r} -> {new[name]!r}" for name in changed]
