"""What a run directory holds, by name: no other module spells one of these names."""

from pathlib import Path

CONFIG, ENVIRONMENT, STATUS = "config.json", "environment.json", "status.json"
METRICS = "metrics.jsonl"
"""The rows."""
MEMORISATION = "memorisation.json"
REALS, CURVES, REPORT = "reals.png", "losses.png", "report.html"
SAMPLES, RAW_SAMPLES = "samples", "samples_raw"
"""Folders of grids, each `at_step`, by the averaged weights and by the raw ones."""
CHECKPOINTS, DAMAGED_CHECKPOINTS = "checkpoints", "damaged_checkpoints"
GENERATED, GENERATED_ARRAYS, GENERATED_GRID = "generated", "samples.npz", "grid.png"
"""What `--mode=sample` leaves: a folder of folders, and two files in each."""
PICTURES, NEIGHBOURS, PROJECTIONS = "pictures", "neighbours.json", "project.json"
"""What `--mode=visualize` leaves: a folder of folders `at_step`, and the findings in each."""
EVALUATION, SCORES, SCORES_TABLE, SCORES_PLOT = (
    *("evaluation", "scores.jsonl"),
    *("scores.md", "scores.png"),
)
"""A folder of folders, one for each protocol, and the files in each."""
PAIRS, PAIRS_TABLE = "pairs.json", "pairs.md"
"""In that folder: scores of pictures that were made from pictures."""
REALISM = "realism.png"
"""Beside the scores: samples by realism."""
ROLLBACKS = "rollbacks.json"
REPLAYS, REPLAY = "replays", "replay.json"
"""What `--mode=replay` leaves: a folder of run directories, and the verdict in each."""
STUDY_PLAN, TRIALS, ATTEMPTS, LOGS = "plan.json", "trials", "attempts.jsonl", "logs"
"""What a study has beside its answers: its plan, its run directories, how often each was tried, and
what each printed."""
TIMING = ".timing"
"""The same of the runs that time a step of each arm; hidden, as they are no runs of the study."""
SUBMISSIONS, CLUSTER = "submissions.json", "cluster"
"""Where a study ran on a cluster: the jobs that it gave it, and a folder of each one's files."""
STUDY, STUDY_TABLE, STUDY_TEXT, STUDY_PAGE = "study.json", "study.csv", "study.md", "study.html"
"""Its answers."""
LOCK = ".lock"
_STEP = "step_"


def member(seed: int, setting: int | None = None) -> str:
    """The folder of one of the seeds that train together, or of one setting with this seed."""
    return f"seed_{seed}" if setting is None else f"setting_{setting}_seed_{seed}"


def at_step(step: int) -> str:
    """What is of one step: a grid, without its `.png`, or a folder."""
    return f"{_STEP}{step:08d}"


def generated(step: int, seed: int, classes: tuple[int, ...] = ()) -> str:
    """The folder of what `--mode=sample` draws from a step, by its own seed."""
    of = f"_classes_{'_'.join(map(str, classes))}" if classes else ""
    return f"{at_step(step)}_seed_{seed}{of}"


def replayed(step: int, digest: str) -> str:
    """The folder of a replay up to a step, under the circumstances that the digest is of."""
    return f"{at_step(step)}_{digest}"


def by_step(folder: Path, suffix: str = "") -> dict[int, Path]:
    """What lies in a folder under such names, by its steps in order."""
    paths = folder.glob(f"{_STEP}*{suffix}")
    numbers = ((path.name.removeprefix(_STEP).removesuffix(suffix), path) for path in paths)
    return dict(sorted((int(number), path) for number, path in numbers if number.isdecimal()))


def is_run(folder: Path) -> bool:
    """Whether a run, of one seed or setting or several, has its record in `folder`."""
    return (folder / CONFIG).is_file() and (folder / ENVIRONMENT).is_file()
