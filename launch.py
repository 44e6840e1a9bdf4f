"""Trains generative adversarial networks, samples from runs, visualises and reports them.

python launch.py --experiment=dcgan_cifar_cars
python launch.py --list
python launch.py --mode=sample --workdir=RUN
python launch.py --mode=visualize --workdir=RUN --what=sweep,interpolate --animate
python launch.py --mode=evaluate --workdir=RUN
python launch.py --mode=report --workdir=RUN
python launch.py --mode=replay --workdir=RUN
"""

import json
import os
import sys
from typing import Any, NoReturn

from absl import app, flags, logging

_EXPERIMENT = flags.DEFINE_string(
    "experiment", None, "What to train: a name, --list shows all, or PATH.py."
)
_MODE = flags.DEFINE_enum(
    "mode",
    "train",
    ["train", "sample", "visualize", "report", "evaluate", "replay", "study"],
    "What to do.",
)
_WORKDIR = flags.DEFINE_string(
    "workdir", None, "The run directory; default runs/<experiment>/seed<N>-<digest>."
)
_OUTPUT = flags.DEFINE_string(
    "output", None, "The folder to write to; default a place in the run directory."
)
_SEED = flags.DEFINE_integer("seed", 0, "The seed that every random number of a run comes from.")
_DATA_DIR = flags.DEFINE_string(
    "data_dir", None, "Where TFDS data sets are; default $TFDS_DATA_DIR, then TFDS's own."
)
_SET = flags.DEFINE_multi_string(
    "set",
    [],
    "section.field=value changes the experiment's config; may be repeated. For visualize, "
    "data.path=FOLDER says where the run's pictures are now.",
)
_PRINT_CONFIG = flags.DEFINE_bool("print_config", False, "Show the resolved config and exit.")
_DRY_RUN = flags.DEFINE_bool(
    "dry_run", False, "Show what the run takes (parameters, operations, memory) and exit."
)
_PLUGIN = flags.DEFINE_multi_string(
    "plugin", [], "A module of yours with losses, networks or other parts; may be repeated."
)
_LIST = flags.DEFINE_bool("list", False, "Show the experiments and exit.")

_NUM_SAMPLES = flags.DEFINE_integer(
    "num_samples",
    None,
    "How many samples; default 64, to evaluate 10,000 or ten times the real images.",
    lower_bound=1,
)
_SAMPLE_SEED = flags.DEFINE_integer("sample_seed", 0, "The seed of the latents.", 0, 2**32 - 1)
_CLASSES = flags.DEFINE_list(
    "classes", [], "The classes of samples, in turn, by name or number; default all."
)
_STEP = flags.DEFINE_string(
    "step", None, "Which checkpoint: its step, or best; default the last, to evaluate all."
)
_AT = flags.DEFINE_integer(
    "at", None, "Up to which step to make a run again; default its last checkpoint.", lower_bound=1
)
_FORMAT = flags.DEFINE_list(
    "format", ["png", "npz"], "What to write besides grid.png: single pictures, arrays or both."
)
_INPUTS = flags.DEFINE_string(
    "inputs",
    None,
    "A folder of pictures: sample makes others from them, where the run makes pictures from "
    "pictures; project inverts them to latents.",
)

_WHAT = flags.DEFINE_list("what", ["all"], "Which pictures, joined by commas, or all.")
_NICE = flags.DEFINE_bool(
    "nice", False, "samples: of 20 times as many, those with D's highest logits."
)
_ANIMATE = flags.DEFINE_bool("animate", False, "GIFs too.")
_OPERANDS = flags.DEFINE_string(
    "operands", "", "arithmetic: sample numbers, such as 1,2,3-4,5,6+7,8,9; edit: one, such as 5."
)
_CONCEPT = flags.DEFINE_string(
    "concept",
    "",
    "arithmetic, with an encoder: two classes, such as 7,1, or two folders of pictures; the mean "
    "code of the first minus that of the second is added to codes.",
)

_STROKES = flags.DEFINE_string(
    "strokes", "", "edit: a PNG of the run's size with colours where a sample is to have them."
)
_DIRECTIONS = flags.DEFINE_string(
    "directions", "", "sweep: ganspace or sefa, directions in place of coordinates."
)

_FEATURES = flags.DEFINE_list(
    "features",
    [],
    "Feature spaces: patches, pixels, classifier, lite0, inception; default patches and, where one "
    "is in the repository, classifier. --set=evaluate.features.path=FILE has inception's weights.",
)
_WEIGHTS = flags.DEFINE_list(
    "weights", ["averaged"], "Of the generator: averaged, raw or both, joined by commas."
)
_FAKE = flags.DEFINE_string(
    "fake", None, "Images to score in place of a run's samples: a folder or an .npz."
)
_REAL = flags.DEFINE_string(
    "real", None, "What to compare them with: a folder, an .npz or a data set of TFDS by name."
)

_STUDY = flags.DEFINE_string("study", None, "What to study: a name, or PATH.toml.")
_SCALE = flags.DEFINE_string("scale", "", "Which of the study's scales, such as cpu.")
_LAUNCHER = flags.DEFINE_enum(
    "launcher", "local", ["local", "slurm"], "What runs a study: this machine or a cluster."
)
_AT_ONCE = flags.DEFINE_integer(
    "at_once",
    None,
    "How many runs of a study at the same time; default 1 here, 256 on a cluster.",
    lower_bound=1,
)
_SLURM = flags.DEFINE_multi_string(
    "slurm",
    [],
    "name=value, such as partition=gpu, time=120 (minutes) or gpus_per_node=1, of each run's job; "
    "may be repeated.",
)

_MULTIHOST = flags.DEFINE_bool("multihost", False, "Several hosts, found by JAX on this cluster.")
_COORDINATOR = flags.DEFINE_string(
    "coordinator_address", None, "Several hosts: host:port of the first process."
)
_NUM_PROCESSES = flags.DEFINE_integer("num_processes", None, "Several hosts: how many processes.")
_PROCESS_ID = flags.DEFINE_integer("process_id", None, "Several hosts: the number of this one.")

FLAGS_OF_MODES: dict[str, tuple[str, ...]] = {
    "train": (
        *("experiment", "workdir", "seed", "data_dir", "set", "plugin", "print_config"),
        *("dry_run", "multihost", "coordinator_address", "num_processes", "process_id"),
    ),
    "sample": (
        *("workdir", "num_samples", "sample_seed", "classes", "step", "format", "inputs", "output"),
        "plugin",
    ),
    "visualize": (
        *("workdir", "what", "num_samples", "sample_seed", "classes", "step", "nice", "animate"),
        *("operands", "concept", "inputs", "strokes", "directions", "data_dir", "set", "output"),
        "plugin",
    ),
    "evaluate": (
        *("workdir", "step", "features", "num_samples", "sample_seed", "weights", "fake", "real"),
        *("data_dir", "set", "output", "plugin"),
    ),
    "report": ("workdir", "output"),
    "replay": ("workdir", "at", "data_dir", "set", "output", "plugin"),
    "study": (
        *("study", "scale", "workdir", "data_dir", "set", "launcher", "at_once", "slurm", "plugin"),
    ),
}
"""The flags that each mode uses; any other one that is given is refused."""
MEANT = {
    ("train", "sample_seed"): "--seed is the seed of a run",
    ("train", "num_samples"): "--set=sample.num_images=N is the size of its grids",
    ("train", "step"): "--set=train.num_steps=N says how long to train",
    ("train", "output"): "--workdir is where it writes",
    ("train", "classes"): "--set=data.classes=A,B trains on these alone",
    ("sample", "seed"): "--sample_seed is the seed of the latents",
    ("replay", "step"): "--at=STEP says up to where",
    ("replay", "seed"): "--workdir names the run, which is made again with its own seed",
    ("visualize", "seed"): "--sample_seed is the seed of the latents",
    ("visualize", "format"): "--animate adds GIFs to its PNGs",
}
"""By mode and flag, the one that is meant."""
SAMPLES = 64
"""By default."""


def main(argv: list[str]) -> None:
    logging.set_verbosity(logging.FATAL)  # libraries log each file, and what they raise as well
    os.environ.pop("JAX_ENABLE_X64", None)  # all is float32, whatever else the user runs
    platforms = os.environ.get("JAX_PLATFORMS") or "cpu"
    if "cpu" not in platforms:
        os.environ["JAX_PLATFORMS"] = f"{platforms},cpu"  # it shuffles the data, whatever trains
    # Imported here so that --help answers at once.
    import experiments
    from gan_jax.errors import UserError
    from gan_jax.system import xla

    xla.use_multi_output_fusion()
    try:
        if len(argv) > 1:
            raise UserError(f"{argv[1]!r} is not a flag; write --name=value.")
        _check_flags()
        _import_plugins()
        if _LIST.value:
            print(experiments.table())
        elif _MODE.value == "train":
            _train(platforms)
        elif _MODE.value == "sample":
            _check_accelerator(platforms)
            _sample()
        elif _MODE.value == "visualize":
            _check_accelerator(platforms)
            _visualize()
        elif _MODE.value == "evaluate":
            _check_accelerator(platforms)
            _evaluate()
        elif _MODE.value == "replay":
            _check_accelerator(platforms)
            _replay()
        elif _MODE.value == "study":
            _study()
        else:
            _report()
    except UserError as error:
        _exit(str(error), error.exit_code)
    except RuntimeError as error:
        if "initialize backend" not in str(error):
            raise
        _exit(f"{error}; unset JAX_PLATFORMS to use what is there.", code=1)
    except MemoryError:
        _exit("There is not enough memory for this; take smaller networks or batches.", code=1)
    except KeyboardInterrupt:
        _exit("Interrupted; what was written so far is whole.", code=130)


def _check_flags() -> None:
    """Raises `UserError` for a mode that is not there yet, and for a flag that it does not use."""
    from gan_jax.errors import UserError

    mode = "list" if _LIST.value else _MODE.value
    modes = {"list": ("list",), **FLAGS_OF_MODES}
    if mode not in modes:
        there_are = ", ".join(FLAGS_OF_MODES)
        raise UserError(f"--mode={mode} does not exist yet; there are {there_are}.")
    known = dict.fromkeys(flag for used in modes.values() for flag in used)
    for flag in known:
        if not flags.FLAGS[flag].present or flag in modes[mode]:
            continue
        users = " and ".join(f"--mode={name}" for name, used in modes.items() if flag in used)
        meant = MEANT.get((mode, flag), f"it is for {users}")
        said = "--list" if mode == "list" else f"--mode={mode}"
        raise UserError(f"{said} does not use --{flag}: {meant}.")


def _import_plugins() -> None:
    """Imports the modules that --plugin names, whose parts are then choices like ours."""
    import importlib

    from gan_jax.errors import UserError

    if _PLUGIN.value:
        sys.path.insert(0, os.getcwd())
    for name in _PLUGIN.value:
        try:
            if not all(map(str.isidentifier, name.split("."))):
                raise ModuleNotFoundError(name=name)
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            if not f"{name}.".startswith(f"{error.name}."):  # one that it imports itself
                raise
            raise UserError(
                f"There is no module {name!r} for --plugin; name it as Python imports it, from "
                "this directory or an installed package."
            ) from error


def _train(platforms: str) -> None:
    import experiments
    from gan_jax import config, train
    from gan_jax.data import TFDS
    from gan_jax.devices import hosts
    from gan_jax.errors import UserError
    from gan_jax.run.interrupts import EXIT_CODE, Interrupts

    if not _EXPERIMENT.value:
        raise UserError("Which experiment? Add --experiment=NAME; --list shows them all.")
    changes: dict[str, Any] = {"seed": _SEED.value, "plugins": tuple(_PLUGIN.value)}
    settings = _settings()
    changed = config.override(experiments.load(_EXPERIMENT.value), changes | settings)
    if isinstance(changed.data, TFDS) and _DATA_DIR.value and "data.data_dir" not in settings:
        changed = config.override(changed, {"data.data_dir": _DATA_DIR.value})
    known = {name.partition(".")[0] for name in ("gan_jax", *_PLUGIN.value)}
    for module in sorted(config.modules(changed)):
        if module.partition(".")[0] not in known:
            raise UserError(
                f"The recipe has parts of {module}, which later commands would not find; put them "
                "into a module that --plugin names."
            )
    if _PRINT_CONFIG.value:
        print(json.dumps(config.to_dict(changed), indent=2))
        return
    if _DRY_RUN.value:
        from gan_jax import cost

        _check_accelerator(platforms)
        print(*cost.of(changed).sentences(), sep="\n")
        return
    with Interrupts(ends_process=True) as interrupts, hosts.ending_together():
        _connect_hosts()
        _check_accelerator(platforms)
        train.run(changed, _WORKDIR.value, interrupts)
        hosts.disconnect()
        if interrupts.stopped_by:
            sys.exit(EXIT_CODE)


def _study() -> None:
    import shlex

    import jax

    import experiments
    from gan_jax.errors import UserError
    from gan_jax.run.interrupts import EXIT_CODE, Interrupts
    from gan_jax.studies import spec, study
    from gan_jax.studies.launchers import AT_ONCE, Options

    if not _STUDY.value:
        raise UserError("Which study? Add --study=NAME or --study=PATH.toml.")
    asked = spec.read(experiments.study(_STUDY.value), _SCALE.value)
    if _DATA_DIR.value:
        os.environ["TFDS_DATA_DIR"] = _DATA_DIR.value  # which the runs' processes inherit
    asked = spec.changed(asked, _settings())
    if _SLURM.value and _LAUNCHER.value != "slurm":
        raise UserError("--slurm is for --launcher=slurm; add that, or leave it out.")
    options = Options(
        at_once=_AT_ONCE.value or AT_ONCE[_LAUNCHER.value],
        plugins=tuple(_PLUGIN.value),
        settings=tuple(_settings(_SLURM).items()),
    )
    command = shlex.join(["python", *sys.argv])
    jax.config.update("jax_platforms", "cpu")  # this process plans, and leaves the rest to its runs
    with Interrupts() as interrupts, interrupts.saving():
        study.run(
            asked, experiments.load, _WORKDIR.value, _LAUNCHER.value, options, interrupts, command
        )
    if interrupts.caught:
        sys.exit(EXIT_CODE)


def _settings(flag: flags.FlagHolder = _SET) -> dict[str, str]:
    """The names and values of a flag such as --set."""
    from gan_jax.errors import UserError

    changes = {}
    for setting in flag.value:
        name, equals, value = setting.partition("=")
        if not equals:
            form = "section.field=value" if flag is _SET else "name=value"
            raise UserError(f"--{flag.name}={setting} lacks a value; write --{flag.name}={form}.")
        changes[name] = value
    return changes


def _places(does: str) -> Any:
    """Where the data of a run are now; `does` is what the mode does with the run, whose settings
    stay."""
    from gan_jax.errors import UserError
    from gan_jax.run.runs import Places

    settings = _settings()
    path, folder = settings.pop("data.path", ""), settings.pop("data.data_dir", "")
    if settings:
        raise UserError(
            f"--mode={_MODE.value} {does}; of --set it takes data.path alone, not "
            f"{next(iter(settings))}."
        )
    return Places(path, _DATA_DIR.value or folder)


def _sample() -> None:
    from gan_jax import sample
    from gan_jax.errors import choose
    from gan_jax.sample import translated

    for name in _FORMAT.value:
        choose(dict.fromkeys(sample.FORMATS), "--format", name)
    if _INPUTS.value:
        given = _the_run(), _INPUTS.value, _SAMPLE_SEED.value, _step(), _OUTPUT.value
        translated.run(*given, _CLASSES.value)
        return
    sample.run(
        _the_run(),
        _NUM_SAMPLES.value or SAMPLES,
        _SAMPLE_SEED.value,
        _step(),
        _CLASSES.value,
        _FORMAT.value,
        _OUTPUT.value,
    )


def _visualize() -> None:
    from gan_jax import visualize

    options = visualize.Options(
        seed=_SAMPLE_SEED.value,
        num_samples=_NUM_SAMPLES.value or SAMPLES,
        nice=_NICE.value,
        animate=_ANIMATE.value,
        operands=_OPERANDS.value,
        concept=_CONCEPT.value,
        classes=tuple(_CLASSES.value),
        inputs=_INPUTS.value or "",
        strokes=_STROKES.value,
        directions=_DIRECTIONS.value,
    )
    places = _places("looks at a run as it is")
    what = tuple(_WHAT.value)
    visualize.run(_the_run(), what, options, _step(), _OUTPUT.value, places)


def _evaluate() -> None:
    from gan_jax import evaluate
    from gan_jax.errors import UserError, choose
    from gan_jax.run.runs import Places
    from gan_jax.system.names import printable

    for name in _WEIGHTS.value:
        choose(dict.fromkeys(evaluate.WEIGHTS), "--weights", name)
    settings = _settings()
    places = Places(settings.pop("data.path", ""), _DATA_DIR.value or "")
    for name in settings:
        if not name.startswith("evaluate."):
            raise UserError(
                f"--mode=evaluate scores a run as it is; of --set it takes data.path and "
                f"evaluate..., not {name}."
            )
    options = evaluate.Options(
        step=_step(),
        features=tuple(_FEATURES.value),
        num_samples=_NUM_SAMPLES.value,
        seed=_SAMPLE_SEED.value,
        weights=tuple(_WEIGHTS.value),
        settings=tuple(settings.items()),
        places=places,
    )
    if not (_FAKE.value or _REAL.value):
        written = evaluate.run(_the_run(), options, _OUTPUT.value)
    elif not (_FAKE.value and _REAL.value) or _WORKDIR.value:
        raise UserError(
            "--fake and --real go together, without --workdir: both are images that are there."
        )
    else:
        written = evaluate.of_images(_FAKE.value, _REAL.value, options, _OUTPUT.value or ".")
    for folder in written:
        print(f"Wrote {printable(folder)}")


def _replay() -> None:
    from gan_jax import replay
    from gan_jax.run.interrupts import EXIT_CODE, Interrupts

    places = _places("makes a run again as it was")
    with Interrupts(ends_process=True) as interrupts:
        replay.run(_the_run(), _AT.value, _OUTPUT.value, places, interrupts)
        if interrupts.stopped_by:
            sys.exit(EXIT_CODE)


def _step() -> int | str | None:
    from gan_jax.errors import UserError
    from gan_jax.run.runs import BEST

    given = _STEP.value
    if given is None or given == BEST:
        return given
    if not given.isdecimal():
        raise UserError(f"--step={given} is neither the step of a checkpoint nor best.")
    return int(given)


def _report() -> None:
    from gan_jax import report
    from gan_jax.system.names import printable

    print(f"Wrote {printable(report.run(_the_run(), _OUTPUT.value))}")


def _the_run() -> str:
    from gan_jax.errors import UserError

    if not _WORKDIR.value:
        raise UserError("Which run? Add --workdir=RUN, the directory that training named.")
    return _WORKDIR.value


def _connect_hosts() -> None:
    from gan_jax.devices import hosts
    from gan_jax.errors import UserError

    given = [flag.value is not None for flag in (_COORDINATOR, _NUM_PROCESSES, _PROCESS_ID)]
    if any(given) and not all(given):
        raise UserError("--coordinator_address, --num_processes and --process_id go together.")
    if all(given) or _MULTIHOST.value:
        hosts.connect(_COORDINATOR.value, _NUM_PROCESSES.value, _PROCESS_ID.value)


def _check_accelerator(platforms: str) -> None:
    import jax

    from gan_jax.errors import UserError

    if "cpu" not in platforms and jax.default_backend() == "cpu":
        raise UserError(
            f"JAX_PLATFORMS={platforms}, and JAX finds no such device; install JAX's build for it, "
            'such as by pip install -e ".[cuda]", or unset JAX_PLATFORMS.'
        )


def _parse(argv: list[str]) -> list[str]:
    """The flags of a command line; what is none of them is one sentence."""
    if {"-h", "-help", "--help"} & set(argv[1:]):
        print(help_text())
        sys.exit(0)
    try:
        return flags.FLAGS(argv)
    except flags.Error as error:
        _exit(f"{str(error).splitlines()[0]} Start with -h to see all flags.", code=1)


def help_text() -> str:
    """What the program does, and its flags with the modes that use them."""
    lines = [(__doc__ or "").strip(), ""]
    for name in (
        "mode",
        "list",
        *dict.fromkeys(f for used in FLAGS_OF_MODES.values() for f in used),
    ):
        users = [mode for mode, used in FLAGS_OF_MODES.items() if name in used]
        for_modes = f" ({', '.join(users)})" if users else ""
        lines.append(f"  --{name}{for_modes}\n      {flags.FLAGS[name].help}")
    return "\n".join(lines)


def _exit(sentence: str, code: int) -> NoReturn:
    print(f"gan_jax: {sentence}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    from gan_jax.system import console

    console.install()
    app.run(main, flags_parser=_parse)
