import os
import time

import numpy as np
import pytest
from conftest import TEST_DATA
from PIL import Image

from gan_jax import data
from gan_jax.config import Data
from gan_jax.data import folder
from gan_jax.errors import UserError


def write(path, colour=(255, 0, 0), size=(20, 30), mode="RGB", **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, colour).save(path, **options)


@pytest.fixture
def pictures(tmp_path):
    """Every hard case: formats, modes, rotation, damage, names, nesting, hidden files."""
    root = tmp_path / "pictures"
    write(root / "a.jpg")
    write(root / "deep" / "er" / "b.png")
    write(root / "deep" / "gray.png", 128, mode="L")
    write(root / "deep" / "alpha.png", (255, 0, 0, 0), mode="RGBA")
    write(root / "deep" / "cmyk.jpg", (0, 255, 255, 0), mode="CMYK")
    write(root / "deep" / "palette.gif", 1, mode="P")
    write(root / "deep" / "sixteen.png", 0x8080, mode="I;16")
    write(root / "umlaut ä space.JPG")
    rotated = Image.new("RGB", (20, 30))
    rotated.getexif()[0x0112] = 6
    rotated.save(root / "rotated.jpg", exif=rotated.getexif())
    (root / "notes.txt").write_text("not a picture")
    (root / "empty.jpg").write_bytes(b"")
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    Image.fromarray(noise).save(root / "cut.jpg")
    whole = (root / "cut.jpg").read_bytes()
    (root / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    write(root / ".hidden" / "c.png")
    return root


def config(root, **changes):
    return Data(source="folder", path=str(root), height=16, width=16, **changes)


def test_reads_what_is_readable_and_reports_the_rest(pictures):
    made = folder.load(config(pictures))
    assert made.train.images.shape == (9, 16, 16, 3)
    assert made.train.images.dtype == np.uint8
    report = " ".join(made.report)
    assert "Read 9 pictures" in report
    assert "Skipped 3 files" in report
    for name in (
        "notes.txt: not a picture",
        "empty.jpg: not a picture",
        "cut.jpg: image file is tr",
    ):
        assert name in report
    assert "20x30" in report
    assert "RGB (4)" in report
    assert made.test.images is made.train.images


def test_sub_folders_are_classes_when_there_are_some(tmp_path):
    for number, name in enumerate(["cat", "dog", "dog"]):
        write(tmp_path / name / f"{number}.png")
    made = folder.load(config(tmp_path))
    assert made.class_names == ("cat", "dog")
    np.testing.assert_array_equal(made.train.labels, [0, 1, 1])
    dogs = folder.load(config(tmp_path, classes=("dog",)))
    assert len(dogs.train.images) == 2
    np.testing.assert_array_equal(dogs.train.labels, [0, 0])
    with pytest.raises(UserError, match=r"no sub-folder 'cow'.*cat, dog"):
        folder.load(config(tmp_path, classes=("cow",)))


def test_a_flat_folder_has_no_classes(tmp_path):
    write(tmp_path / "a.png")
    assert folder.load(config(tmp_path)).class_names == ()


def test_the_pattern_chooses_files(pictures):
    assert len(folder.load(config(pictures, pattern="*.png")).train.images) == 4


@pytest.mark.parametrize(
    ("make", "changes", "sentence"),
    [
        (lambda root: None, {}, "There is no folder"),
        (lambda root: root.mkdir(), {}, "no files that match"),
        (lambda root: write(root / "a.png"), {"pattern": "*.jpg"}, "no files that match"),
        (lambda root: (root.mkdir(), (root / "a.txt").write_text("x")), {}, "Nothing is left"),
        (lambda root: write(root / "a.png"), {"crop": (5,)}, "a height and a width"),
        (lambda root: write(root / "a.png"), {"crop": (0, 5)}, "a height and a width"),
        (lambda root: write(root / "a.png"), {"channels": 2}, "have 1, 3 or 4 data.channels"),
        (lambda root: write(root / "a.png"), {"pattern": "/a.png"}, "try \\*.jpg"),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path, make, changes, sentence):
    make(tmp_path / "x")
    chosen = config(tmp_path / "x", **changes)
    with pytest.raises(UserError, match=sentence) as error:
        data.resolve(chosen)
        data.load(chosen)
    assert "\n" not in str(error.value)


def test_the_pictures_of_runs_in_the_folder_are_none_of_its_own(tmp_path, monkeypatch):
    write(tmp_path / "a.png")
    write(tmp_path / "runs" / "mine.png")
    for place in ("runs/one", "runs/one/seed_1"):
        write(tmp_path / place / "samples" / "step_00000000.png")
        for name in ("config.json", "environment.json"):
            (tmp_path / place / name).write_text("{}")
    monkeypatch.setenv("HOME", str(tmp_path.parent))
    found = folder.files(config(f"~/{tmp_path.name}"))
    assert found == [tmp_path / "a.png", tmp_path / "runs" / "mine.png"]


def test_no_path_says_so():
    with pytest.raises(UserError, match="add --set=data"):
        data.resolve(Data(source="folder"))


def test_the_cache_is_used_and_follows_the_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_JAX_CACHE_DIR", str(tmp_path / "cache"))
    write(tmp_path / "x" / "a.png")
    first = data.load(config(tmp_path / "x"))
    with monkeypatch.context() as patch:
        patch.setattr(folder, "fit", None)  # reading a picture again would fail
        again = data.load(config(tmp_path / "x"))
    np.testing.assert_array_equal(first.train.images, again.train.images)
    assert first.fingerprint == again.fingerprint
    assert first.report == again.report

    write(tmp_path / "x" / "b.png", (0, 255, 0))
    more = data.load(config(tmp_path / "x"))
    assert len(more.train.images) == 2

    write(tmp_path / "x" / "b.png", (0, 0, 255))  # rewritten in place
    os.utime(tmp_path / "x" / "b.png", ns=(time.time_ns(), time.time_ns() + 10**9))
    changed = data.load(config(tmp_path / "x"))
    np.testing.assert_array_equal(changed.train.images[1, 0, 0], [0, 0, 255])
    assert changed.fingerprint != more.fingerprint

    (tmp_path / "x" / "b.png").unlink()
    assert len(data.load(config(tmp_path / "x")).train.images) == 1
    assert data.load(config(tmp_path / "x", crop=(4, 4))).train.images.shape[0] == 1


def test_a_damaged_cache_is_made_anew(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_JAX_CACHE_DIR", str(tmp_path / "cache"))
    write(tmp_path / "x" / "a.png")
    first = data.load(config(tmp_path / "x"))
    (stored,) = (tmp_path / "cache").rglob("train_images.npy")
    stored.write_bytes(stored.read_bytes()[:100])
    np.testing.assert_array_equal(
        data.load(config(tmp_path / "x")).train.images, first.train.images
    )


def test_a_cache_that_cannot_be_written_is_no_failure(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GAN_JAX_CACHE_DIR", str(tmp_path / "file"))
    write(tmp_path / "x" / "a.png")
    assert len(data.load(config(tmp_path / "x")).train.images) == 1
    assert "could not be cached" in capsys.readouterr().err


@pytest.mark.skipif(not (TEST_DATA / "roses").is_dir(), reason="needs the roses of the test data")
def test_the_roses():
    made = folder.load(Data(source="folder", path=str(TEST_DATA / "roses"), height=64, width=64))
    assert made.train.images.shape == (67, 64, 64, 3)
    assert "Skipped" not in " ".join(made.report)
