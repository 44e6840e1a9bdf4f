"""Mistakes that are the user's to mend; every other exception is a defect of ours."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

Row = TypeVar("Row")


class UserError(Exception):
    """One clear sentence that says what is wrong and what to do; shown without a traceback."""

    exit_code = 1


class Diverged(UserError):
    """A run that cannot go on from a step, such as one whose values are not finite.

    seeds: those of the run that cannot, by their numbers.
    why: what was seen, in words.
    """

    exit_code = 3

    def __init__(self, step: int, seeds: Sequence[int], why: str, sentence: str):
        super().__init__(sentence)
        self.step, self.seeds, self.why = step, tuple(seeds), why


class Collapsed(Diverged):
    """A run whose scores say that its generator has collapsed."""


def choose(table: Mapping[str, Row], field: str, name: str) -> Row:
    """The row `name` of a table that the config field `field` picks from."""
    if name not in table:
        raise UserError(f"{field}={name!r:.100} is unknown; choose one of {', '.join(table)}.")
    return table[name]
