"""The answers of a study on disk: study.json, study.csv, study.md and study.html."""

from collections.abc import Sequence
from pathlib import Path

from gan_jax.run import environment
from gan_jax.studies import rows as rows_lib
from gan_jax.studies.answers import answer, directions, facts, page, text
from gan_jax.studies.answers.answer import Question
from gan_jax.studies.rows import Row
from gan_jax.studies.spec import Study
from gan_jax.system import disk, layout


def check(study: Study) -> None:
    """Raises `UserError` for a score that ranks nothing, and for facts that are none."""
    directions.sign(study.score.metric)
    for table in study.facts:
        facts.from_table(table)


def write(folder: Path, study: Study, rows: Sequence[Row], command: str) -> None:
    """Writes what the rows say so far. Raises `UserError` where they do not compare."""
    question = Question(
        name=study.name,
        sentence=study.question,
        metric=study.score.metric,
        facts=tuple(facts.from_table(table) for table in study.facts),
        reference=study.reference,
        source=study.source,
        command=command,
    )
    rows_lib.write(folder / layout.STUDY_TABLE, rows)
    found = answer.answer(question, rows)
    values = disk.to_json(answer.plain(found), indent=1) + "\n"
    disk.write_whole(folder / layout.STUDY, values.encode())
    shown = text.of_answer(found, rows)
    disk.write_whole(folder / layout.STUDY_TEXT, shown.encode())
    told = page.page(found, rows, _made_by(folder))
    disk.write_whole(folder / layout.STUDY_PAGE, told.encode())
    print(shown, flush=True)


def _made_by(folder: Path) -> dict[str, str]:
    """What the runs were computed with, of one of them."""
    for path in sorted((folder / layout.TRIALS).glob(f"*/*/{layout.ENVIRONMENT}")):
        found = environment.recorded(path.parent)
        names = {"processor": "processor", "devices": "devices", "git_commit": "commit"}
        return {said: str(found[name]) for name, said in names.items() if found.get(name)}
    return {}
