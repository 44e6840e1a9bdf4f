"""The command line: what it prints, and one clear sentence for each mistake."""

import errno
import json
import resource
from pathlib import Path

import pytest
from absl import flags
from absl.testing import flagsaver
from conftest import ROOT, finish, start
from PIL import Image

import launch
from gan_jax import config, rundir
from gan_jax.errors import UserError

TINY = (
    "--set=gen.features=4,4,4",
    "--set=disc.features=4,4,4",
    "--set=train.batch_size=4",
    "--set=train.num_steps=1",
    "--set=sample.num_images=4",
)
CARS = ("--experiment=dcgan_cifar_cars", *TINY)
DRAWN = ("--set=data.source=procedural_cars", "--set=data.height=8", "--set=data.width=8")


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Runs the command line in an empty folder: (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFDS_DATA_DIR", str(tmp_path / "no-data"))

    def call(*arguments):
        code = 0
        with flagsaver.flagsaver():
            flags.FLAGS(["launch.py", *arguments])
            try:
                launch.main(["launch.py"])
            except SystemExit as error:
                code = error.code
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return call


def write(path, count=1, size=(9, 9)):
    path.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        Image.new("RGB", size, (number * 9, 99, 9)).save(path / f"{number}.png")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "Which experiment? Add --experiment=NAME"),
        (
            ("--experiment=dcgan_cars",),
            "There is no experiment 'dcgan_cars'; did you mean dcgan_cifar",
        ),
        ((*CARS, "--set=train.num_step=3"), "did you mean 'train.num_steps'"),
        ((*CARS, "--set=train.num_steps=many"), "train.num_steps='many' is not of the right type"),
        ((*CARS, "--set=train.num_steps"), "lacks a value; write --set=section.field=value"),
        ((*CARS, "--set=train.batch_size=5"), "cannot be divided over 2 devices"),
        ((*CARS, "--set=data.height=30"), "data.height=30 is not a multiple of 8"),
        (
            (*CARS, "--set=loss.name=hing"),
            "loss.name='hing' is unknown; choose one of minimax, non",
        ),
        ((*CARS, "--set=gen.optimizer.name=adams"), "gen.optimizer.name='adams' is unknown"),
        ((*CARS, "--set=gen.name=dcgam"), "gen.name='dcgam' is unknown; choose one of began"),
        ((*CARS, "--set=data.source=web"), "data.source='web' is unknown"),
        ((*CARS, "--set=data.fallback=none"), "is not in"),
        ((*CARS, "--set=data.path=none"), "There is no folder none"),
        ((*CARS, "--set=data.path=empty"), "There are no files that match '*' in empty"),
        ((*CARS, "--set=data.path=text"), "Nothing is left to train on"),
        ((*CARS, "--set=data.path=few"), "There are 3 training images, too few for a batch of 4"),
        ((*CARS, "--workdir=text/a.txt", *DRAWN), "text/a.txt is a file"),
        (("--mode=sample",), "Which run? Add --workdir=RUN"),
        (("--mode=sample", "--workdir=none"), "There is no run in none"),
        (("--mode=visualize",), "Which run? Add --workdir=RUN"),
        (("--mode=visualize", "--workdir=none"), "There is no run in none"),
        (("--mode=visualize", "--workdir=none", "--what="), "Which pictures? Add --what=all"),
        (("--mode=visualize", "--workdir=none", "--what=swep"), "--what='swep' is unknown"),
        (("--mode=report",), "Which run? Add --workdir=RUN"),
        (("--mode=report", "--workdir=none"), "There is no run in none"),
        (("--mode=evaluate", "--workdir=none"), "--mode=evaluate does not exist yet"),
        ((*CARS, "--num_processes=2"), "--num_processes and --process_id go together"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_a_mistake_is_one_sentence_on_stderr_and_loses_nothing(run, tmp_path, arguments, sentence):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "a.txt").write_text("no picture")
    write(tmp_path / "few", count=3)
    before = sorted(tmp_path.rglob("*"))
    code, _, err = run(*arguments)
    assert code == 1
    assert sentence in err
    last = err.strip().splitlines()[-1]
    assert last.startswith("gan_jax: ")
    assert "Traceback" not in err
    assert sorted(tmp_path.rglob("*")) == before


def test_an_accelerator_that_was_asked_for_and_is_not_there(run, monkeypatch):
    monkeypatch.setenv("JAX_PLATFORMS", "cuda")
    code, _, err = run(*CARS)
    assert code == 1
    assert "JAX_PLATFORMS=cuda, and JAX finds no such device" in err


def test_help_and_list_answer(run):
    code, out, _ = run("--list")
    assert code == 0
    assert "dcgan_cifar_cars" in out
    text = launch.flags.FLAGS.module_help(launch)
    for flag in ("experiment", "mode", "workdir", "seed", "data_dir", "set", "list"):
        assert f"--{flag}" in text or f"--[no]{flag}" in text


def test_data_that_cannot_be_had_is_replaced_loudly_and_on_record(run, tmp_path):
    code, out, err = run(*CARS, "--seed=4", "--set=data.height=8", "--set=data.width=8")
    assert code == 0, err
    assert "TRAINING ON PROCEDURAL_CARS IN PLACE OF TFDS CIFAR10 (AUTOMOBILE)" in err
    (workdir,) = (tmp_path / "runs" / "dcgan_cifar_cars").iterdir()
    assert workdir.name.startswith("seed4-")
    assert workdir.name.endswith("-procedural_cars")
    assert out.splitlines()[0] == f"Run directory: {workdir.relative_to(tmp_path)}"
    data = json.loads((workdir / "config.json").read_text())["data"]
    assert (data["source"], data["stands_in_for"]) == (
        "procedural_cars",
        "tfds cifar10 (automobile)",
    )
    environment = json.loads((workdir / "environment.json").read_text())
    assert environment["data"]["stands_in_for"] == "tfds cifar10 (automobile)"

    code, out, _ = run(*CARS, "--seed=4", "--set=data.height=8", "--set=data.width=8")
    assert "Step 1 of 1 is done" in out  # the same command is the same run
    run(*CARS, "--seed=5", "--set=data.height=8", "--set=data.width=8")
    assert len(list((tmp_path / "runs" / "dcgan_cifar_cars").iterdir())) == 2


def test_one_flag_more_trains_on_a_folder_and_sample_draws_from_it(run, tmp_path):
    write(tmp_path / "pictures", count=6, size=(20, 31))
    code, out, err = run(*CARS, "--set=data.path=pictures", "--workdir=here")
    assert code == 0, err
    assert "Read 6 pictures from pictures, brought to 32x32x3." in out
    code, out, err = run("--mode=sample", "--workdir=here", "--num_samples=3", "--sample_seed=2")
    assert code == 0, err
    folder = tmp_path / "here" / "generated" / "step_00000001_seed_2"
    assert len(list(folder.glob("0*.png"))) == 3

    write(tmp_path / "pictures", count=7, size=(20, 31))
    code, _, err = run(*CARS, "--set=data.path=pictures", "--workdir=here")
    assert code == 1
    assert "the images: fingerprint" in err


def test_gray_pictures_train_in_one_channel(run, tmp_path):
    write(tmp_path / "pictures", count=4)
    code, _, err = run(*CARS, "--set=data.path=pictures", "--set=data.channels=1", "--workdir=g")
    assert code == 0, err
    with Image.open(tmp_path / "g" / "reals.png") as picture:
        assert picture.mode == "L"


def test_a_run_directory_in_use_is_refused(run, tmp_path, monkeypatch):
    (tmp_path / "w").mkdir()
    with rundir.lock(tmp_path / "w"):
        code, _, err = run(*CARS, *DRAWN, "--workdir=w")
    assert code == 1
    assert "Another process is training in w" in err
    assert run(*CARS, *DRAWN, "--workdir=w")[0] == 0
    monkeypatch.chdir(tmp_path / "w")
    code, _, err = run("--mode=sample", "--workdir=.", "--num_samples=1")
    assert code == 0, err
    assert len(list((tmp_path / "w" / "generated").iterdir())) == 1


def refuse(number):
    def call(*_arguments, **_options):
        raise OSError(number, "no")

    return call


def test_a_file_system_without_locks_is_no_reason_to_wait(tmp_path, monkeypatch):
    monkeypatch.setattr(rundir.fcntl, "flock", refuse(errno.ENOLCK))
    rundir.lock(tmp_path).close()


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES])
def test_a_run_directory_that_cannot_be_written_to_says_so(tmp_path, monkeypatch, number):
    monkeypatch.setattr(Path, "touch", refuse(number))
    with pytest.raises(UserError, match="cannot be written to; give another --workdir"):
        rundir.make(tmp_path)


@pytest.mark.parametrize("content", ["{", "{}", '{"train": 3}'])
def test_a_damaged_config_is_refused(run, tmp_path, content):
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "config.json").write_text(content)
    code, _, err = run(*CARS, *DRAWN, "--workdir=w")
    assert code == 1
    assert "config.json" in err
    assert (tmp_path / "w" / "config.json").read_text() == content


def test_a_truncated_checkpoint_is_refused_and_stays(run, tmp_path):
    assert run(*CARS, *DRAWN, "--workdir=w", "--set=checkpoint.every_steps=1")[0] == 0
    files = [path for path in (tmp_path / "w" / "checkpoints").rglob("*") if path.is_file()]
    largest = max(files, key=lambda path: path.stat().st_size)
    largest.write_bytes(largest.read_bytes()[:1000])
    for arguments in ((*CARS, *DRAWN, "--set=train.num_steps=2"), ("--mode=sample",)):
        code, _, err = run(*arguments, "--workdir=w")
        assert code == 1
        assert "is damaged and cannot be read" in err
        assert largest.exists()


def test_a_disk_that_fills_up_is_one_sentence_and_the_run_resumes(tmp_path):
    """A limit on file sizes stands for a full disk: the system refuses to write in both."""
    arguments = [ROOT / "tests" / "trainer.py", tmp_path, "log.every_steps=0"]
    finish(start([*arguments, "train.num_steps=2"]))

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    output = finish(start([*arguments, "train.num_steps=4"], preexec_fn=limit), code=1)
    assert "There is no space left to write to" in output
    assert output.strip().splitlines()[-1].startswith("gan_jax: ")
    assert "Resuming from step 2." in finish(start([*arguments, "train.num_steps=4"]))


def test_every_mode_of_the_contract_is_known():
    modes = flags.FLAGS["mode"].parser.enum_values
    assert modes == ["train", "sample", "visualize", "report", "evaluate", "study"]


def test_the_digest_of_the_cars_names_the_run(run, tmp_path):
    import experiments

    cars = experiments.load("dcgan_cifar_cars")
    assert str(rundir.default(cars)) == f"runs/dcgan_cifar_cars/seed0-{config.digest(cars)}"
