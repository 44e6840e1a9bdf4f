"""Trains generative adversarial networks, draws samples and pictures of them, and lists them.

python launch.py --experiment=dcgan_cifar_cars
python launch.py --list
python launch.py --mode=sample --workdir=RUN
python launch.py --mode=visualize --workdir=RUN --what=sweep,interpolate --animate
python launch.py --mode=report --workdir=RUN
"""

import os
import sys

from absl import app, flags, logging

_EXPERIMENT = flags.DEFINE_string("experiment", None, "What to train; --list shows all.")
_MODE = flags.DEFINE_enum(
    "mode",
    "train",
    ["train", "sample", "visualize", "report", "evaluate", "study"],
    "What to do. evaluate and study do not exist yet.",
)
_WORKDIR = flags.DEFINE_string(
    "workdir", None, "The run directory; default runs/<experiment>/seed<N>-<digest>."
)
_SEED = flags.DEFINE_integer("seed", 0, "The seed that every random number of a run comes from.")
_DATA_DIR = flags.DEFINE_string(
    "data_dir", None, "Where TFDS data sets are; default $TFDS_DATA_DIR, then TFDS's own."
)
_SET = flags.DEFINE_multi_string(
    "set", [], "section.field=value changes the experiment's config; may be repeated."
)
_LIST = flags.DEFINE_bool("list", False, "Show the experiments and exit.")

_NUM_SAMPLES = flags.DEFINE_integer(
    "num_samples", 64, "sample, visualize: how many.", lower_bound=1
)
_SAMPLE_SEED = flags.DEFINE_integer(
    "sample_seed", 0, "sample, visualize: the seed of the latents.", 0, 2**32 - 1
)
_STEP = flags.DEFINE_integer("step", None, "sample, visualize: which checkpoint; default the last.")

_WHAT = flags.DEFINE_list("what", ["all"], "visualize: which pictures, joined by commas, or all.")
_NICE = flags.DEFINE_bool(
    "nice", False, "visualize samples: of 20 times as many, those that D takes to be most real."
)
_ANIMATE = flags.DEFINE_bool("animate", False, "visualize: GIFs too.")
_OPERANDS = flags.DEFINE_string(
    "operands", "", "visualize arithmetic: sample numbers, such as 1,2,3-4,5,6+7,8,9."
)
_CONCEPT = flags.DEFINE_string(
    "concept",
    "",
    "visualize arithmetic, with an encoder: two classes, such as 7,1, or two folders of pictures; "
    "the mean code of the first minus that of the second is added to codes.",
)

_MULTIHOST = flags.DEFINE_bool("multihost", False, "Several hosts, found by JAX on this cluster.")
_COORDINATOR = flags.DEFINE_string(
    "coordinator_address", None, "Several hosts: host:port of the first process."
)
_NUM_PROCESSES = flags.DEFINE_integer("num_processes", None, "Several hosts: how many processes.")
_PROCESS_ID = flags.DEFINE_integer("process_id", None, "Several hosts: the number of this one.")


def main(argv: list[str]) -> None:
    logging.set_verbosity(logging.ERROR)  # libraries log each file that they write
    platforms = os.environ.get("JAX_PLATFORMS") or "cpu"
    if "cpu" not in platforms:
        os.environ["JAX_PLATFORMS"] = f"{platforms},cpu"  # it shuffles the data, whatever trains
    # Imported here so that --help answers at once.
    import experiments
    from gan_jax.errors import UserError

    try:
        if len(argv) > 1:
            raise UserError(f"{argv[1]!r} is not a flag; write --name=value.")
        if _LIST.value:
            print(experiments.table())
            return
        _connect_hosts()
        if "cpu" not in platforms and _MODE.value != "report":
            _check_accelerator(platforms)
        if _MODE.value == "train":
            _train()
        elif _MODE.value == "sample":
            _sample()
        elif _MODE.value == "visualize":
            _visualize()
        elif _MODE.value == "report":
            _report()
        else:
            raise UserError(
                f"--mode={_MODE.value} does not exist yet; there are train, sample, visualize and "
                "report."
            )
    except UserError as error:
        _exit(str(error), code=1)
    except RuntimeError as error:
        if "initialize backend" not in str(error):
            raise
        _exit(f"{error}; unset JAX_PLATFORMS to use what is there.", code=1)
    except KeyboardInterrupt:
        _exit("Interrupted before anything needed saving.", code=130)


def _train() -> None:
    import experiments
    from gan_jax import config, train
    from gan_jax.errors import UserError

    if not _EXPERIMENT.value:
        raise UserError("Which experiment? Add --experiment=NAME; --list shows them all.")
    changes = {"seed": _SEED.value}
    if _DATA_DIR.value:
        changes["data.data_dir"] = _DATA_DIR.value
    for setting in _SET.value:
        name, equals, value = setting.partition("=")
        if not equals:
            raise UserError(f"--set={setting} lacks a value; write --set=section.field=value.")
        changes[name] = value
    train.run(config.override(experiments.load(_EXPERIMENT.value), changes), _WORKDIR.value)


def _sample() -> None:
    from gan_jax import generate

    generate.run(_the_run(), _NUM_SAMPLES.value, _SAMPLE_SEED.value, _STEP.value)


def _visualize() -> None:
    from gan_jax import visualize

    options = visualize.Options(
        seed=_SAMPLE_SEED.value,
        num_samples=_NUM_SAMPLES.value,
        nice=_NICE.value,
        animate=_ANIMATE.value,
        operands=_OPERANDS.value,
        concept=_CONCEPT.value,
    )
    visualize.run(_the_run(), tuple(_WHAT.value), options, _STEP.value)


def _report() -> None:
    from gan_jax import report

    print(f"Wrote {report.run(_the_run())}")


def _the_run() -> str:
    from gan_jax.errors import UserError

    if not _WORKDIR.value:
        raise UserError("Which run? Add --workdir=RUN, the directory that training named.")
    return _WORKDIR.value


def _connect_hosts() -> None:
    from gan_jax.errors import UserError

    given = [flag.value is not None for flag in (_COORDINATOR, _NUM_PROCESSES, _PROCESS_ID)]
    if any(given) and not all(given):
        raise UserError("--coordinator_address, --num_processes and --process_id go together.")
    if not (all(given) or _MULTIHOST.value):
        return
    import jax

    try:
        jax.distributed.initialize(
            coordinator_address=_COORDINATOR.value,
            num_processes=_NUM_PROCESSES.value,
            process_id=_PROCESS_ID.value,
        )
    except (RuntimeError, ValueError) as error:
        raise UserError(f"The hosts could not be connected: {error}") from error


def _check_accelerator(platforms: str) -> None:
    import jax

    from gan_jax.errors import UserError

    if jax.default_backend() == "cpu":
        raise UserError(
            f"JAX_PLATFORMS={platforms}, and JAX finds no such device; install JAX's build for it, "
            'such as by pip install -e ".[cuda]", or unset JAX_PLATFORMS.'
        )


def _exit(sentence: str, code: int) -> None:
    print(f"gan_jax: {sentence}", file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    app.run(main)
