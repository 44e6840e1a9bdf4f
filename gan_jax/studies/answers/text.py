"""The answers of a study in words: its sentences, and its tables between them as Markdown."""

from collections.abc import Sequence

from gan_jax.evaluation.tables import markdown
from gan_jax.studies.answers import tables
from gan_jax.studies.answers.answer import Answer
from gan_jax.studies.answers.tables import Table
from gan_jax.studies.rows import Row
from gan_jax.system.names import printable


def of_answer(answer: Answer, rows: Sequence[Row]) -> str:
    """What study.md holds: the question, what to know before its answer, and the tables."""
    first, *others = tables.of_answer(answer, rows) or [tables.arms(answer)]
    before = [answer.question.sentence, *cautions(answer), direction(answer)]
    parts = [*map(_escaped, before), *_lines(first), *map(_escaped, agreement(answer))]
    parts += [line for table in others for line in _lines(table)]
    return "\n\n".join(filter(None, parts)) + "\n"


def cautions(answer: Answer) -> list[str]:
    """What could not be computed, and whether runs are missing."""
    missing = f"{answer.unfinished:,} of the study's runs have not ended yet."
    return [*answer.refusals, *([missing] if answer.unfinished else [])]


def direction(answer: Answer) -> str:
    """Which metric decides, and how it came about."""
    end = "lower" if answer.sign > 0 else "higher"
    protocol = f" Protocol: {answer.protocol}." if answer.protocol else ""
    return f"By {answer.question.metric}; {end} is better.{protocol}"


def agreement(answer: Answer) -> list[str]:
    """How far the order of the arms is that of the reference; nothing without one."""
    found = answer.agreement
    if found is None:
        return []
    source = answer.question.source
    of = f"the published order ({source})" if source else "the reference's order"
    return [
        f"Kendall's tau of the mean ranks with {of}, over {found.arms} arms: {found.tau:.2f} "
        f"(p = {tables.p(found.p)})."
    ]


def _lines(table: Table) -> list[str]:
    cells = [[_escaped(cell) for cell in row] for row in [table.head, *table.rows]]
    return [f"## {table.title}", markdown(cells[0], cells[1:]).strip(), table.note]


def _escaped(words: str) -> str:
    """What stays text in Markdown, and one cell of a table."""
    words = printable(words)
    for sign in "\\`*_[]<>|":
        words = words.replace(sign, f"\\{sign}")
    return words
