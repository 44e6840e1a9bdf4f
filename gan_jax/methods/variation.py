"""Several settings of a method in one program: numbers of its config become arguments of it.

The step is traced once, by a config that holds tracers in place of the varied numbers, so that the
parts compute with them as with any others. A number that decides about the program itself, as by a
branch, ends the trace and so cannot be varied. Each setting trains with each seed; these members
are numbered setting by setting.
"""

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np

from gan_jax import keys, methods
from gan_jax.config import flatten, override, placed
from gan_jax.devices import parallel
from gan_jax.devices.mesh import place
from gan_jax.errors import UserError
from gan_jax.method import Example, Method, Metrics, State
from gan_jax.methods.sections import Config, Varied

NETWORKS = {"data", "condition", "latents", "gen", "disc", "encoder", "evaluate"}
"""Parts whose numbers sampling and scoring compute with as well, which all settings share."""

TRACING = (TypeError, ValueError, UserError)
"""What a trace raises that a number ends which decides about the program."""


class Root(NamedTuple):
    """What a method of varied settings takes for a root key."""

    key: jax.Array
    values: Mapping[str, Any]  # float32 scalars by the fields of the config


def settings(config: Config) -> list[Config]:
    """The config of each setting, with all seeds."""
    alone = dataclasses.replace(config, varied=Varied())
    return [placed(alone, values) for values in config.varied.settings]


def members(config: Config) -> list[Config]:
    """The config of each member, as it would be alone."""
    train = dataclasses.replace(config.train, num_seeds=1)
    return [
        dataclasses.replace(setting, seed=config.seed + number, train=train)
        for setting in settings(config)
        for number in range(config.train.num_seeds)
    ]


def named(config: Config, number: int) -> str:
    """A member by its number, in words."""
    setting, seed = divmod(number, config.train.num_seeds)
    of = f" of setting {setting}" if config.varied.fields else ""
    return f"seed {config.seed + seed}{of}"


def check(config: Config) -> None:
    """Raises `UserError` for varied fields that are none or no numbers, and for values that are out
    of range or not as many as the settings need."""
    fields, values = config.varied.fields, config.varied.values
    if not (fields or values):
        return
    if len(set(fields)) < len(fields):
        raise UserError(f"varied.fields={','.join(fields)} names a field twice; name each once.")
    if not fields or len(values) % len(fields) or len(values) < 2 * len(fields):
        raise UserError(
            f"varied.values has {len(values)} numbers for {len(fields)} of varied.fields; give "
            "each of two settings or more a number for every field."
        )
    alone = dataclasses.replace(config, varied=Varied())
    for setting in config.varied.settings:
        made = override(alone, dict(setting))
        for name in fields:
            if not may_vary(made, name):
                raise _changes_program(name)


def may_vary(config: Config, name: str) -> bool:
    """Whether a field holds a number that the networks do not have; tracing tells the rest."""
    in_networks = NETWORKS & set(name.split(".")[:-1])
    return not in_networks and isinstance(flatten(config).get(name), float)


def make(config: Config) -> Method:
    """The method of `config`, of which `init` and `step` take a `Root` for a key where fields are
    varied. Raises `UserError` for parts that do not fit."""
    method = methods.make(config)
    if not config.varied.fields:
        return method
    for setting in settings(config):
        methods.make(setting)  # some values may not fit

    def init(root: Any) -> State:
        return _with(config, root.values).init(root.key)

    def step(state: State, batch: Example, root: Any) -> tuple[State, Metrics]:
        return _with(config, root.values).step(state, batch, root.key)

    return method._replace(init=init, step=step)


def values(config: Config) -> dict[str, np.ndarray]:
    """Those of each varied field, float32 [members]."""
    rows, count = config.varied.settings, config.train.num_seeds
    return {
        name: np.repeat(np.asarray([row[name] for row in rows], np.float32), count)
        for name in config.varied.fields
    }


def roots(config: Config, root_keys: Any, put: Callable[[Any], Any] = lambda tree: tree) -> Any:
    """What the method takes for `root_keys` of all members; `put` places the values as these."""
    return Root(root_keys, put(values(config))) if config.varied.fields else root_keys


def each_root(config: Config) -> list[Any]:
    """What the method takes for the root key of each member."""
    found = [keys.root(member.seed) for member in members(config)]
    if not config.varied.fields:
        return found
    return [Root(key, each) for key, each in zip(found, _each(config), strict=True)]


def evaluators(config: Config, method: Method) -> list[Callable[..., dict[str, jax.Array]]]:
    """`Method.evaluate`, to [n] each, of every member; compiled once for all."""
    if not config.varied.fields:
        return [jax.jit(method.evaluate)] * config.num_members

    @jax.jit
    def evaluate(values: Mapping[str, Any], *given: Any) -> dict[str, jax.Array]:
        return _with(config, values).evaluate(*given)

    return [partial(evaluate, each) for each in _each(config)]


def changing(config: Config) -> list[str]:
    """The varied fields that change the program, as tracing the step finds."""
    fields = config.varied.fields
    if _is_traced(config, fields):
        return []
    return [name for name in fields if not _is_traced(config, (name,))] or list(fields)


@contextlib.contextmanager
def explained(config: Config) -> Iterator[None]:
    """Raises `UserError` where what is traced meanwhile fails by a varied field."""
    try:
        yield
    except TRACING as error:
        for name in changing(config) if config.varied.fields else ():
            raise _changes_program(name) from error
        raise


def _with(config: Config, values: Mapping[str, Any]) -> Method:
    return methods.make(placed(config, values))


def _each(config: Config) -> list[dict[str, np.float32]]:
    found = values(config)
    return [{name: of[i] for name, of in found.items()} for i in range(config.num_members)]


def _is_traced(config: Config, fields: Sequence[str]) -> bool:
    first = config.varied.settings[0]
    rows = tuple(first[name] for name in fields)
    two = dataclasses.replace(config, varied=Varied(tuple(fields), rows * 2))
    try:
        method, root = make(two), each_root(two)[0]
        state = jax.eval_shape(method.init, root)
        parallel.trace(method, state, methods.batch(two), place(2), root)
    except TRACING:
        return False
    return True


def _changes_program(name: str) -> UserError:
    return UserError(
        f"varied.fields: {name} changes the program, or is no number that can be varied in it; "
        "give each of its values a run of its own."
    )
