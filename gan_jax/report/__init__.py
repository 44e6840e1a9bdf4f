"""report.html of a run, or of a folder of runs: `python launch.py --mode=report --workdir=RUN`.

One file that needs nothing else: pictures, style and script are in it, and its own policy forbids
it the network. It says when nothing that depends on the day it was made, so that the same run gives
the same bytes.
"""

import sys
from pathlib import Path

from gan_jax.errors import UserError
from gan_jax.report import gallery, records, run_page
from gan_jax.report.records import Record
from gan_jax.run import directory
from gan_jax.system import disk, layout
from gan_jax.system.names import expanded, printable

__all__ = ["run", "try_run"]


def run(workdir: str | Path, output: str | Path | None = None) -> Path:
    """Writes report.html in `output`, by default in `workdir`, anew and returns its path.

    A folder of runs, at any of four levels below, or a run of several seeds or settings gets a
    gallery of them, and each run its own report, in a folder of the same name. A run that cannot be
    shown is named and left out. Raises `UserError` where there is no run.
    """
    workdir = directory.given(workdir)
    with disk.explained(workdir, "--output"):
        place = disk.folder(expanded(output)) if output else workdir
        if directory.is_run(workdir):
            return _write(place, run_page.page(records.read(workdir, place)))
        folders = directory.find_some(workdir)
        runs = [record for folder in folders if (record := _shown(workdir, place, folder))]
        if not runs:
            raise UserError(f"No run in {printable(workdir)} can be shown.")
        return _write(place, gallery.page(workdir, runs))


def _shown(workdir: Path, place: Path, folder: Path) -> Record | None:
    """The record of a run of a gallery, whose own report it writes; None where that cannot be."""
    below = folder.relative_to(workdir)
    try:
        own = disk.folder(place, *below.parts)
        record = records.read(folder, own)
        _write(own, run_page.page(record))
        return record
    except Exception as error:  # a damaged run is no reason to show no other
        reason = (str(error) or type(error).__name__).splitlines()[0][:200]
        print(f"{printable(below)} is left out: {reason}", file=sys.stderr)
        return None


def try_run(workdir: str | Path) -> None:
    """`run` for the end of training, which no defect of a report may fail: it says so instead."""
    try:
        run(workdir)
    except Exception as error:  # whatever it is, the run itself is complete
        print(f"report.html could not be written: {error}", file=sys.stderr)


def _write(folder: Path, page: str) -> Path:
    path = folder / layout.REPORT
    disk.write_whole(path, page.encode())
    return path
