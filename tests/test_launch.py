"""The command line: what it prints, and one clear sentence for each mistake."""

import errno
import json
import os
import re
import resource
from pathlib import Path

import jax
import pytest
import yaml
from absl import flags
from absl.testing import flagsaver
from conftest import ROOT, finish, start
from PIL import Image

import experiments
import launch
from gan_jax import config, data
from gan_jax.devices import mesh, parallel
from gan_jax.errors import Diverged, UserError
from gan_jax.methods import Config
from gan_jax.run import directory, environment, interrupts
from gan_jax.system import disk, user_cache

README = (ROOT / "README.md").read_text()

TINY = (
    "--set=gen.features=4,4,4",
    "--set=disc.features=4,4,4",
    "--set=train.batch_size=4",
    "--set=train.num_steps=1",
    "--set=sample.num_images=4",
)
CARS = ("--experiment=dcgan_cifar_cars", *TINY)
DRAWN = ("--set=data.source=procedural_cars", "--set=data.height=8", "--set=data.width=8")


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
        ((*CARS, "--set=gen.kernel_size=64"), "reaches beyond images of 32x32 from any pixel"),
        ((*CARS, "--set=disc.features="), "disc.features is empty; give at least 1"),
        (
            (*CARS, "--set=loss.name=hing"),
            "loss.name='hing' is unknown; choose one of non_satur",
        ),
        ((*CARS, "--set=gen_optimizer.name=adams"), "gen_optimizer.name='adams' is unknown"),
        ((*CARS, "--set=gen.name=dcgam"), "gen.name='dcgam' is unknown; choose one of began"),
        ((*CARS, "--set=data.source=web"), "data.source='web' is unknown"),
        ((*CARS, "--set=data.fallback=none"), "is not in"),
        ((*CARS, "--set=data.path=none"), "/none; check --set=data.path"),
        ((*CARS, "--set=data.path=empty"), "There are no files that match '*' in /"),
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
        (("--mode=study",), "Which study? Add --study=NAME"),
        (("--mode=study", "--study=created_equl"), "did you mean created_equal?"),
        (("--mode=study", "--study=none.toml"), "There is no study none.toml; check --study"),
        (("--mode=study", "--study=rings", "--scale=no"), "rings.toml: there is no scale 'no'"),
        (("--mode=study", "--study=rings", "--slurm=time=1"), "--slurm is for --launcher=slurm"),
        ((*CARS, "--num_processes=2"), "--num_processes and --process_id go together"),
        (("--experiment=none.py",), "There is no recipe none.py; check --experiment"),
        (("--experiment=text/b.py",), "text/b.py has no function get_config"),
        (("--experiment=text/c.py",), "get_config of text/c.py returns no config of gan_jax"),
        ((*CARS, "--plugin=no_such_lab.parts"), "There is no module 'no_such_lab.parts' for"),
        ((*CARS, "--plugin=gan_jax.no_such_part"), "There is no module 'gan_jax.no_such_part'"),
        ((*CARS, "--plugin=text/b.py"), "name it as Python imports it, from this directory"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_a_mistake_is_one_sentence_on_stderr_and_loses_nothing(run, tmp_path, arguments, sentence):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "a.txt").write_text("no picture")
    (tmp_path / "text" / "b.py").write_text("")
    (tmp_path / "text" / "c.py").write_text("def get_config():\n    return {}\n")
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


def test_print_config_shows_the_resolved_config_and_stops(run, tmp_path):
    code, out, err = run(*CARS, "--seed=3", "--set=loss.name=hinge", "--print_config")
    assert (code, err) == (0, "")
    shown = config.from_dict(Config, json.loads(out))
    changes = dict(setting.removeprefix("--set=").split("=") for setting in TINY)
    cars = experiments.load("dcgan_cifar_cars")
    assert shown == config.override(cars, changes | {"seed": 3, "loss.name": "hinge"})
    assert (shown.train.num_steps, shown.loss.choice) == (1, "hinge")
    assert list(tmp_path.iterdir()) == []


def test_data_dir_is_the_place_of_tfds_whatever_a_recipe_trains_on(run):
    for arguments, place in (
        (("--experiment=gan_mnist",), "/a"),
        (("--experiment=gan_mnist", "--set=data.data_dir=/b"), "/b"),
        (("--experiment=toy_ring",), None),
    ):
        code, out, err = run(*arguments, "--data_dir=/a", "--print_config")
        assert (code, err) == (0, "")
        assert json.loads(out)["data"].get("data_dir") == place


def test_a_recipe_of_ones_own_is_trained_by_its_path(run, tmp_path):
    (tmp_path / "recipes").mkdir()
    recipe = tmp_path / "recipes" / "my_cars.py"
    recipe.write_text((ROOT / "experiments" / "dcgan_cifar_cars.py").read_text())
    code, out, err = run("--experiment=recipes/my_cars.py", *TINY, *DRAWN)
    assert code == 0, err
    (workdir,) = (tmp_path / "runs" / "my_cars").iterdir()
    assert out.startswith(f"Run directory: {workdir.relative_to(tmp_path)}\n")
    assert json.loads((workdir / "config.json").read_text())["experiment"] == "my_cars"


def test_parts_that_no_plugin_names_are_refused(run, tmp_path):
    """A run with them could not be opened again."""
    (tmp_path / "own.py").write_text(
        "from gan_jax.methods import GAN\n"
        "from gan_jax.objectives import Hinge\n"
        "class Own(Hinge):\n"
        "    choice = 'own'\n"
        "def get_config():\n"
        "    return GAN(loss=Own())\n"
    )
    code, _, err = run("--experiment=own.py", *TINY, *DRAWN)
    assert code == 1
    assert "parts of recipe_own, which later commands would not find; put them into a mod" in err
    assert not (tmp_path / "runs").exists()


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
    assert f"Read 6 pictures from {tmp_path}/pictures, brought to 32x32x3." in out
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
    with directory.lock(tmp_path / "w"):
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
    monkeypatch.setattr(directory.fcntl, "flock", refuse(errno.ENOLCK))
    directory.lock(tmp_path).close()


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.EROFS, "cannot be written to; give another --workdir"),
        (errno.EACCES, "cannot be written to; give another --workdir"),
        (errno.ENAMETOOLONG, "is too long for this file system; give a shorter --workdir"),
    ],
)
def test_a_run_directory_that_cannot_be_written_to_says_so(tmp_path, monkeypatch, number, sentence):
    monkeypatch.setattr(disk.os, "open", refuse(number))
    with pytest.raises(UserError, match=sentence):
        directory.make(tmp_path)


def test_a_name_that_is_too_long_is_one_sentence(run):
    code, _, err = run(*CARS, *DRAWN, f"--workdir={'n' * 300}")
    assert code == 1
    assert "is too long for this file system; give a shorter --workdir" in err


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "is damaged"),
        ("{}", "is not of gan_jax; give another --workdir"),
        ('["a list"]', "is not of gan_jax"),
        ('{"compilerOptions": {}}', "is not of gan_jax"),
        ('{"experiment": "a", "seed": 0, "data": 3}', "another version of gan_jax"),
    ],
)
def test_a_config_that_is_none_is_refused_and_stays(run, tmp_path, content, sentence):
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "config.json").write_text(content)
    code, _, err = run(*CARS, *DRAWN, "--workdir=w")
    assert code == 1
    assert "config.json" in err
    assert sentence in err
    assert (tmp_path / "w" / "config.json").read_text() == content


def cut(folder):
    """Takes the end off the largest file of a checkpoint."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    largest = max(files, key=lambda path: path.stat().st_size)
    largest.write_bytes(largest.read_bytes()[:1000])


def test_a_damaged_checkpoint_is_passed_over(run, tmp_path):
    """By looking at the run, which changes nothing, and by going on with it; where all are damaged,
    nothing is moved."""
    saved = (*CARS, *DRAWN, "--workdir=w", "--set=checkpoint.every_steps=1")
    assert run(*saved, "--set=train.num_steps=3")[0] == 0
    checkpoints, aside = tmp_path / "w" / "checkpoints", tmp_path / "w" / "damaged_checkpoints"
    cut(checkpoints / "3")
    code, out, err = run("--mode=sample", "--workdir=w", "--num_samples=1")
    assert code == 0, err
    assert "checkpoints/3 is damaged; this is of step 2." in err
    assert "Wrote 1 samples of step 2" in out
    assert not aside.exists()
    code, _, err = run("--mode=sample", "--workdir=w", "--num_samples=1", "--step=3")
    assert code == 1
    assert "checkpoints/3 is damaged and cannot be read" in err

    code, out, err = run(*saved, "--set=train.num_steps=3")
    assert code == 0, err
    assert "The checkpoint of step 3 is damaged and was moved to" in err
    assert "the run goes on from step 2" in err
    assert "Resuming from step 2." in out
    (moved,) = aside.glob("*/3")
    assert any(moved.rglob("*"))
    assert sorted(path.name for path in checkpoints.iterdir()) == ["2", "3"]

    for step in "23":
        cut(checkpoints / step)
    before = sorted(checkpoints.rglob("*"))
    for arguments in ((*saved, "--set=train.num_steps=4"), ("--mode=sample", "--workdir=w")):
        code, _, err = run(*arguments)
        assert code == 1
        assert "All checkpoints in" in err
        assert "are damaged (steps 2, 3); nothing was changed" in err
        assert sorted(checkpoints.rglob("*")) == before


@pytest.mark.slow
def test_a_disk_that_fills_up_is_one_sentence_and_the_run_resumes(tmp_path):
    """A limit on file sizes stands for a full disk: the system refuses to write in both."""
    command = [ROOT / "launch.py", "--experiment=toy_ring", f"--workdir={tmp_path}"]
    finish(start([*command, "--set=train.num_steps=2"]))

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    longer = [*command, "--set=train.num_steps=4"]
    output = finish(start(longer, preexec_fn=limit), code=1)
    assert output.strip().splitlines()[-1].startswith("gan_jax: There is no space left to write to")
    assert "Traceback" not in output
    assert "Resuming from step 2." in finish(start(longer))


def test_every_mode_of_the_contract_is_known():
    modes = flags.FLAGS["mode"].parser.enum_values
    assert modes == ["train", "sample", "visualize", "report", "evaluate", "replay", "study"]


def test_the_digest_of_the_cars_names_the_run(run, tmp_path):
    cars = experiments.load("dcgan_cifar_cars")
    assert str(directory.default(cars)) == f"runs/dcgan_cifar_cars/seed0-{config.digest(cars)}"


def test_every_flag_is_used_or_refused_in_every_mode(run, tmp_path):
    """And the sentence names where it belongs."""
    given = {
        "seed": "1", "sample_seed": "2", "num_samples": "3", "step": "4", "what": "samples",
        "nice": "true", "animate": "true", "operands": "1-2", "concept": "7,1", "classes": "a",
        "format": "npz", "output": "x", "data_dir": "/nowhere", "set": "no.such=field",
        "experiment": "nonsense", "plugin": "no.such", "print_config": "true",
        "dry_run": "true",
        "features": "pixels", "weights": "raw", "fake": "a.npz", "real": "b.npz",
        "multihost": "true", "coordinator_address": "a:1", "num_processes": "2", "process_id": "0",
        "at": "3", "study": "rings", "scale": "cpu", "launcher": "slurm", "at_once": "2",
        "slurm": "time=1", "inputs": "folder", "strokes": "a.png", "directions": "sefa",
    }  # fmt: skip
    known = {flag for used in launch.FLAGS_OF_MODES.values() for flag in used}
    assert known == {*given, "workdir"}
    for mode, used in launch.FLAGS_OF_MODES.items():
        for flag, value in given.items():
            if flag in used:
                continue
            code, _, err = run(f"--mode={mode}", "--workdir=w", f"--{flag}={value}")
            assert code == 1
            assert err.startswith(f"gan_jax: --mode={mode} does not use --{flag}: "), err
            assert "--" in err.split(": ", 2)[2]
    assert "--sample_seed is the seed of the latents" in run("--mode=sample", "--seed=1")[2]
    assert "--list does not use --experiment" in run("--list", "--experiment=gan_mnist")[2]
    assert list(tmp_path.iterdir()) == []


def test_the_readme_has_the_flags_of_every_mode():
    rows = re.findall(r"^\| `--mode=(\w+)`[^|]*\| (.*) \|$", README, re.MULTILINE)
    found = {mode: tuple(re.findall(r"`--(\w+)`", cell)) for mode, cell in rows}
    assert found == launch.FLAGS_OF_MODES


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help_shows_every_flag_with_its_modes(flag, capsys):
    with pytest.raises(SystemExit) as ended:
        launch._parse(["launch.py", flag])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert said.startswith("Trains generative adversarial networks")
    for name in launch.FLAGS_OF_MODES["visualize"]:
        assert f"  --{name} (" in said


def test_an_unknown_flag_is_one_sentence(capsys):
    with pytest.raises(SystemExit) as ended:
        launch._parse(["launch.py", "--experimen=cars"])
    assert ended.value.code == 1
    said = capsys.readouterr().err
    assert said.startswith("gan_jax: Unknown command line flag 'experimen'. Did you mean: exper")
    assert len(said.splitlines()) == 1


def test_an_option_that_no_chosen_picture_uses_is_refused(run):
    for option, pictures in {
        "--nice": "samples",
        "--operands=1-2": "arithmetic, edit",
        "--strokes=a.png": "edit",
    }.items():
        code, _, err = run("--mode=visualize", "--workdir=none", "--what=sweep", option)
        assert code == 1
        assert f"changes nothing in sweep; add one of {pictures} to --what" in err
    code, _, err = run("--mode=visualize", "--workdir=none", "--set=train.num_steps=3")
    assert "of --set it takes data.path alone, not train.num_steps" in err


def test_other_settings_of_jax_change_nothing_or_are_refused(run, monkeypatch):
    monkeypatch.setenv("JAX_ENABLE_X64", "1")
    assert run("--list")[0] == 0
    assert "JAX_ENABLE_X64" not in os.environ  # before JAX reads it
    for setting, sentence in {
        "jax_enable_x64": "gan_jax trains in float32",
        "jax_disable_jit": "JAX_DISABLE_JIT keeps the training loop from being compiled",
    }.items():
        before = getattr(jax.config, setting)
        jax.config.update(setting, True)
        try:
            code, _, err = run(*CARS, *DRAWN)
        finally:
            jax.config.update(setting, before)
        assert code == 1
        assert sentence in err


def test_seeds_beyond_the_largest_are_refused(run):
    code, _, err = run(*CARS, *DRAWN, "--seed=4294967294", "--set=train.num_seeds=4")
    assert code == 1
    assert "set --seed=4294967292 or less" in err
    code, _, err = run(*CARS, *DRAWN, "--seed=4294967296")
    assert code == 1
    assert "at most 4294967295" in err


def test_a_run_is_resumed_on_devices_that_divide_its_batch(monkeypatch):
    monkeypatch.setattr(parallel.jax, "device_count", lambda: 3)
    one = mesh.Placement(1, ())
    parallel.check_divisible(9, one)
    with pytest.raises(UserError, match=r"set train\.batch_size=9"):
        parallel.check_divisible(8, one)
    with pytest.raises(UserError, match=r"began, cannot be .* 3 devices; use 1 or 2 of them"):
        parallel.check_divisible(8, one, is_begun=True)


def test_a_user_without_a_home(monkeypatch, tmp_path):
    def no_home(self):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "expanduser", no_home)
    for name in ("GAN_JAX_CACHE_DIR", "TFDS_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(OSError, match="no home folder; set GAN_JAX_CACHE_DIR"):
        user_cache.folder("data")
    with pytest.raises(data.Unavailable, match=r"has no home folder .* give --data_dir"):
        data.load(data.TFDS(name="mnist"))
    assert data.load(data.Points(name="ring"))
    with pytest.raises(UserError, match="is in a home folder, and this user has none"):
        directory.given("~/run")


def test_what_changed_since_the_last_start_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "/anywhere")
    monkeypatch.setenv("JAX_DEFAULT_PRNG_IMPL", "rbg")
    machine = environment._machine()
    assert machine["variables"] == {"JAX_DEFAULT_PRNG_IMPL": "rbg"}
    (tmp_path / "environment.json").write_text(json.dumps(machine))
    assert environment.changes_since(tmp_path) == []
    monkeypatch.delenv("JAX_DEFAULT_PRNG_IMPL")
    machine["packages"]["jax"] = "0.9"
    machine["devices"] = ["gpu A"]
    (tmp_path / "environment.json").write_text(json.dumps(machine))
    (said,) = environment.changes_since(tmp_path)
    for part in (
        "variables.JAX_DEFAULT_PRNG_IMPL: rbg -> none",
        f"packages.jax: 0.9 -> {jax.__version__}",
        "devices: 1 x gpu A -> 2 x cpu cpu",
    ):
        assert part in said


def test_outside_of_a_cluster_the_flags_are_named(run, monkeypatch):
    def no_cluster(**_options):
        raise ValueError("coordinator_address should be defined.")

    monkeypatch.setattr(jax.distributed, "initialize", no_cluster)
    code, _, err = run(*CARS, "--multihost")
    assert code == 1
    assert "JAX finds no cluster here" in err
    assert "--coordinator_address=HOST:PORT --num_processes=N --process_id=I" in err


def test_the_manifest_of_the_docs_is_read_and_its_command_taken():
    text = (ROOT / "docs" / "clusters.md").read_text()
    (manifest,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    service, job = yaml.safe_load_all(manifest)
    assert (service["kind"], job["kind"]) == ("Service", "Job")
    assert job["spec"]["completionMode"] == "Indexed"
    (container,) = job["spec"]["template"]["spec"]["containers"]
    with flagsaver.flagsaver():
        launch._parse(container["command"][1:])
        launch._check_flags()
        assert flags.FLAGS.multihost
        assert flags.FLAGS.mode == "train"
    rules = job["spec"]["podFailurePolicy"]["rules"]
    codes = {rule["action"]: rule["onExitCodes"]["values"] for rule in rules}
    assert codes == {
        "FailJob": [UserError.exit_code, Diverged.exit_code],
        "Ignore": [interrupts.EXIT_CODE],
    }
