"""The parts that pages are made of, as HTML. Every text from outside is escaped here."""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from html import escape as escape_html
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

from gan_jax.report.embed import Embedded
from gan_jax.system.names import printable

HERE = Path(__file__).parent
SCRIPTS = ("scales", "chart", "timeline")
"""In the order in which each uses those before it."""


def escape(text: Any) -> str:
    """Whatever a record or a name of a file holds, as text of a page."""
    return escape_html(printable(str(text)))


def document(title: str, body: str, data: Mapping[str, Any]) -> str:
    """A whole page; `data` is what its script draws, from JSON-like values."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")
    return Template((HERE / "page.html").read_text()).substitute(
        title=escape(title),
        style=(HERE / "page.css").read_text(),
        body=body,
        data=text,
        script="".join((HERE / f"{name}.js").read_text() for name in SCRIPTS),
    )


def header(kind: str, title: str, subtitle: str, facts: Mapping[str, str], links: str) -> str:
    """What a page is about, its figures, and its table of contents."""
    shown = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in facts.items()
        if value
    )
    return (
        f'<header><p class="kind">{escape(kind)}</p><h1>{escape(title)}</h1>'
        f'<p class="subtitle">{escape(subtitle)}</p><dl class="facts">{shown}</dl>{links}</header>'
    )


def contents(sections: Mapping[str, str]) -> str:
    """Links to the sections that are there."""
    links = (f'<a href="#{anchor(title)}">{escape(title)}</a>' for title in sections)
    return f'<nav aria-label="Contents">{"".join(links)}</nav>'


def section(title: str, content: str) -> str:
    """A part of the page that `contents` links to."""
    name = anchor(title)
    heading = f'<h2 id="{name}-title">{escape(title)}</h2>'
    return f'<section id="{name}" aria-labelledby="{name}-title">{heading}{content}</section>'


def part(title: str, content: str) -> str:
    """Content under a heading of its own, where it has a title."""
    return (f"<h3>{escape(title)}</h3>" if title else "") + content


def anchor(title: str) -> str:
    return quote(title.lower().replace(" ", "-"))


def notice(sentence: str) -> str:
    """A sentence that nobody should miss."""
    return f'<p class="notice" role="note">{escape(sentence)}</p>'


def figure(picture: Embedded, caption: str, name: str = "", note: str = "") -> str:
    """A picture under its caption; the script finds it by `name`."""
    small = f" <small>{escape(note)}</small>" if note else ""
    legend = f"<figcaption>{escape(caption)}{small}</figcaption>"
    size = f"--full:{picture.width}px"
    return f'<figure style="{size}">{legend}{image(picture, caption, name)}</figure>'


def image(picture: Embedded, description: str, name: str = "") -> str:
    """A picture that is never stretched, and whose pixels stay squares where it is enlarged."""
    kind = "pixels" if picture.native < picture.width else "smooth"
    marked = f' data-name="{escape(name)}"' if name else ""
    return (
        f'<img class="{kind}" src="{picture.uri}" alt="{escape(description)}"{marked} '
        f'width="{picture.width}" height="{picture.height}" '
        f'style="--full:{picture.width}px;--native:{picture.native}px">'
    )


def table(columns: Sequence[str], rows: Iterable[Sequence[str]], label: str) -> str:
    """A table whose first column names the rows."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>'
        + "".join(f"<td>{escape(value)}</td>" for value in rest)
        + "</tr>"
        for first, *rest in rows
    )
    top = f"<thead><tr>{head}</tr></thead>" if any(columns) else ""
    return (
        f'<div class="table" tabindex="0" role="region" aria-label="{escape(label)}">'
        f"<table>{top}<tbody>{body}</tbody></table></div>"
    )


def card(
    target: str, title: str, subtitle: str, picture: str, spark: str, figures: Mapping[str, str]
) -> str:
    """A run in a gallery, as a list item that links to `target`."""
    shown = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>"
        for name, value in figures.items()
    )
    return (
        f'<li class="card"><a href="{target}">{picture}<strong>{escape(title)}</strong></a>'
        f'<p class="subtitle">{escape(subtitle)}</p>{spark}<dl>{shown}</dl></li>'
    )


def more(summary: str, content: str, opened: bool = False) -> str:
    """Shown on demand, or from the beginning."""
    state = " open" if opened else ""
    return f"<details{state}><summary>{escape(summary)}</summary>{content}</details>"


def link(target: str) -> str:
    """A link to a file in the page's folder."""
    return f'<a href="{quote(os.fsencode(target))}">{escape(target)}</a>'


def paragraph(sentence: str) -> str:
    return f"<p>{escape(sentence)}</p>"


def command(sentence: str, line: str) -> str:
    return f"{paragraph(sentence)}<pre><code>{escape(line)}</code></pre>"


def text(value: Any) -> str:
    """A value of a config or a metric as a person writes it."""
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if 1e4 <= abs(value) < 1e9 else f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(text(part) for part in value) or "()"
    return str(value) or "“”"
