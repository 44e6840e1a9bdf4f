"""What a report says of a run that makes pictures from pictures."""

import pytest
from conftest import tiny_config
from made_run import Page, write_run

from gan_jax import data, report
from gan_jax.config import override
from gan_jax.data.conditions import Given
from gan_jax.evaluation import pairs
from gan_jax.run import directory

ROWS = {
    "step 30": {"psnr": 21.708, "l1_kept": 3.5},
    "source": {"psnr": 19.25, "l1_changed": 80.0, "l1_kept": 0.0},
}


@pytest.fixture
def workdir(tmp_path):
    write_run(tmp_path, tiny_config())
    return tmp_path


def said(workdir, **changes):
    config = override(tiny_config(), changes)
    directory.record(workdir, config, data.load(tiny_config().data))
    return " ".join(Page(report.run(workdir)).text.split())


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        ("blurred", "the source, a blurred copy of the target; what was made of it; the target. "),
        ("other_class", "a picture of another class; what was made of it; the target, where it is"),
        ("none", "The same latents at every step."),
    ],
)
def test_what_stands_where_in_a_sample_is_said(workdir, condition, words):
    text = said(workdir, **{"condition.name": condition})
    assert words in text
    assert ("The same latents" in text) == (condition == "none")
    assert ("where it is known" in text) == (condition == "other_class")


def test_every_condition_has_words_of_its_own():
    words = [given.words for name, given in Given.choices.items() if name != "none"]
    assert len(set(words)) == len(words) and Given.words not in words


def test_the_scores_by_pairs_are_a_table(workdir):
    pairs.write(workdir, 1_000, ROWS)
    assert pairs.read(workdir) == (1_000, ROWS)
    text = said(workdir)
    assert "1,000 pairspsnrl1_keptl1_changedstep 3021.713.5source19.25080" in text
    assert pairs.CAPTION in text


@pytest.mark.parametrize("content", ["", "[1]", '{"pairs": "x", "scores": {}}', '{"scores": [3]}'])
def test_damaged_scores_by_pairs_are_left_out(workdir, content):
    pairs.write(workdir, 1_000, ROWS)
    (workdir / "evaluation" / "pairs.json").write_text(content)
    assert pairs.read(workdir) == (0, {})
    assert "Scores by pairs" not in said(workdir)


def test_what_is_no_number_is_no_score(workdir):
    pairs.write(workdir, 2, {"<b>": {"psnr": float("nan"), "l1": 2.5}})
    assert pairs.read(workdir) == (2, {"<b>": {"l1": 2.5}})
    assert "<b>2.5" in said(workdir)
