"""The CSV file of a study's runs."""

import csv
import math

import pytest
from made_rows import row

from gan_jax.errors import UserError
from gan_jax.studies import rows

VALUES = {
    "disc_optimizer.learning_rate": 0.1 + 0.2,
    "least": 5e-324,
    "steps_of_d": 5,
    "big": 2**70,
    "bn": True,
    "clip": None,
    "widths": (1, (2.0, "x")),
    "name": 'He said "1,5"\r\nand ü\n',
    "looks like a number": "1e-3",
    "looks like a value": "null",
    "empty": "",
}


def test_rows_are_read_exactly_as_they_were_written(tmp_path):
    written = [
        row("WGAN", 1 / 3, values=VALUES, why="line 1\nline 2, and a comma"),
        row("7", None, seed=2**40, values={"clip": 1.0}),
        row("ns\udcff", -0.0, metric="kd/a.b", values={}, protocol=""),
    ]
    rows.write(tmp_path / "rows.csv", written)
    found = rows.read(tmp_path / "rows.csv")
    assert found == written
    for one, other in zip(written, found, strict=True):
        assert [type(v) for v in one.values.values()] == [type(v) for v in other.values.values()]
    assert math.copysign(1, found[2].scores["kd/a.b"]) == -1


def test_scores_that_are_not_finite_stay_so(tmp_path):
    rows.write(tmp_path / "rows.csv", [row("a", math.nan), row("b", math.inf)])
    first, second = rows.read(tmp_path / "rows.csv")
    assert math.isnan(first.scores["fd"]) and second.scores == {"fd": math.inf}


def test_a_spreadsheet_sees_plain_columns(tmp_path):
    rows.write(tmp_path / "rows.csv", [row("WGAN", 6.5, values={"norm": "batch", "rate": 1e-4})])
    with (tmp_path / "rows.csv").open(newline="") as file:
        (line,) = csv.DictReader(file)
    assert (line["arm"], line["values.norm"], line["values.rate"]) == ("WGAN", "batch", "0.0001")
    assert line["scores.fd"] == "6.5"


def test_no_rows_are_a_file_too(tmp_path):
    rows.write(tmp_path / "rows.csv", [])
    assert rows.read(tmp_path / "rows.csv") == []


@pytest.mark.parametrize(
    "old, new, sentence",
    [
        ("arm,", "arms,", "line 1: the columns are not arm"),
        (",final,", ",final,,", "line 2"),
        (",0,final", ",0.5,final", "line 2: seed is '0.5', not of type int"),
        (",6.5", ",high", "line 2: the score 'fd' is not a number"),
        ("WGAN,", '"WGAN,', "line 2"),
    ],
)
def test_a_damaged_file_gets_a_sentence_with_its_line(tmp_path, old, new, sentence):
    path = tmp_path / "rows.csv"
    rows.write(path, [row("WGAN", 6.5)])
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(UserError, match=sentence):
        rows.read(path)
    with pytest.raises(UserError, match="run the study first"):
        rows.read(tmp_path / "none.csv")
