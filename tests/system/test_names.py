import os

import pytest

from gan_jax.errors import UserError
from gan_jax.system import names


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("plain ä name.png", "plain ä name.png"),
        (os.fsdecode(b"gr\xfcn"), "gr\\xfcn"),
        ("a\nb\x1b[31m", "a\\nb\\x1b[31m"),
        ("gpj.\u202efoto", "gpj.\\u202efoto"),  # which turns the direction of writing
        ("\ud800", "\\ud800"),  # in no name of a file, but in JSON
    ],
)
def test_any_name_is_one_line_of_text(name, text):
    assert names.printable(name) == text
    assert text.encode()


def test_names_are_sorted_as_people_count():
    long = "9" * 5_000  # which Python reads as no int
    given = ["10", long, "9", "b2", "b10", "a", "1", "b", "0"]
    assert sorted(given, key=names.natural) == ["0", "1", "9", "10", long, "a", "b", "b2", "b10"]


def test_a_place_means_the_same_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/me")
    assert names.absolute("a/../b") == str(tmp_path / "b")
    assert names.absolute("~/b") == "/home/me/b"
    with pytest.raises(UserError, match="nobody/b is in a home folder, and this user has none"):
        names.absolute("~zzz_nobody/b")
