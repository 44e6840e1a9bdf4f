"""A study's answer as tables, plots, plain values and a page."""

import json
import math
import re

import pytest
from made_rows import PROTOCOL, row, search, seeds, study
from made_run import Page, decoded, page_data

from gan_jax.errors import UserError
from gan_jax.studies.answers import facts, page, plots, tables, text
from gan_jax.studies.answers.answer import Question, answer, plain
from gan_jax.system import disk

EVIL = "</script><script>alert(1)</script><b x='\"|$\\frac{1}$_\u202e"
QUESTION = Question(
    name="created_equal",
    sentence="Are GANs created equal?",
    metric="fd",
    facts=(facts.is_last("VAE"), facts.beats("WGAN", "NS"), facts.settings_exceed_seeds()),
    reference={"WGAN": 6.7, "NS": 6.8, "VAE": 23.8},
    source="arXiv 1711.10337",
    command="python launch.py --mode=study --study=created_equal",
)


def of(rows, **changes):
    return answer(QUESTION._replace(**changes), rows)


def cells(table, arm):
    return dict(zip(table.head, next(line for line in table.rows if line[0] == arm), strict=True))


def test_an_answer_has_a_line_for_each_arm_the_best_first():
    table = tables.arms(of(study()))
    assert [line[0] for line in table.rows] == ["WGAN", "NS", "VAE"]
    vae = cells(table, "VAE")
    assert (vae["n"], vae["mean ± sd"], vae["median"], vae["best"]) == (
        "8",
        "24 ± 0.43",
        "24",
        "23.4",
    )
    assert (vae["failures"], vae["mean rank"]) == ("0/8", "3")
    assert (vae["published"], vae["setting"]) == ("23.8", "b")
    low, high = map(float, vae["95 % interval"].strip("[]").split(", "))
    assert 23.4 <= low < 24 < high <= 24.6


def test_failed_seeds_are_shown_and_rank_last():
    rows = [*seeds("a", [1.0, None, None, 3.0]), *seeds("b", [5.0, 6.0, 7.0, 8.0])]
    table = tables.arms(of(rows))
    assert cells(table, "a")["failures"] == "2/4" and cells(table, "a")["n"] == "2"
    assert cells(table, "a")["mean rank"] == cells(table, "b")["mean rank"] == "1.5"
    assert cells(table, "a")["95 % interval"] == ""
    three = tables.arms(of([*seeds("a", [1.0, None, None]), *seeds("b", [2.0, 3.0, 4.0])]))
    assert cells(three, "a")["median"] == "failed"


def test_the_reasons_of_failures_are_rows():
    (line,) = tables.failures(study()).rows
    assert line == ["WGAN", "f", "0", "search", "diverged", "100", "not finite"]


def test_more_is_better_for_some_metrics():
    rows = [*seeds("a", [0.9, 0.8, 0.85], metric="recall")]
    rows += seeds("b", [0.5, 0.4, 0.45], metric="recall")
    found = of(rows, metric="recall", facts=(), reference={})
    assert list(found.ranks.items()) == [("a", 1.0), ("b", 2.0)]
    assert cells(tables.arms(found), "a")["best"] == "0.9"
    assert found.comparisons[0].difference == pytest.approx(0.4)
    assert "higher is better" in text.direction(found)


def test_other_metrics_are_of_the_setting_that_the_first_one_chose():
    def both(setting, fd, kd):
        return [
            made._replace(scores={"fd": fd, "kd": kd, "one_nn": 0.7})
            for made in seeds("a", [0.0, 0.0], setting=setting)
        ]

    found = of([*both("x", 1.0, 50.0), *both("y", 2.0, 5.0)], facts=(), reference={})
    assert found.settings == {"a": "x"} and found.is_selected
    assert found.summaries["kd"]["a"].mean == 50.0 and "one_nn" not in found.summaries
    assert "The same seeds chose the reported settings" in tables.arms(found).note
    assert "The same seeds" not in tables.arms(of(study())).note


def test_facts_and_the_agreement_with_the_reference_are_told():
    found = of(study())
    assert [v.state for v in found.verdicts] == ["holds", "not decided", "holds"]
    assert tables.verdicts(found).rows[0] == ["VAE is last.", "holds", "0.0039", ""]
    assert found.agreement == (1.0, 2 / 6, 3)
    assert "arXiv 1711.10337), over 3 arms: 1.00 (p = 0.33)" in text.agreement(found)[0]
    told = text.of_answer(found, study()).split("\n\n")
    assert told[0].replace("\\", "") == found.question.sentence
    assert told[1].startswith("By fd; lower is better.")
    assert told[told.index("## Facts") - 1].startswith("Kendall's tau of the mean ranks")


def test_a_metric_that_some_runs_lack_decides_no_fact():
    rows = [*seeds("a", [1.0 + i for i in range(9)]), *seeds("b", [2.0 + i for i in range(9)])]
    best = (facts.none_is_best_everywhere(),)
    lacking = [r._replace(scores=r.scores | {"kd": 1.0}) if r.arm == "b" else r for r in rows]
    found = of(lacking, facts=best, reference={})
    assert [v.state for v in found.verdicts] == ["does not hold"]
    both = [r._replace(scores=r.scores | {"kd": 1.0 + (r.arm == "a")}) for r in rows]
    assert [v.state for v in of(both, facts=best, reference={}).verdicts] == ["holds"]


def test_an_unfinished_study_says_what_it_cannot_compute():
    rows = [*study()[:-1], study()[-1]._replace(state="running", scores={})]
    found = of(rows)
    assert found.unfinished == 1 and not found.comparisons and found.agreement is None
    (refusal,) = found.refusals
    assert "different seeds (not in both: 8)" in refusal
    html, missing = page.page(found, rows, {}), "1 of the study's runs have not ended yet."
    for said in (refusal.split("(")[0], missing):
        assert said.replace("'", "&#x27;") in html
    assert missing in text.of_answer(found, rows).split("\n\n")
    nothing = of([])
    assert nothing.final == {} and "created_equal" in page.page(nothing, [], {})


def test_tables_refuse_two_protocols_and_metrics_without_a_better_end():
    with pytest.raises(UserError, match="not comparable"):
        of([*study(), row("NS", 1.0, 99, protocol="another")])
    with pytest.raises(UserError, match="'one_nn' is better"):
        of(study(), metric="one_nn")


def test_markdown_keeps_names_as_text():
    rows = [*seeds(EVIL, [1.0, 2.0, 3.0]), *seeds("b\nc", [2.0, 3.0, 4.0])]
    told = text.of_answer(of(rows), rows)
    lines = [line for line in told.splitlines() if line.startswith("| ")]
    assert len({len(re.findall(r"(?<!\\)\|", line)) for line in lines[:4]}) == 1
    assert "<script" not in told.replace("\\<", "") and "b\\\\nc" in told
    assert "## fd" in told and "| --- |" in told


def test_plots_are_the_same_bytes_for_the_same_answer():
    found = plots.of_answer(of(study()), study())
    assert list(of(study()).searched) == list(of(study()).final)  # so that arms keep their colours
    assert list(found) == [
        "Scores of every seed",
        "Expected best of k settings",
        "Scores by settings",
    ]
    assert all(png.startswith(b"\x89PNG") and b"Software" not in png for png in found.values())
    assert found == plots.of_answer(of(study()), study())
    other = [r._replace(scores={"fd": 9.0}) if r == study()[-1] else r for r in study()]
    assert (
        plots.of_answer(of(other), other)["Scores of every seed"] != found["Scores of every seed"]
    )


def test_plots_bear_any_name_and_failures_alone():
    formula = "$\\no_such$"  # would not be drawn as mathematics
    rows = [
        *search(formula, [None, None], {formula: ["_a", formula]}),
        *search("_x", [None, 1.0], {formula: [True, None], "rate": [1e-3, 1.0]}),
        *seeds(formula, [None, None], values={formula: "_a"}),
        *seeds("_x", [1.0, 1.0], values={formula: True, "rate": 1e-3}),
    ]
    assert len(plots.of_answer(of(rows), rows)) == 3


def test_plain_values_are_json_and_sorted():
    found = plain(of(study()))
    text = disk.to_json(found)
    again = json.loads(text)
    assert again["protocol"] == PROTOCOL and again["settings"]["VAE"] == "b"
    assert again["searched"]["WGAN"]["f"] is None and again["searched"]["WGAN"]["a"] == 7.0
    assert again["summaries"]["fd"]["VAE"]["mean"] == pytest.approx(24.0)
    assert again["facts"][0]["state"] == "holds"
    assert again["expected_best"]["NS"]["expected"][-1] == 7.5
    assert text == json.dumps(again, sort_keys=True)
    shuffled = sorted(study(), key=lambda r: (r.stage, -r.seed, r.arm))
    same = plain(of(shuffled))
    for name in ("mean_ranks", "settings", "scores", "searched"):
        assert same[name] == found[name]


def test_the_page_is_one_file_with_everything(tmp_path):
    path = tmp_path / "study.html"
    path.write_text(page.page(of(study()), study(), {"hardware": "2 cores"}))
    shown = Page(path)
    words = " ".join(shown.text.split())
    for told in (
        "Are GANs created equal?",
        f"By fd; lower is better. Protocol: {PROTOCOL}.",
        "Kendall's tau of the mean ranks with the published order",
        "VAE is last. holds 0.0039".replace(" ", ""),
        "not finite",
        "python launch.py --mode=study --study=created_equal",
        "2 cores",
    ):
        assert told in words or told in words.replace(" ", "")
    titles = re.findall(r"<h2 .*?>(.*?)</h2>", path.read_text())
    assert titles[:3] == ["Answer", "Plots", "Facts"] and titles[-2:] == ["Failures", "Commands"]
    links = [link["href"] for link in shown.all("a")]
    assert all(link.startswith("#") for link in links)
    images = shown.all("img")
    assert len(images) == 3
    for image in images:
        height, width, _ = decoded(image["src"]).shape
        assert (str(width), str(height)) == (image["width"], image["height"])
    assert page_data(path) == {"panels": []}
    assert page.page(of(study()), study(), {"hardware": "2 cores"}) == path.read_text()


def test_names_in_a_page_stay_text(tmp_path):
    rows = [
        *search(EVIL, [1.0, None], {EVIL: [EVIL, "y"]}, why=EVIL),
        *seeds(EVIL, [1.0, 2.0, 3.0], values={EVIL: EVIL}),
        *seeds("b", [2.0, 3.0, 5.0], setting=EVIL),
    ]
    rows = [r._replace(protocol=EVIL) for r in rows]
    evil = {"name": EVIL, "sentence": EVIL, "source": EVIL, "command": EVIL}
    found = of(rows, **evil, facts=(facts.is_last(EVIL),), reference={EVIL: 1.0})
    path = tmp_path / "study.html"
    path.write_text(page.page(found, rows, {EVIL: EVIL}))
    shown = Page(path)
    assert len(shown.all("script")) == 2 and not shown.all("b")
    assert "\u202e" not in path.read_text() and "alert(1)" in shown.text


def test_a_study_of_one_setting_and_one_arm_is_told_too():
    rows = seeds("a", [1.0, 2.0])
    found = of(rows, reference={}, facts=())
    assert found.comparisons == [] and found.ranks == {"a": 1.0}
    assert [t.title for t in tables.of_answer(found, rows)] == [
        "fd",
        "Spread over seeds and settings",
        "Settings tried",
    ]
    assert math.isnan(found.spreads.arms)
