"""The settings of an arm: laws of single fields, and what they are crossed or drawn to."""

import hashlib
import itertools
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from gan_jax.errors import UserError

Setting = dict[str, Any]
"""Values of config fields, by dotted name."""


class Axis(NamedTuple):
    """How one field, or several that share a value, is chosen.

    law: `grid` tries all of `values`; `choice` draws one of them; `uniform` and `log_uniform` draw
        from the range that `values` bound, the latter evenly in the logarithm.
    """

    fields: tuple[str, ...]
    law: str
    values: tuple[Any, ...]

    def draw(self, random: np.random.Generator) -> Any:
        """One value, by the law."""
        if self.law == "choice":
            return self.values[int(random.integers(len(self.values)))]
        low, high = self.values
        if self.law == "log_uniform":
            return _short(math.exp(random.uniform(math.log(low), math.log(high))))
        return _short(random.uniform(low, high))


LAWS = ("uniform", "log_uniform", "choice")
"""Of random axes, as a study names them; a plain list is a grid."""


def parse(name: str, values: Any) -> Axis:
    """An axis as a study has it: `field = [1, 2]`, or `field = { log_uniform = [1e-4, 1e-3] }`.

    `name` may join several fields by commas. Raises `UserError` for what is no axis.
    """
    fields = tuple(part.strip() for part in name.split(","))
    if isinstance(values, list) and values:
        return Axis(fields, "grid", tuple(_leaf(value) for value in values))
    if not isinstance(values, Mapping) or len(values) != 1 or next(iter(values)) not in LAWS:
        raise UserError(
            f"the axis {name} needs a list of values, or one law, such as "
            f"{{ log_uniform = [1e-4, 1e-3] }}; the laws are {', '.join(LAWS)}."
        )
    ((law, given),) = values.items()
    if not isinstance(given, list) or not given:
        raise UserError(f"{law} of {name} needs a list in brackets.")
    axis = Axis(fields, law, tuple(_leaf(value) for value in given))
    if law != "choice":
        _check_range(axis)
    return axis


def _check_range(axis: Axis) -> None:
    bounds = axis.values
    numbers = all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in bounds)
    least = 0 if axis.law == "log_uniform" else -math.inf
    if len(bounds) != 2 or not numbers or not least < bounds[0] < bounds[1] < math.inf:
        positive = " above 0" if axis.law == "log_uniform" else ""
        raise UserError(
            f"{axis.law} of {', '.join(axis.fields)} needs two numbers{positive}, the "
            f"lower one first, not {list(bounds)}."
        )


def settings(
    axes: tuple[Axis, ...], pairs: tuple[Setting, ...], draws: int, name: str
) -> list[Setting]:
    """The settings of an arm: grids and `pairs` crossed and, where an axis is random, each with
    `draws` draws, the first of which leaves the random fields as the recipe has them.

    The draws depend on `name` and their number alone: more of them leave the earlier ones.
    """
    grids = [axis for axis in axes if axis.law == "grid"]
    drawn = [axis for axis in axes if axis.law != "grid"]
    crossed = [
        dict(
            itertools.chain.from_iterable(_named(a, v) for a, v in zip(grids, values, strict=True))
        )
        for values in itertools.product(*(axis.values for axis in grids))
    ]
    crossed = [setting | pair for setting in crossed for pair in (pairs or ({},))]
    random = [_drawn(drawn, name, number) for number in range(draws if drawn else 1)]
    return [setting | values for setting in crossed for values in random]


def _drawn(axes: list[Axis], name: str, number: int) -> Setting:
    if number == 0:
        return {}
    seed = hashlib.sha256(f"{name}/{number}".encode()).digest()[:8]
    random = np.random.default_rng(int.from_bytes(seed, "big"))
    return dict(itertools.chain.from_iterable(_named(axis, axis.draw(random)) for axis in axes))


def _named(axis: Axis, value: Any) -> list[tuple[str, Any]]:
    return [(field, value) for field in axis.fields]


def _leaf(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _short(value: float) -> float:
    """Four digits, as a table shows them, so that what is read there can be run."""
    return float(f"{value:.4g}")
