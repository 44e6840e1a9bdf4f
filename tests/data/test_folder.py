import os
import re
import time

import numpy as np
import pytest
from conftest import TEST_DATA
from PIL import Image

from gan_jax import data
from gan_jax.data import Folder, folder, room
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
    return Folder(path=str(root), height=16, width=16, **changes)


def test_reads_what_is_readable_and_reports_the_rest(pictures):
    made = folder.load(config(pictures))
    assert made.train.x.shape == (9, 16, 16, 3)
    assert made.train.x.dtype == np.uint8
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
    assert made.test.x is made.train.x


def test_sub_folders_are_classes_when_there_are_some(tmp_path):
    for number, name in enumerate(["cat", "dog", "dog"]):
        write(tmp_path / name / f"{number}.png")
    made = folder.load(config(tmp_path))
    assert made.class_names == ("cat", "dog")
    np.testing.assert_array_equal(made.train.label, [0, 1, 1])
    dogs = folder.load(config(tmp_path, classes=("dog",)))
    assert len(dogs.train.x) == 2
    np.testing.assert_array_equal(dogs.train.label, [0, 0])
    with pytest.raises(UserError, match=r"no sub-folder 'cow'.*cat, dog"):
        folder.load(config(tmp_path, classes=("cow",)))


def test_a_flat_folder_has_no_classes(tmp_path):
    write(tmp_path / "a.png")
    assert folder.load(config(tmp_path)).class_names == ()


def test_the_pattern_chooses_files(pictures):
    assert len(folder.load(config(pictures, pattern="*.png")).train.x) == 4


@pytest.mark.parametrize(
    ("make", "changes", "sentence"),
    [
        (lambda root: None, {}, "There is no folder"),
        (lambda root: root.mkdir(), {}, "no files that match"),
        (lambda root: write(root / "a.png"), {"pattern": "*.jpg"}, "no files that match"),
        (lambda root: (root.mkdir(), (root / "a.txt").write_text("x")), {}, "Nothing is left"),
        (lambda root: write(root / "a.png"), {"crop": (5,)}, "a height and a width"),
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
        data.resolve(Folder())


def test_the_cache_is_used_and_follows_the_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_JAX_CACHE_DIR", str(tmp_path / "cache"))
    write(tmp_path / "x" / "a.png")
    first = data.load(config(tmp_path / "x"))
    with monkeypatch.context() as patch:
        patch.setattr(folder, "fit", None)  # reading a picture again would fail
        again = data.load(config(tmp_path / "x"))
    np.testing.assert_array_equal(first.train.x, again.train.x)
    assert first.fingerprint == again.fingerprint
    assert first.report == again.report

    write(tmp_path / "x" / "b.png", (0, 255, 0))
    more = data.load(config(tmp_path / "x"))
    assert len(more.train.x) == 2

    write(tmp_path / "x" / "b.png", (0, 0, 255))  # rewritten in place
    os.utime(tmp_path / "x" / "b.png", ns=(time.time_ns(), time.time_ns() + 10**9))
    changed = data.load(config(tmp_path / "x"))
    np.testing.assert_array_equal(changed.train.x[1, 0, 0], [0, 0, 255])
    assert changed.fingerprint != more.fingerprint

    (tmp_path / "x" / "b.png").unlink()
    assert len(data.load(config(tmp_path / "x")).train.x) == 1
    assert data.load(config(tmp_path / "x", crop=(4, 4))).train.x.shape[0] == 1


def test_a_damaged_cache_is_made_anew(tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_JAX_CACHE_DIR", str(tmp_path / "cache"))
    write(tmp_path / "x" / "a.png")
    first = data.load(config(tmp_path / "x"))
    (stored,) = (tmp_path / "cache").rglob("train_x.npy")
    stored.write_bytes(stored.read_bytes()[:100])
    np.testing.assert_array_equal(data.load(config(tmp_path / "x")).train.x, first.train.x)


def test_a_cache_that_cannot_be_written_is_no_failure(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GAN_JAX_CACHE_DIR", str(tmp_path / "file"))
    write(tmp_path / "x" / "a.png")
    assert len(data.load(config(tmp_path / "x")).train.x) == 1
    assert "could not be cached" in capsys.readouterr().err


def linked(tmp_path):
    """10 real pictures of birds, linked cats and dogs, and every kind of link that is none."""
    root, store = tmp_path / "data", tmp_path / "store"
    for name, place in (("birds", root), ("cats", store), ("dogs", store)):
        for number in range(3):
            write(place / name / f"{number}.png")
    (root / "cats").symlink_to(store / "cats")
    (root / "dogs").symlink_to(store / "dogs", target_is_directory=True)
    (root / "again").symlink_to(root / "birds")
    (root / "birds" / "up").symlink_to(root)
    (root / "broken").symlink_to(tmp_path / "nowhere")
    (root / "itself").symlink_to(root / "itself")
    os.mkfifo(root / "pipe.png")
    return root


def test_linked_folders_are_read_and_circles_are_not(tmp_path):
    made = folder.load(config(linked(tmp_path)))
    assert made.class_names == ("birds", "cats", "dogs")
    np.testing.assert_array_equal(made.train.label, [0] * 3 + [1] * 3 + [2] * 3)
    (said,) = (line for line in made.report if line.startswith("Passed over"))
    for part in (
        "2 links to folders that are read already (again, birds/up)",
        "2 broken links (broken, itself)",
        "1 no regular files (pipe.png)",
    ):
        assert part in said


def test_what_is_passed_over_is_said_with_its_reason(pictures):
    (pictures / "none").mkdir()
    made = folder.load(config(pictures, pattern="*.jpg"))
    assert "Read 4 pictures" in made.report[0]  # the name that ends in .JPG too
    (said,) = (line for line in made.report if line.startswith("Passed over"))
    assert "6 names that do not match (" in said
    assert "and 3 more)" in said
    assert "1 hidden (.hidden)" in said


def test_several_patterns_and_patterns_of_paths(pictures):
    assert len(folder.files(config(pictures, pattern="*.PNG, *.gif"))) == 5
    assert len(folder.files(config(pictures, pattern="deep/*.png"))) == 4


def test_a_class_without_pictures_is_named(tmp_path):
    for name in ("ant", "cow"):
        write(tmp_path / name / "0.png")
    (tmp_path / "bee").mkdir()
    made = folder.load(config(tmp_path))
    assert made.class_names == ("ant", "cow")
    assert "1 folders without pictures (bee)" in " ".join(made.report)


def test_classes_are_numbered_as_people_count(tmp_path):
    for number in (1, 2, 10):
        for picture in range(number % 3):
            write(tmp_path / str(number) / f"{picture}.png")
    made = folder.load(config(tmp_path))
    assert made.class_names == ("1", "2", "10")
    assert data.classes_report(made) == ["Classes: 0 = 1 (1), 1 = 2 (2), 2 = 10 (1)."]


def test_a_split_that_is_taken_for_a_class_is_said(tmp_path):
    for name in ("train", "val"):
        write(tmp_path / name / "cat" / "0.png")
    _, warning = data.classes_report(folder.load(config(tmp_path)))
    assert warning == (
        "Warning: train, val are taken for classes; if the classes are folders in there, give "
        "--set=data.path=FOLDER/train."
    )


def test_names_of_any_bytes_are_read_and_said_as_text(tmp_path):
    root = os.fsencode(tmp_path)
    for name in (b"gr\xfcn", b"a\nb"):
        os.mkdir(os.path.join(root, name))
        write(tmp_path / "x.png")
        os.rename(tmp_path / "x.png", os.path.join(root, name, b"\xff.png"))
    with open(os.path.join(root, b"notiz\xfc.txt"), "w") as file:
        file.write("x")
    made = data.load(config(tmp_path))
    assert made.class_names == ("a\\nb", "gr\\xfcn")
    assert "notiz\\xfc.txt: not a picture" in " ".join(made.report)
    assert " ".join([*made.report, *data.classes_report(made)]).isprintable()


def test_a_file_in_place_of_a_folder_says_to_unpack_it(tmp_path):
    (tmp_path / "photos.zip").write_bytes(b"PK")
    with pytest.raises(UserError, match=r"photos\.zip is a file; unpack it"):
        data.resolve(config(tmp_path / "photos.zip"))


def test_a_picture_with_too_many_pixels_is_skipped_by_number(tmp_path, monkeypatch, recwarn):
    write(tmp_path / "a.png")
    write(tmp_path / "b.png", size=(30, 40))
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 500)  # Pillow warns of a, refuses b
    made = folder.load(config(tmp_path))
    assert "b.png: larger than 178 megapixels" in " ".join(made.report)
    assert not recwarn.list


def test_no_program_is_started_to_read_a_picture(tmp_path, monkeypatch):
    """Pillow would start Ghostscript on EPS."""
    write(tmp_path / "a.png")
    write(tmp_path / "b.eps")
    monkeypatch.setattr("subprocess.check_call", None)
    made = folder.load(config(tmp_path))
    assert "b.eps: not a picture" in " ".join(made.report)


@pytest.mark.parametrize("most", [0, 1 << 20])
def test_pictures_too_many_for_memory_are_decoded_to_the_disk(pictures, most, monkeypatch):
    monkeypatch.setattr(room, "MEMORY_BYTES", most)
    made = folder.load(config(pictures))
    whole = made.train.x if made.train.x.base is None else made.train.x.base
    assert isinstance(made.train.x, np.memmap) == (most == 0), type(whole)
    assert made.train.x.shape == (9, 16, 16, 3)


def test_the_cache_keeps_the_newest_of_a_folder_and_tells_its_size(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GAN_JAX_CACHE_DIR", str(tmp_path / "cache"))
    for number in range(3):
        write(tmp_path / "x" / f"{number}.png")
        assert len(data.load(config(tmp_path / "x")).train.x) == number + 1
        assert len(list((tmp_path / "cache" / "data").iterdir())) == 1
    assert re.search(r"Cached the decoded data, 1 MB of 1 MB in .*cache", capsys.readouterr().err)
    data.load(config(tmp_path / "x", crop=(4, 4)))
    write(tmp_path / "y" / "a.png")
    data.load(config(tmp_path / "y"))
    assert len(list((tmp_path / "cache" / "data").iterdir())) == 3  # other pictures, other shapes


@pytest.mark.skipif(not (TEST_DATA / "roses").is_dir(), reason="needs the roses of the test data")
def test_the_roses():
    made = folder.load(Folder(path=str(TEST_DATA / "roses"), height=64, width=64))
    assert made.train.x.shape == (67, 64, 64, 3)
    assert "Skipped" not in " ".join(made.report)
