"""Experiments, one module each: its docstring is the recipe, its config states the differences.

A module whose name begins with an underscore is shared by recipes and is none itself.
"""

import dataclasses
import difflib
import importlib
import importlib.util
import pkgutil
from pathlib import Path
from types import ModuleType

from gan_jax import data
from gan_jax.config import check
from gan_jax.errors import UserError
from gan_jax.methods import Config
from gan_jax.system.names import expanded, printable


def names() -> list[str]:
    """Every experiment, sorted. Modules that begin with an underscore are shared by several."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name for name in found if not name.startswith("_"))


def load(name: str) -> Config:
    """The config of an experiment, or of a recipe of the user's own by the path of its file.

    Raises `UserError` for an unknown one, naming the nearest, and for settings out of range.
    """
    own = name.endswith(".py")
    config = (_of_file(name) if own else module(name)).get_config()
    if not isinstance(config, Config):
        raise UserError(f"get_config of {name} returns no config of gan_jax.methods.")
    check(config)
    return dataclasses.replace(config, experiment=Path(name).stem if own else name)


def _of_file(path: str) -> ModuleType:
    file = expanded(path)
    if not file.is_file():
        raise UserError(f"There is no recipe {printable(path)}; check --experiment.")
    spec = importlib.util.spec_from_file_location(f"recipe_{file.stem}", file)
    assert spec is not None and spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    if not hasattr(made, "get_config"):
        raise UserError(f"{printable(path)} has no function get_config; it makes the config.")
    return made


def module(name: str) -> ModuleType:
    """The module of an experiment. Raises `UserError` for an unknown one, naming the nearest."""
    if name not in names():
        close = difflib.get_close_matches(name, names(), n=1, cutoff=0.5)
        hint = f"did you mean {close[0]}?" if close else "--list shows them all."
        raise UserError(f"There is no experiment {name!r}; {hint}")
    return importlib.import_module(f"{__name__}.{name}")


STUDIES = Path(__file__).parent / "studies"
"""A TOML file for each study."""


def study(name: str) -> Path:
    """The file of a study, or of one of the user's own by its path.

    Raises `UserError` for an unknown one, naming the nearest.
    """
    if name.endswith(".toml"):
        return expanded(name)
    known = sorted(path.stem for path in STUDIES.glob("*.toml"))
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
        hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}."
        raise UserError(f"There is no study {name!r}; {hint}")
    return STUDIES / f"{name}.toml"


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
