"""The page that tells a study: one file, of the parts that report.html is made of."""

import base64
import io
from collections.abc import Mapping, Sequence

from PIL import Image

from gan_jax.report.document import (
    command,
    contents,
    document,
    figure,
    header,
    more,
    notice,
    paragraph,
    section,
    table,
)
from gan_jax.report.embed import Embedded
from gan_jax.studies.answers import plots, tables, text
from gan_jax.studies.answers.answer import Answer
from gan_jax.studies.answers.tables import Table
from gan_jax.studies.rows import Row

LONG = 12
"""Lines of a table beyond which it is shown on demand."""


def page(answer: Answer, rows: Sequence[Row], facts: Mapping[str, str]) -> str:
    """The page of a study; `facts`, such as its hardware, stand in its head.

    It contains no dates, so the same rows give the same bytes.
    """
    question = answer.question
    first, *others = tables.of_answer(answer, rows) or [tables.arms(answer)]
    pictures = plots.of_answer(answer, rows)
    parts = {"Answer": _answer(answer, first)}
    parts["Plots"] = "".join(figure(_embedded(png), title) for title, png in pictures.items())
    parts |= {each.title: _shown(each) for each in others}
    if question.command:
        parts["Commands"] = command(
            "This runs the study again, or what is missing.", question.command
        )
    parts = {title: content for title, content in parts.items() if content}
    counts = tables.counts(rows)
    body = header("Study", question.name, question.sentence, counts | dict(facts), contents(parts))
    body += "".join(section(*part) for part in parts.items())
    return document(f"{question.name} · study", body, {"panels": []})


def _answer(answer: Answer, arms: Table) -> str:
    html = "".join(map(notice, text.cautions(answer))) + paragraph(text.direction(answer))
    return html + _shown(arms) + "".join(map(paragraph, text.agreement(answer)))


def _shown(each: Table) -> str:
    drawn = table(each.head, each.rows, each.title)
    if len(each.rows) > LONG:
        drawn = more(f"All {len(each.rows):,} lines", drawn)
    return drawn + (paragraph(each.note) if each.note else "")


def _embedded(png: bytes) -> Embedded:
    with Image.open(io.BytesIO(png)) as image:
        width, height = image.size
    encoded = base64.b64encode(png).decode()
    return Embedded(f"data:image/png;base64,{encoded}", width, height, width, False)
