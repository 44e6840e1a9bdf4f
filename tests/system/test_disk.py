"""Files are written whole, never through a link, and read only where they are files."""

import errno
import json
import os
import shutil
import threading

import pytest

from gan_jax.errors import UserError
from gan_jax.system import disk, user_cache


def test_a_file_is_there_whole_or_as_it_was(tmp_path):
    disk.write_whole(tmp_path / "a", b"first")
    with pytest.raises(ZeroDivisionError), disk.whole(tmp_path / "a") as file:
        file.write(b"half of the second")
        raise ZeroDivisionError
    assert (tmp_path / "a").read_bytes() == b"first"
    disk.write_whole(tmp_path / "a", b"second")
    assert (tmp_path / "a").read_bytes() == b"second"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_link_is_replaced_and_what_it_leads_to_stays(tmp_path):
    mine = tmp_path / "authorized_keys"
    mine.write_text("mine")
    run = tmp_path / "run"
    run.mkdir()
    for name in ("report.html", ".report.html.partial"):
        (run / name).symlink_to(mine)
    disk.write_whole(run / "report.html", b"theirs")
    assert not (run / "report.html").is_symlink()
    (run / ".lock").symlink_to(mine)
    with pytest.raises(OSError, match="symbolic"):
        disk.open_own(run / ".lock", os.O_RDWR)
    (run / "generated").symlink_to(tmp_path)
    with pytest.raises(UserError, match="generated is not a folder of its own but a link"):
        disk.folder(run, "generated", "step_1")
    assert mine.read_text() == "mine"
    disk.sweep(run)
    assert mine.read_text() == "mine"
    assert not (run / ".report.html.partial").is_symlink()


def test_a_folder_is_made_below_a_root_that_may_be_a_link(tmp_path):
    (tmp_path / "scratch").mkdir()
    (tmp_path / "runs").symlink_to(tmp_path / "scratch")
    assert disk.folder(tmp_path / "runs" / "a", "b", "c").is_dir()
    assert (tmp_path / "scratch" / "a" / "b" / "c").is_dir()


def test_only_regular_files_of_bounded_size_are_read(tmp_path):
    (tmp_path / "file").write_bytes(b"123")
    assert disk.read(tmp_path / "file") == b"123"
    with pytest.raises(OSError, match="more than 2 bytes"):
        disk.read(tmp_path / "file", most_bytes=2)
    (tmp_path / "link").symlink_to(tmp_path / "file")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="symbolic"):
        disk.read(tmp_path / "link")
    for place in (tmp_path / "pipe", "/dev/zero"):
        found = []

        def reads(place=place, found=found):
            with pytest.raises(OSError, match="no regular file"):
                disk.read(place)
            found.append(place)

        thread = threading.Thread(target=reads, daemon=True)
        thread.start()
        thread.join(5)
        assert found == [place]  # a pipe without a writer would be waited for


@pytest.mark.parametrize(
    ("error", "elsewhere", "sentence"),
    [
        (OSError(errno.ENOSPC, "no"), "--workdir", "same command again, which resumes"),
        (OSError(errno.ENOSPC, "no"), "--output", "free some, or give another --output"),
        (ValueError("x: No space left on device [y]"), "--workdir", "There is no space left"),
        (OSError(errno.EACCES, "no", "a/b"), "--output", "^a/b cannot be written to; give another"),
        (ValueError("open: Permission denied"), "--workdir", "^here cannot be written to; give"),
        (OSError(errno.EROFS, "no"), "--workdir", "cannot be written to"),
        (FileExistsError(errno.EEXIST, "no", "f"), "--output", "^f is a file; give another --out"),
        (OSError(errno.ENAMETOOLONG, "no", "n" * 99), "--workdir", "^The name n{60}... is too lon"),
    ],
)
def test_a_failure_to_write_is_a_sentence(tmp_path, error, elsewhere, sentence):
    from pathlib import Path

    with pytest.raises(UserError, match=sentence), disk.explained(Path("here"), elsewhere):
        raise error


def test_other_failures_stay_what_they_are(tmp_path):
    with pytest.raises(KeyError), disk.explained(tmp_path, "--workdir"):
        raise KeyError("x")


def test_what_is_not_finite_is_null_in_json():
    text = disk.to_json({"a": float("nan"), "b": [1, -float("inf"), {"c": 2.5}], "d": (True, None)})
    assert json.loads(text) == {"a": None, "b": [1, None, {"c": 2.5}], "d": [True, None]}
    assert "NaN" not in text


def test_files_that_vanish_while_they_are_listed_are_passed_over(tmp_path, monkeypatch):
    """Another process that shares a cache removes what it has finished with."""
    for name in ("kept/a", "gone/b", "kept/c"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(bytes(1_500_000))
    walk = os.walk

    def walk_beside_another(folder):
        for place in walk(folder):
            shutil.rmtree(tmp_path / "gone", ignore_errors=True)
            (tmp_path / "kept" / "c").unlink(missing_ok=True)
            yield place

    monkeypatch.setattr(os, "walk", walk_beside_another)
    assert list(disk.files(tmp_path)) == [tmp_path / "kept" / "a"]
    assert user_cache.megabytes(tmp_path) == 2
    assert list(disk.files(tmp_path / "gone")) == []
