"""Experiments, one module each: its docstring is the recipe, its config states the differences."""

import dataclasses
import difflib
import importlib
import pkgutil
from types import ModuleType

from gan_jax import data
from gan_jax.config import Config
from gan_jax.errors import UserError


def names() -> list[str]:
    """Every experiment, sorted."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def load(name: str) -> Config:
    """The config of an experiment. Raises `UserError` for an unknown one, naming the nearest."""
    return dataclasses.replace(module(name).get_config(), experiment=name)


def module(name: str) -> ModuleType:
    """The module of an experiment. Raises `UserError` for an unknown one, naming the nearest."""
    if name not in names():
        close = difflib.get_close_matches(name, names(), n=1, cutoff=0.5)
        hint = f"did you mean {close[0]}?" if close else "--list shows them all."
        raise UserError(f"There is no experiment {name!r}; {hint}")
    return importlib.import_module(f"{__name__}.{name}")


def table() -> str:
    """Every experiment with one line about it, its paper and its data."""
    rows = [("name", "what", "paper", "data")]
    for name in names():
        experiment = module(name)
        source = data.describe(load(name).data)
        fallback = load(name).data.fallback
        source += f", else {fallback}" if fallback != "none" else ""
        rows.append((name, (experiment.__doc__ or "").splitlines()[0], experiment.PAPER, source))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
