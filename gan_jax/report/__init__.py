"""report.html of a run, or of a folder of runs: `python launch.py --mode=report --workdir=RUN`.

One file that needs nothing else: pictures, style and script are in it, and its own policy forbids
it the network. It says when nothing that depends on the day it was made, so that the same run gives
the same bytes.
"""

import sys
from pathlib import Path

from gan_jax import rundir
from gan_jax.disk import full_disk_is_an_error, write_whole
from gan_jax.errors import UserError
from gan_jax.report import gallery, records, run_page

__all__ = ["run", "try_run"]


def run(workdir: str | Path) -> Path:
    """Writes report.html in `workdir` anew and returns its path.

    A folder of runs, at any of three levels below, or a study of several seeds gets a gallery of
    them, and each run its own report. Raises `UserError` where there is no run.
    """
    workdir = rundir.given(workdir)
    if records.is_run(workdir):
        return _write(workdir, run_page.page(records.read(workdir)))
    folders = records.find(workdir)
    if not folders:
        raise UserError(f"There is no run in {workdir}; train first, or check --workdir.")
    runs = [records.read(folder) for folder in folders]
    for record in runs:
        _write(record.folder, run_page.page(record))
    return _write(workdir, gallery.page(workdir, runs))


def try_run(workdir: str | Path) -> None:
    """`run` for the end of training, which no defect of a report may fail: it says so instead."""
    try:
        run(workdir)
    except Exception as error:  # whatever it is, the run itself is complete
        print(f"report.html could not be written: {error}", file=sys.stderr)


def _write(folder: Path, page: str) -> Path:
    path = folder / "report.html"
    with full_disk_is_an_error(folder):
        write_whole(path, page.encode())
    return path
