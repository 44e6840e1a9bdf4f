"""Protocols, records on disk and tables."""

import dataclasses
import json
import math

import numpy as np
import pytest

from gan_jax.errors import UserError
from gan_jax.evaluation import protocol, records, tables
from gan_jax.evaluation.protocol import Protocol
from gan_jax.evaluation.records import FLOOR, SAMPLES, Record
from gan_jax.metrics.scores import Score

ONE = Protocol(
    **{"features": "patches-3f09c1aa", "dims": 512, "data": "tfds cifar10 (automobile)"},
    **{"fingerprint": "7c1d", "images": "32x32x3", "real": "train, odd half", "num_real": 2500},
    **{"num_fake": 10_000, "latents": "seed 0", "classes": "no classes", "weights": "averaged"},
    metrics="[]",
)


def record(step, kd, of=SAMPLES, how=ONE, error=0.5):
    scores = {"kd": Score(kd, error), "recall": Score(step / 100)}
    return Record(how, of, step, scores, {"seconds": 1.5})


def test_a_score_is_named_by_its_protocol():
    assert ONE.score("fd") == "fd/patches-3f09c1aa/2500train-odd-half/10000/averaged"
    for words in ("d512", "cifar10 (automobile), 2500 train, odd half", "7c1d", "seed 0", "v1"):
        assert words in ONE.line()


@pytest.mark.parametrize("field", [field.name for field in dataclasses.fields(Protocol)])
def test_whatever_differs_makes_another_protocol(field):
    value = getattr(ONE, field)
    other = dataclasses.replace(ONE, **{field: value + 1 if isinstance(value, int) else "other"})
    assert other.digest != ONE.digest
    with pytest.raises(UserError, match=f"not comparable.*{field}: "):
        protocol.check_same([ONE, other])
    protocol.check_same([ONE, dataclasses.replace(ONE)])


def test_records_are_read_as_they_were_written(tmp_path):
    raw = dataclasses.replace(ONE, weights="raw")
    written = [record(0, 0.1, FLOOR), record(10, 3.0), record(20, 2.0), record(10, 5.0, how=raw)]
    for one in written:
        records.append(tmp_path, one)
    found = records.read(tmp_path)
    assert found == {ONE: written[:3], raw: written[3:]}
    again = record(10, 4.0)
    records.append(tmp_path, again)  # the latest of a state counts
    assert records.read(tmp_path)[ONE] == [written[0], again, written[2]]
    records.drop_later(tmp_path, 10)
    assert records.read(tmp_path) == {ONE: [written[0], again], raw: written[3:]}


def test_what_is_no_record_is_passed_over(tmp_path):
    records.append(tmp_path, record(10, 3.0))
    (path,) = tmp_path.glob("evaluation/*/scores.jsonl")
    line = json.loads(path.read_text())
    wrong = [
        *("junk", "[]", "{}", "null", "[[[["),
        json.dumps({**line, "step": "10"}),
        json.dumps({**line, "scores": {"kd": ["high"]}}),
        json.dumps({**line, "scores": {"kd": [1, 2, 3]}}),
        json.dumps({**line, "protocol": {**line["protocol"], "dims": "512"}}),
        json.dumps({**line, "protocol": {"dims": 512}}),
        json.dumps(line)[:-30],
    ]
    path.write_text("\n".join([json.dumps(line), *wrong]))
    assert records.read(tmp_path) == {ONE: [record(10, 3.0)]}


def test_a_table_has_one_protocol_and_each_score_with_its_error():
    head, rows = tables.table([record(0, 0.1, FLOOR), record(1000, 1234.5, error=None)])
    assert head == ["", "kd", "recall"]
    assert rows == [["floor", "0.1 ± 0.5", "0"], ["step 1,000", "1234", "10"]]
    with pytest.raises(UserError, match="weights: averaged and raw"):
        tables.table([record(1, 2), record(1, 2, how=dataclasses.replace(ONE, weights="raw"))])
    with pytest.raises(UserError, match="not comparable"):
        tables.plot([record(1, 2), record(2, 2, how=dataclasses.replace(ONE, dims=1))], None)
    assert tables.shown(None) == tables.shown(Score(math.nan)) == ""


def test_a_table_and_a_plot_are_written_beside_the_scores(tmp_path):
    folder = tables.write(tmp_path, [record(0, 0.1, FLOOR), record(10, 3.0), record(20, 2.0)])
    assert folder == tmp_path / "evaluation" / ONE.folder
    text = (folder / "scores.md").read_text()
    assert text.startswith(ONE.line())
    assert "| step 10 | 3 ± 0.5 | 0.1 |" in text
    assert (folder / "scores.png").read_bytes().startswith(b"\x89PNG")


def test_seeds_are_summed_up_by_their_mean_and_its_interval():
    found = tables.summary([1.0, 2.0, 3.0, 6.0])
    assert (found.mean, found.seeds) == (3.0, 4)
    assert found.deviation == pytest.approx(np.sqrt(14 / 3))
    assert 1.0 <= found.low < 2.0 < 3.9 < found.high <= 6.0
    assert str(tables.summary([2.5])) == "2.5"
    runs = [("a", [record(10, 1.0)]), ("a", [record(10, 3.0)]), ("b", [record(10, 7.0)])]
    head, rows = tables.over_seeds(runs)
    assert head == ["recipe", "step", "seeds", "kd", "recall"]
    assert rows[0][:3] == ["a", "10", "2"] and rows[0][3].startswith("2 ± 1.4 [1, 3]")
    assert rows[1][:4] == ["b", "10", "1", "7"]
    other = dataclasses.replace(ONE, num_fake=1)
    with pytest.raises(UserError, match="num_fake: 10000 and 1"):
        tables.over_seeds([*runs, ("c", [record(10, 1.0, how=other)])])
