"""What each run of a study costs: its score, turned so that less is better, or infinity.

A run that failed is worse than any that finished, whatever its score would have been. Lucic et al.
(arXiv 1711.10337) give such runs one large score; infinity has the same rank and enters no mean.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from gan_jax.errors import UserError
from gan_jax.run.status import FINISHED
from gan_jax.studies.answers import directions
from gan_jax.studies.rows import FAILURES, FINAL, SEARCH, Row

Costs = dict[str, dict[int, float]]
"""By arm and seed, of its reported setting."""
Searched = dict[str, dict[str, float]]
"""By arm and setting."""


def has_ended(row: Row) -> bool:
    """Whether a run's outcome is known."""
    return row.state == FINISHED or row.state in FAILURES


def cost(row: Row, metric: str) -> float:
    """The score of a run that has ended, less is better; infinite where it failed or has none."""
    value = row.scores.get(metric, math.nan) if row.state == FINISHED else math.nan
    return directions.sign(metric) * value if math.isfinite(value) else math.inf


def searched(rows: Sequence[Row], metric: str) -> Searched:
    """The median cost over seeds of every setting that was tried.

    Of an arm that was searched, in the search alone: its final seeds have other numbers of runs.
    """
    found: dict[str, dict[str, list[float]]] = {}
    with_search = {row.arm for row in rows if row.stage == SEARCH}
    for row in rows:
        if has_ended(row) and (row.stage == SEARCH or row.arm not in with_search):
            costs = found.setdefault(row.arm, {}).setdefault(row.setting, [])
            costs.append(cost(row, metric))
    return {
        arm: {name: median(costs) for name, costs in settings.items()}
        for arm, settings in found.items()
    }


def last_stage(rows: Sequence[Row]) -> list[Row]:
    """The rows whose seeds are reported: the final ones or, of a study without, all."""
    return [row for row in rows if row.stage == FINAL] or list(rows)


def reported(rows: Sequence[Row], metric: str) -> dict[str, str]:
    """The setting of each arm that is reported: that of its last stage or, where it has several
    there, the one with the lowest median cost over their seeds, the first of equal ones."""
    last = last_stage(rows)
    found = searched(last, metric)
    chosen: dict[str, str] = {}
    for row in last:
        costs = found.get(row.arm, {row.setting: 0.0})
        chosen.setdefault(row.arm, min(costs, key=costs.__getitem__))
    return chosen


def reported_rows(rows: Sequence[Row], metric: str) -> list[Row]:
    """The runs of the reported setting of each arm."""
    settings = reported(rows, metric)
    return [row for row in last_stage(rows) if settings[row.arm] == row.setting]


def by_seed(rows: Sequence[Row], metric: str) -> Costs:
    """The costs of runs, one for each arm and seed. Raises `UserError` where a seed is
    there twice."""
    found: Costs = {}
    for row in filter(has_ended, rows):
        if row.seed in found.setdefault(row.arm, {}):
            raise UserError(
                f"The arm {row.arm!r:.100} has seed {row.seed} twice; keep one of them."
            )
        found[row.arm][row.seed] = cost(row, metric)
    return found


def common_seeds(costs: Mapping[str, Mapping[int, float]]) -> list[int]:
    """The seeds that every arm has. Raises `UserError` where one lacks some of another's."""
    (first, seeds), *others = costs.items()
    for arm, found in others:
        if apart := sorted(set(seeds) ^ set(found)):
            shown = ", ".join(map(str, apart[:10]))
            raise UserError(
                f"The arms {first!r:.100} and {arm!r:.100} have different seeds (not in both: "
                f"{shown}), so that they cannot be paired; finish the study, or give both the same."
            )
    return sorted(seeds)


def common_protocol(rows: Iterable[Row]) -> str:
    """The protocol of all scores, empty without any. Raises `UserError` where there are several."""
    found = list(dict.fromkeys(row.protocol for row in rows if row.scores))
    if len(found) > 1:
        raise UserError(
            "These scores are not comparable, as they came about in different ways "
            f"({found[0]!r:.300} and {found[1]!r:.300}); evaluate all of them in one way first."
        )
    return "".join(found)
