"""A study's question, and everything its rows say to it, computed once."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from gan_jax.errors import UserError
from gan_jax.run.status import FINISHED
from gan_jax.studies.answers import budgets, comparisons, directions, outcomes, ranks, sensitivity
from gan_jax.studies.answers.budgets import Budget
from gan_jax.studies.answers.comparisons import Comparison
from gan_jax.studies.answers.facts import Evidence, Fact, Verdict, verdict
from gan_jax.studies.answers.outcomes import Costs, Searched
from gan_jax.studies.answers.ranks import Agreement
from gan_jax.studies.answers.sensitivity import Sensitivity, Spreads
from gan_jax.studies.answers.summary import Summary, of_costs
from gan_jax.studies.rows import Row

Result = TypeVar("Result")
NOTHING: Mapping[str, float] = MappingProxyType({})


class Question(NamedTuple):
    """What a study asks."""

    name: str
    sentence: str
    metric: str  # that decides
    facts: tuple[Fact, ...] = ()
    reference: Mapping[str, float] = NOTHING  # published scores by arm, less is better
    source: str = ""  # of the reference
    command: str = ""  # that runs the study again


class Answer(NamedTuple):
    """What the rows of a study say; arms are in the order of their mean ranks."""

    question: Question
    protocol: str
    sign: int  # of the metric: 1 where less is better
    unfinished: int  # runs that have not ended
    settings: dict[str, str]  # that are reported, by arm
    is_selected: bool  # whether the seeds that are reported chose the settings among several
    final: Costs
    searched: Searched
    summaries: dict[str, dict[str, Summary]]  # by metric, that of the question first, and arm
    ranks: dict[str, float]
    agreement: Agreement | None  # with the reference
    comparisons: list[Comparison]
    budgets: dict[str, Budget]
    sensitivities: dict[str, list[Sensitivity]]
    spreads: Spreads
    verdicts: list[Verdict]
    refusals: list[str]  # sentences on what could not be computed


def answer(question: Question, rows: Sequence[Row]) -> Answer:
    """What rows say. Raises `UserError` where their scores are of several protocols, or where the
    question's metric has no better end."""
    protocol, metric = outcomes.common_protocol(rows), question.metric
    sign, final = directions.sign(metric), outcomes.reported_rows(rows, metric)
    refusals: list[str] = []
    ranked: dict[str, float] = _tried(
        lambda: ranks.mean_ranks(outcomes.by_seed(final, metric)), {}, refusals
    )
    final.sort(key=lambda row: ranked.get(row.arm, 0.0))
    known = [name for row in rows for name in row.scores if directions.is_known(name)]
    evidence = {
        name: Evidence(outcomes.by_seed(final, name), outcomes.searched(rows, name))
        for name in dict.fromkeys([metric, *known])
    }
    # a metric that some finished runs lack is no verdict on them
    finished = [row.scores for row in rows if row.state == FINISHED]
    complete = {
        name: found
        for name, found in evidence.items()
        if name == metric or all(name in scores for scores in finished)
    }
    settings = outcomes.reported(rows, metric)
    costs, tried = evidence[metric]
    searched = {arm: tried[arm] for arm in dict.fromkeys([*costs, *tried]) if arm in tried}
    agreed = None
    if question.reference and ranked:
        agreed = _tried(lambda: ranks.agreement(ranked, question.reference), None, refusals)
    return Answer(
        question,
        protocol,
        sign,
        sum(not outcomes.has_ended(row) for row in rows),
        settings,
        len({(row.arm, row.setting) for row in outcomes.last_stage(rows)}) > len(settings),
        costs,
        searched,
        {name: _summaries(found.final, name) for name, found in evidence.items()},
        {arm: ranked[arm] for arm in costs if ranked},
        agreed,
        comparisons.paired(costs, sign) if ranked else [],
        {arm: budgets.budget(list(found.values())) for arm, found in searched.items()},
        {arm: _sensitivities(rows, arm, found, sign) for arm, found in searched.items()},
        sensitivity.spreads(costs, searched),
        [verdict(fact, complete) for fact in question.facts],
        refusals,
    )


def plain(answer: Answer) -> dict[str, Any]:
    """An answer as plain values by name, sorted; costs are scores again."""
    question = answer.question
    scores = {arm: _scores(costs, answer.sign) for arm, costs in answer.final.items()}
    searched = {arm: _scores(costs, answer.sign) for arm, costs in answer.searched.items()}
    return _sorted(
        {
            "study": question.name,
            "question": question.sentence,
            "metric": question.metric,
            "protocol": answer.protocol,
            "reference": {"source": question.source, "scores": dict(question.reference)},
            "unfinished": answer.unfinished,
            "settings": answer.settings,
            "selected_on_the_same_seeds": answer.is_selected,
            "scores": scores,
            "searched": searched,
            "summaries": answer.summaries,
            "mean_ranks": answer.ranks,
            "agreement": answer.agreement,
            "comparisons": answer.comparisons,
            "expected_best": {
                arm: {
                    name: [answer.sign * value for value in values]
                    for name, values in budget._asdict().items()
                }
                for arm, budget in answer.budgets.items()
            },
            "sensitivities": answer.sensitivities,
            "spreads": answer.spreads,
            "facts": answer.verdicts,
            "refusals": answer.refusals,
        }
    )


def _scores(costs: Mapping[Any, float], sign: int) -> dict[str, float]:
    return {str(name): sign * cost for name, cost in costs.items()}


def _sorted(value: Any) -> Any:
    """Named tuples as dicts, and every dict by its keys."""
    if hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, Mapping):
        return {str(name): _sorted(value[name]) for name in sorted(value, key=str)}
    return [_sorted(part) for part in value] if isinstance(value, list | tuple) else value


def _tried(compute: Callable[[], Result], otherwise: Result, refusals: list[str]) -> Result:
    try:
        return compute()
    except UserError as error:
        refusals.append(str(error))
        return otherwise


def _summaries(costs: Costs, metric: str) -> dict[str, Summary]:
    sign = directions.sign(metric)
    return {arm: of_costs(found.values(), sign) for arm, found in costs.items()}


def _sensitivities(
    rows: Sequence[Row], arm: str, searched: Mapping[str, float], sign: int
) -> list[Sensitivity]:
    values = {row.setting: row.values for row in rows if row.arm == arm}
    return sensitivity.of_fields(
        [values[setting] for setting in searched], list(searched.values()), sign
    )
