"""What `--mode=visualize` drew of a run, and what is known of its memorisation."""

import os
from collections.abc import Mapping
from itertools import chain
from pathlib import Path

from gan_jax.metrics.memorisation import PREFIX, with_highest
from gan_jax.report.document import figure, link, more, notice, paragraph, table, text
from gan_jax.report.embed import Album, Embedded
from gan_jax.report.records import Record
from gan_jax.system import disk, layout
from gan_jax.visualize import PICTURES

MOST_BYTES = 6_000_000
"""Of data URIs; pictures that do not fit even reduced are linked."""
SIDE = 800
"""Pixels of those that are reduced."""
MEMORISED = "neighbours"
"""The picture that belongs to the memorisation report."""

MEANING = (
    "A share counts the samples that pass two bounds, each of which 1 in 20 real images passes: on "
    "the distance to the nearest training image, and on its ratio to the distance to the second "
    "nearest. A distance is a multiple of that of real images: about 1 for new images, 0 for "
    "copies."
)


def sections(record: Record, album: Album) -> dict[str, str]:
    """Memorisation and all other pictures, by title; empty where there are none."""
    memorised: dict[Path, list[Path]] = {}
    others: dict[int, list[Path]] = {}
    folders = layout.by_step(record.folder / layout.PICTURES)
    for step, folder in reversed(folders.items()):
        files = drawn(folder)
        found = [path for path in files if name(folder, path) == MEMORISED]
        if found and not memorised:
            memorised[folder] = found
        others[step] = [path for path in files if path not in found]
    embedded = _embedded([*chain(*memorised.values(), *others.values())], album)
    first, rest = memorisation(record), ""
    for folder, files in memorised.items():
        first += grids(record, folder, _titles(folder, files), embedded)
    for step, files in others.items():
        shown = grids(record, folders[step], _titles(folders[step], files), embedded)
        rest += more(f"Step {text(step)}", shown, opened=not rest) if files else ""
    return {"Memorisation": first, "Pictures": rest}


def memorisation(record: Record) -> str:
    """The finding and the figures of the memorisation report, where there are any."""
    found = dict(record.memorisation)
    if not found:
        last = record.last().items()
        found = {key.removeprefix(PREFIX): value for key, value in last if key.startswith(PREFIX)}
    if not found:
        return ""
    found = with_highest(found, record.rows)
    warning, finding = (str(found.pop(key, "")) for key in ("warning", "finding"))
    rows = [(key.replace("_", " "), text(value)) for key, value in found.items()]
    return (
        (notice(warning) if warning else "")
        + (paragraph(finding) if finding else "")
        + table(("", ""), rows, "Memorisation")
        + paragraph(MEANING)
    )


def drawn(folder: Path) -> list[Path]:
    """The pictures of one step in the order of `PICTURES`, each before its parts and animations."""
    files = [path for path in disk.files(folder) if path.suffix in (".png", ".gif")]
    order = list(PICTURES)

    def place(path: Path) -> tuple[int, int, bool, str]:
        known = name(folder, path)
        number = order.index(known) if known in order else len(order)
        return number, len(path.relative_to(folder).parts), path.suffix == ".gif", str(path)

    return sorted(files, key=place)


def name(folder: Path, path: Path) -> str:
    """The row of `PICTURES` whose name a file or its folder begins with; else its own."""
    start = path.relative_to(folder).parts[0].split(".")[0]
    fitting = [known for known in PICTURES if start == known or start.startswith(f"{known}_")]
    return max(fitting, key=len, default=start)


def _embedded(files: list[Path], album: Album) -> dict[Path, Embedded]:
    """The pictures that the page has room for: those that move come after all that do not."""
    embedded: dict[Path, Embedded] = {}
    for kind in (".png", ".gif"):
        embedded |= album.embed_all((path for path in files if path.suffix == kind), SIDE)
    return embedded


def _titles(folder: Path, files: list[Path]) -> dict[Path, str]:
    """What the pictures of one step show."""
    names = {path: name(folder, path) for path in files}
    return {
        path: PICTURES[known].title if known in PICTURES else known.replace("_", " ")
        for path, known in names.items()
    }


def grids(
    record: Record, folder: Path, titles: Mapping[Path, str], embedded: Mapping[Path, Embedded]
) -> str:
    """Pictures in a folder under their titles; links to those that are not embedded."""
    shown, rest = "", ""
    for path, title in titles.items():
        if picture := embedded.get(path):
            note = path.relative_to(folder).as_posix() + ", reduced" * picture.reduced
            shown += figure(picture, title, note=note)
        else:
            rest += f"<li>{link(os.path.relpath(path, record.page))}</li>"
    beside = f"<p>Beside this page:</p><ul>{rest}</ul>" if rest else ""
    return (f'<div class="pictures">{shown}</div>' if shown else "") + beside
