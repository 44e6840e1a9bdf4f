"""What a study has given to a cluster, in a file of its folder.

A submission is noted under a name that nothing else has before the cluster hears of it, so that a
study that is killed at any instant finds its jobs again by their names.
"""

import contextlib
import json
import re
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from gan_jax.system import disk, layout

_NAME = re.compile(r"gan_jax-[0-9a-f]{16}")
"""Of a job; it is put into commands, so that nothing else is read as one."""


class Submission(NamedTuple):
    """An array job.

    name: of the job. runs: the run directory of each task, in order, within the study. tried: how
    many attempts there were at each before.
    """

    name: str
    runs: tuple[Path, ...]
    tried: tuple[int, ...]

    def folder(self, study: Path) -> Path:
        """Where the job's own files are."""
        return study / layout.CLUSTER / self.name


def new(runs: Sequence[Path], tried: Sequence[int]) -> Submission:
    """A submission with a new name."""
    return Submission(f"gan_jax-{secrets.token_hex(8)}", tuple(runs), tuple(tried))


def write(study: Path, submissions: Sequence[Submission]) -> None:
    """Notes these, and no others."""
    values = [
        {"name": each.name, "runs": [str(run) for run in each.runs], "tried": each.tried}
        for each in submissions
    ]
    disk.write_whole(study / layout.SUBMISSIONS, (disk.to_json(values, indent=1) + "\n").encode())


def read(study: Path) -> list[Submission]:
    """Those that are noted; what is damaged is passed over."""
    found: list[Submission] = []
    with contextlib.suppress(OSError, ValueError, TypeError):
        for value in json.loads(disk.read(study / layout.SUBMISSIONS)):
            with contextlib.suppress(KeyError, ValueError, TypeError):
                tried = tuple(int(count) for count in value["tried"])
                runs = tuple(Path(str(run)) for run in value["runs"])
                if _NAME.fullmatch(value["name"]) and len(runs) == len(tried):
                    found.append(Submission(value["name"], runs, tried))
    return found
