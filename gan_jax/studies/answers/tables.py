"""The answers of a study as tables."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

from gan_jax.studies.answers import budgets, comparisons, facts, sensitivity, summary
from gan_jax.studies.answers.answer import Answer
from gan_jax.studies.answers.summary import Summary
from gan_jax.studies.rows import FAILURES, SEARCH, Row

MOST_BUDGETS = 8
"""Columns of the expected best of k."""

SELECTED = (
    " The same seeds chose the reported settings among several, which makes their scores a little "
    "too good, and the p-values too small."
)


class Table(NamedTuple):
    """A table of texts, whose first column names the rows."""

    title: str
    head: list[str]
    rows: list[list[str]]
    note: str = ""


def of_answer(answer: Answer, rows: Sequence[Row]) -> list[Table]:
    """Every table of a study that has lines, the answer first."""
    found = [
        arms(answer),
        verdicts(answer),
        pairs(answer),
        expected_best(answer),
        sensitivities(answer),
        spreads(answer),
        other_scores(answer),
        settings(answer, rows),
        failures(rows),
    ]
    return [table for table in found if table.rows]


def arms(answer: Answer) -> Table:
    """A line for each arm: its score over the seeds of its reported setting."""
    head = ["arm", "n", "mean ± sd", "median", "95 % interval", "best", "failures", "mean rank"]
    reference = answer.question.reference
    head += ["published"] if reference else []
    rows = []
    for arm, found in answer.summaries[answer.question.metric].items():
        line = [arm, str(found.runs - found.failures), mean(found), number(found.median)]
        line += [interval(found.low, found.high), number(found.best)]
        line += [f"{found.failures}/{found.runs}", number(answer.ranks.get(arm, math.nan))]
        line += [number(reference.get(arm, math.nan))] if reference else []
        rows.append([*line, answer.settings[arm]])
    note = summary.CAPTION + (SELECTED if answer.is_selected else "")
    return Table(answer.question.metric, [*head, "setting"], rows, note)


def verdicts(answer: Answer) -> Table:
    """The facts, and what became of them."""
    rows = [[v.sentence, v.state, p(v.p), v.why] for v in answer.verdicts]
    return Table("Facts", ["fact", "", "p", ""], rows, facts.CAPTION)


def pairs(answer: Answer) -> Table:
    """Every pair of arms."""
    rows = [
        [
            f"{c.first} minus {c.second}",
            number(c.difference),
            interval(c.low, c.high),
            f"{c.both}/{c.pairs}",
            p(c.p),
            p(c.adjusted),
        ]
        for c in answer.comparisons
    ]
    head = ["arms", "difference", "95 % interval", "both finished", "p", "adjusted p"]
    return Table("Arms in pairs", head, rows, comparisons.CAPTION)


def expected_best(answer: Answer) -> Table:
    """The expected best of some numbers of settings."""
    most = max((len(budget.expected) for budget in answer.budgets.values()), default=0)
    step = -(-most // MOST_BUDGETS)
    counts = list(range(1, most + 1, step)) if step else []
    rows = [
        [
            arm,
            *(
                number(answer.sign * budget.expected[k - 1]) if k <= len(budget.expected) else ""
                for k in counts
            ),
        ]
        for arm, budget in answer.budgets.items()
    ]
    head = ["arm", *(f"k = {k}" for k in counts)]
    return Table("Expected best of k settings", head, rows if most > 1 else [], budgets.CAPTION)


def sensitivities(answer: Answer) -> Table:
    """How much the score of each arm depends on each field."""
    rows = [
        [arm, each.field, each.measure, number(each.value), p(each.p), str(each.settings)]
        for arm, found in answer.sensitivities.items()
        for each in found
    ]
    head = ["arm", "field", "measure", "value", "p", "settings"]
    return Table("Sensitivity to settings", head, rows, sensitivity.CAPTION)


def spreads(answer: Answer) -> Table:
    """The spread over seeds against that over settings."""
    rows = [
        [arm, number(each.seeds), _share(each.relative), number(each.settings), number(each.ratio)]
        for arm, each in answer.spreads.by_arm.items()
    ]
    note = (
        "Standard deviations over the seeds of the reported setting and over the settings that "
        "were tried; failed runs are left out. Over the means of the arms it is "
        f"{number(answer.spreads.arms) or 'not defined'}."
    )
    head = ["arm", "over seeds", "of the mean", "over settings", "settings / seeds"]
    return Table("Spread over seeds and settings", head, rows, note)


def other_scores(answer: Answer) -> Table:
    """The means of the other metrics that have a better end."""
    names = [name for name in answer.summaries if name != answer.question.metric]
    rows = [[arm, *(mean(answer.summaries[name][arm]) for name in names)] for arm in answer.final]
    return Table("Other scores, mean ± sd", ["arm", *names], rows if names else [])


def settings(answer: Answer, rows: Sequence[Row]) -> Table:
    """Every setting that was tried, with its score."""
    values = {(row.arm, row.setting): row.values for row in rows}
    tried = [(arm, name) for arm, found in answer.searched.items() for name in found]
    fields = list(dict.fromkeys(field for key in tried for field in values[key]))
    lines = [
        [
            arm,
            name,
            number(answer.sign * answer.searched[arm][name]),
            *(value(values[arm, name].get(field, "")) for field in fields),
        ]
        for arm, name in tried
    ]
    return Table("Settings tried", ["arm", "setting", answer.question.metric, *fields], lines)


def failures(rows: Sequence[Row]) -> Table:
    """The runs that failed, with the reason."""
    lines = [
        [row.arm, row.setting, str(row.seed), row.stage, row.state, f"{row.steps:,}", row.why]
        for row in rows
        if row.state in FAILURES
    ]
    head = ["arm", "setting", "seed", "stage", "state", "steps", "reason"]
    return Table("Failures", head, lines)


def counts(rows: Sequence[Row]) -> dict[str, str]:
    """How many runs of which kind, and their hours."""
    searches = sum(row.stage == SEARCH for row in rows)
    return {
        "runs": f"{len(rows):,}",
        "of the search": f"{searches:,}",
        "failed": f"{sum(row.state in FAILURES for row in rows):,}",
        "hours": number(sum(row.seconds for row in rows) / 3600),
    }


def mean(found: Summary) -> str:
    """A mean and its standard deviation."""
    spread = "" if math.isnan(found.deviation) else f" ± {found.deviation:.2g}"
    return number(found.mean) + spread


def number(found: float) -> str:
    """A score as text: empty where there is none, `failed` where it is that of a failed run."""
    if math.isnan(found):
        return ""
    return f"{found:.4g}" if math.isfinite(found) else "failed"


def interval(low: float, high: float) -> str:
    """Two ends, or nothing."""
    return "" if math.isnan(low) else f"[{low:.4g}, {high:.4g}]"


def p(value: float) -> str:
    """A p-value with two digits."""
    return "" if math.isnan(value) else f"{value:.2g}"


def value(found: Any) -> str:
    """A field of a setting as text."""
    return f"{found:.4g}" if isinstance(found, float) else str(found)


def _share(found: float) -> str:
    return "" if math.isnan(found) else f"{100 * found:.3g} %"
