"""--mode=evaluate: the checkpoints of runs, and images that other programs made."""

import json
import re

import numpy as np
import pytest
from conftest import tiny_config
from PIL import Image

from gan_jax import data, train
from gan_jax.config import override
from gan_jax.data import Digits
from gan_jax.evaluation import records
from gan_jax.evaluation.records import FLOOR, SAMPLES, TEST

FEW = (
    *("--num_samples=60", "--set=evaluate.features.name=pixels"),
    "--set=evaluate.features.side=4",
)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Two seeds of a tiny run, with checkpoints of steps 2 and 4."""
    folder = tmp_path_factory.mktemp("runs")
    for seed in (0, 1):
        train.run(override(tiny_config(), {"seed": seed}), folder / f"seed{seed}")
    return folder


def scored(folder):
    ((protocol, found),) = records.read(folder).items()
    return protocol, found


def test_a_run_is_scored_at_all_its_checkpoints_and_once(run, trained):
    workdir = trained / "seed0"
    code, out, _ = run("--mode=evaluate", f"--workdir={workdir}", *FEW)
    assert code == 0
    protocol, found = scored(workdir)
    assert [(r.of, r.step) for r in found] == [(FLOOR, 0), (TEST, 0), (SAMPLES, 2), (SAMPLES, 4)]
    assert (protocol.num_real, protocol.num_fake, protocol.weights) == (1500, 60, "averaged")
    assert protocol.line() in out and "| step 4 |" in out
    scores = found[-1].scores
    assert {"fd", "kd", "precision", "coverage", "authenticity", "copying", "mind"} <= set(scores)
    floor = found[0].scores
    assert scores["kd"].value > 10 * abs(floor["kd"].value) and floor["one_nn"].value < 0.6
    place = workdir / "evaluation" / protocol.folder
    names = {path.name for path in place.iterdir()}
    assert names == {"scores.jsonl", "scores.md", "scores.png", "realism.png"}
    assert protocol.line() in (workdir / "report.html").read_text()
    before = (place / "scores.jsonl").read_bytes()
    run("--mode=evaluate", f"--workdir={workdir}", *FEW)
    assert (place / "scores.jsonl").read_bytes() == before
    lines = before.splitlines(keepends=True)
    (place / "scores.jsonl").write_bytes(b"".join(lines[:-1]))  # killed before the last one
    run("--mode=evaluate", f"--workdir={workdir}", *FEW)
    again = scored(workdir)[1]
    assert [(r.of, r.step, r.scores) for r in again] == [(r.of, r.step, r.scores) for r in found]


@pytest.mark.slow
def test_other_weights_and_seeds_are_other_protocols(run, trained, tmp_path):
    workdir = trained / "seed0"
    arguments = (*FEW, "--step=4", f"--output={tmp_path / 'out'}")
    run("--mode=evaluate", f"--workdir={workdir}", "--weights=averaged,raw", *arguments)
    run("--mode=evaluate", f"--workdir={workdir}", "--sample_seed=7", *arguments)
    found = records.read(tmp_path / "out")
    assert sorted((p.weights, p.latents) for p in found) == [
        ("averaged", "seed 0"),
        ("averaged", "seed 7"),
        ("raw", "seed 0"),
    ]
    assert all([r.step for r in rows if r.of == SAMPLES] == [4] for rows in found.values())


@pytest.mark.slow
def test_several_seeds_are_one_row_for_each_step(run, trained, tmp_path):
    code, out, _ = run("--mode=evaluate", f"--workdir={trained}", f"--output={tmp_path}", *FEW)
    assert code == 0
    (row,) = (line for line in out.splitlines() if line.startswith("| tiny") and "| 4 |" in line)
    assert "| 2 |" in row and " ± " in row and "[" in row


def test_copies_of_the_training_images_are_known_in_any_archive(run, tmp_path):
    digits = data.load(Digits(height=8, width=8, channels=1))
    np.savez(tmp_path / "copies.npz", images=digits.train.x[:200])
    np.savez(tmp_path / "new.npz", images=digits.test.x[:200])
    np.savez(tmp_path / "real.npz", images=digits.train.x)
    found = {}
    for name in ("copies", "new"):
        code, out, _ = run(
            *("--mode=evaluate", f"--fake={name}.npz", "--real=real.npz"),
            f"--output={name}",
        )
        assert code == 0, out
        protocol, rows = scored(tmp_path / name)
        assert (protocol.weights, protocol.data) == ("files", "real.npz")
        found[name] = rows[-1].scores
    assert found["copies"]["authenticity"].value == 0
    assert found["new"]["authenticity"].value > 0.3


def test_a_folder_of_pictures_is_compared_with_another(run, tmp_path):
    digits = data.load(Digits(height=8, width=8, channels=1)).train.x
    for name, part in (("one", digits[:60]), ("other", digits[60:160])):
        (tmp_path / name).mkdir()
        for number, image in enumerate(part):
            Image.fromarray(image[..., 0]).save(tmp_path / name / f"{number}.png")
    assert run("--mode=evaluate", "--fake=one", "--real=other", "--output=out")[0] == 0
    protocol, rows = scored(tmp_path / "out")
    assert (protocol.num_fake, protocol.num_real, protocol.images) == (60, 100, "8x8x1")
    assert "Of 100 real images a generator that copies them" in rows[-1].facts["note"]


def archive(path, **arrays):
    np.savez(path, **arrays)
    return f"--fake={path.name}"


def pictures(tmp_path, *sizes):
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number, size in enumerate(sizes):
        Image.new("L", size).save(folder / f"{number}.png")
    return "--fake=pictures"


X = np.zeros((50, 8, 8, 1), np.uint8)


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (lambda p: archive(p / "a.npz", images=X / 1.0 - 1), "are float64 from -1 to -1; store"),
        (lambda p: archive(p / "a.npz", images=X[0, 0]), r"shape \[8, 1\]; images are \[n, height"),
        (lambda p: archive(p / "a.npz", one=X, two=X), "has one, two; name the array"),
        (lambda p: archive(p / "a.npz", images=np.array([{}])), "cannot be read as an .npz"),
        (
            lambda p: archive(p / "a.npz", images=X[:, :6]),
            "8x8x1, and those to be scored 6x8x1",
        ),
        (lambda p: pictures(p, (8, 8), (9, 8)), "have 2 sizes, such as 8x8 .* and 9x8"),
        (lambda p: "--fake=nothing.npz", "There is no folder and no .npz nothing.npz"),
        (lambda p: archive(p / "a.npz", images=X[:1]), "takes? .* not 1|needs"),
    ],
)
def test_images_that_cannot_be_scored_are_one_sentence(run, tmp_path, given, sentence):
    np.savez(tmp_path / "real.npz", images=X)
    code, _, err = run("--mode=evaluate", given(tmp_path), "--real=real.npz", "--output=out")
    assert code == 1
    assert err.startswith("gan_jax: ") and err.count("\n") == 1
    assert re.search(sentence, err), err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((), "Which run? Add --workdir=RUN"),
        (("--workdir=none",), "There is no run in none; train first"),
        (("--fake=a.npz",), "--fake and --real go together, without --workdir"),
        (("--workdir=none", "--weights=ema"), "--weights='ema' is unknown; choose one of averaged"),
        (("--workdir=none", "--step=first"), "--step=first is neither the step of a checkpoint"),
        (("--workdir=none", "--set=train.num_steps=3"), "it takes data.path and evaluate"),
        (("--workdir=none", "--experiment=toy_ring"), "--mode=evaluate does not use --experiment"),
    ],
)
def test_a_wrong_flag_is_one_sentence(run, arguments, sentence):
    code, _, err = run("--mode=evaluate", *arguments)
    assert code == 1 and sentence in err and err.count("\n") == 1


def test_a_space_that_is_not_there_is_one_sentence(run, trained):
    workdir = f"--workdir={trained / 'seed0'}"
    code, _, err = run("--mode=evaluate", workdir, "--features=edges")
    assert code == 1 and "--features='edges' is unknown; choose one of " in err
    code, _, err = run("--mode=evaluate", workdir, "--features=inception")
    assert code == 1 and "give --set=evaluate.features.path=FILE" in err
    code, _, err = run("--mode=evaluate", workdir, "--step=best")
    assert code == 1 and "has no best checkpoint; --mode=evaluate scores" in err
    code, _, err = run("--mode=evaluate", workdir, "--step=3")
    assert code == 1 and "There is no checkpoint of step 3" in err


def test_points_are_scored_by_their_coordinates(run, tmp_path):
    assert run(
        *("--experiment=toy_ring", "--workdir=ring", "--set=train.num_steps=4"),
        *("--set=checkpoint.every_steps=4", "--set=evaluate.every_steps=2"),
        "--set=evaluate.num_samples=100",
    )[0] == 0  # fmt: skip
    code, _, err = run("--mode=sample", "--workdir=ring", "--step=best", "--num_samples=4")
    assert code == 0, err
    assert {protocol.features for protocol in records.read(tmp_path / "ring")} == {"points"}
    assert json.loads((tmp_path / "ring/status.json").read_text())["state"] == "finished"
