"""What defines a run: frozen dataclasses, typed overrides, and what may change between two starts.

An experiment states its differences from these defaults. Durations are in steps or images, and
their names say which.
"""

import dataclasses
import difflib
import hashlib
import json
import typing
from dataclasses import dataclass, field
from typing import Any, Literal

from gan_jax.errors import UserError


@dataclass(frozen=True)
class Data:
    """Which images, and the shape they are brought to."""

    source: str = "procedural_cars"  # a name in gan_jax.data.SOURCES
    name: str = ""  # tfds: the data set
    train_split: str = "train"  # tfds
    test_split: str = "test"  # tfds
    classes: tuple[str, ...] = ()  # keep these class names only; () keeps all
    path: str = ""  # folder: searched recursively
    pattern: str = "*"  # folder: which file names, such as *.jpg
    height: int = field(default=32, metadata={"minimum": 1})
    width: int = field(default=32, metadata={"minimum": 1})
    channels: Literal[1, 3] = 3
    crop: tuple[int, ...] = ()  # centre crop (height, width) first; () is the largest of our aspect
    feed: Literal["auto", "device", "host"] = "auto"  # where the images live while training
    fallback: str = "none"  # the source to use when this one cannot be had
    stands_in_for: str = ""  # set by the run when `fallback` was taken
    data_dir: str = ""  # tfds: where prepared data sets are


@dataclass(frozen=True)
class Latents:
    """The distribution of z, one draw per example."""

    dimension: int = field(default=100, metadata={"minimum": 1})
    distribution: Literal["normal", "uniform"] = "normal"  # N(0, 1) or U(-1, 1)


@dataclass(frozen=True)
class Optimizer:
    """A row of gan_jax.methods.optimizers.OPTIMIZERS and its rates."""

    name: str = "adam"
    learning_rate: float = 2e-4
    b1: float = 0.5
    b2: float = 0.999
    epsilon: float = 1e-8


@dataclass(frozen=True)
class Network:
    """One of the two networks, and how it is optimised."""

    name: str = "dcgan"
    features: tuple[int, ...] = (64, 128, 256)  # channels, from input to output
    kernel_size: int = field(default=5, metadata={"minimum": 1})
    negative_slope: float = 0.2  # of LeakyReLU
    kernel_stddev: float = 0.02  # convolutions start at N(0, this)
    batch_norm_momentum: float = 0.9
    batch_norm_epsilon: float = 1e-5
    dropout_rate: float = 0.0
    optimizer: Optimizer = Optimizer()


@dataclass(frozen=True)
class Loss:
    """A row of gan_jax.losses.LOSSES and D's targets."""

    name: str = "non_saturating"
    real_target: float = 1.0
    fake_target: float = 0.0


@dataclass(frozen=True)
class Train:
    """How long, in which batches, in what order, at which precision."""

    num_steps: int = field(default=10_000, metadata={"minimum": 0})
    batch_size: int = field(default=64, metadata={"minimum": 1})  # over all devices
    disc_update: Literal["joint", "in_turn"] = "joint"  # one D update, or real then fake
    compute_dtype: Literal["float32", "bfloat16"] = "float32"
    ema_half_life_images: float = field(default=10_000.0, metadata={"minimum": 0})  # of G


@dataclass(frozen=True)
class Log:
    every_steps: int = field(default=50, metadata={"minimum": 0})


@dataclass(frozen=True)
class Sample:
    every_steps: int = field(default=200, metadata={"minimum": 0})
    num_images: int = field(default=16, metadata={"minimum": 1})  # grid and evaluation


@dataclass(frozen=True)
class Checkpoint:
    every_steps: int = field(default=500, metadata={"minimum": 0})
    keep_last: int = field(default=2, metadata={"minimum": 1})
    keep_every_steps: int = field(default=0, metadata={"minimum": 0})  # 0 keeps the last ones only


@dataclass(frozen=True)
class Config:
    """A whole run. Two runs with equal configs, versions and devices are equal."""

    experiment: str = ""
    seed: int = 0
    method: str = "adversarial"  # a name in gan_jax.methods.METHODS
    data: Data = Data()
    latents: Latents = Latents()
    gen: Network = Network()
    disc: Network = Network()
    loss: Loss = Loss()
    train: Train = Train()
    log: Log = Log()
    sample: Sample = Sample()
    checkpoint: Checkpoint = Checkpoint()


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
        nested = dataclasses.is_dataclass(kinds.get(name))
        built[name] = _build(kinds[name], value) if nested else _tupled(value)
    return cls(**built)


def _tupled(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


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
    minimum = items[head].metadata.get("minimum")
    if minimum is not None and parsed < minimum:
        raise UserError(f"{name}={parsed} is too small; it must be at least {minimum}.")
    return dataclasses.replace(node, **{head: parsed})


NOUNS = {int: "a whole number", float: "a number", str: "text"}


def _nearest(name: str) -> str:
    known = list(flatten(Config()))
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5) or [
        other for other in known if other.endswith("." + name)
    ]
    return f"; did you mean {close[0]!r}?" if close else "; gan_jax/config.py lists them all"


def _parse(value: Any, kind: Any, name: str) -> Any:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is Literal:
        for choice in arguments:
            if str(value) == str(choice):
                return choice
        raise UserError(f"{name}={value!r} must be one of {', '.join(map(str, arguments))}.")
    if origin is tuple:
        parts = value.split(",") if isinstance(value, str) else value
        return tuple(_parse(part, arguments[0], name) for part in parts if part != "")
    try:
        if kind is str and isinstance(value, str):
            return value
        if kind is int and not isinstance(value, (float, bool)):
            return int(value)
        if kind is float and not isinstance(value, bool):
            return float(value)
    except ValueError:
        pass
    raise UserError(f"{name}={value!r} is not of the right type; it takes {NOUNS[kind]}.")
