"""Pictures from pictures, of a run whose G gives back what it was given."""

import dataclasses

import numpy as np
import pytest
from test_visualize import by_hand, draw

from gan_jax.data.conditions import Masked, OtherClass
from gan_jax.method import LabelledSource
from gan_jax.methods import conditioning
from gan_jax.networks import Normal
from gan_jax.run import runs
from gan_jax.visualize import NotForThisRun, subject


def giving_back(tmp_path, classes=0, latents=0):
    """The middle of its pictures stays white."""

    def sample(state, inputs, averaged):
        given = inputs.condition
        return {"image": given.source if isinstance(given, LabelledSource) else given}

    run, given = by_hand(tmp_path, classes=classes, latents=Normal(latents)), Masked(0.5)
    config = dataclasses.replace(run.config, condition=given)
    inputs = conditioning.inputs_of(config, conditioning.condition_of(config, given))
    return run._replace(config=config, method=run.method._replace(inputs=inputs, sample=sample))


@pytest.fixture
def drawn(monkeypatch):
    sheets = []

    def noted(panels, title, note=""):
        sheets.append((panels, note))
        return np.zeros((1, 1, 1), np.uint8)

    monkeypatch.setattr("gan_jax.visualize.panels.sheet", noted)
    return sheets


def test_a_row_has_source_made_target_and_error(tmp_path, drawn):
    run = giving_back(tmp_path)
    draw("translate", run, tmp_path, num_samples=5)
    (left, right), note = drawn[0]
    assert list(left.columns) == ["source", "made", "target", "error"]
    assert [*left.rows, *right.rows] == ["0", "1", "2", "3", "4"]
    table = np.concatenate([left.images, right.images])
    test, values = subject.dataset(run, "").test.x, []
    for source, made, target, error in table:
        assert (test == target).all((1, 2, 3)).any()
        hole = target.copy()
        hole[2:6, 2:6] = 255
        np.testing.assert_array_equal(source, hole)
        np.testing.assert_array_equal(made, hole)
        np.testing.assert_array_equal(error[2:6, 2:6], 255 - target[2:6, 2:6])
        assert error.sum() == error[2:6, 2:6].sum()
        values.append(10 * np.log10(255**2 / (error[2:6, 2:6].astype(float) ** 2).mean()))
    said = [text for text in (*left.captions, *right.captions) if text]
    assert said == [f"{value:.1f} dB" for value in values]  # of the part that was asked for
    assert f"{np.mean(values):.2f} dB in the mean" in note


def test_where_a_class_is_asked_for_there_is_no_target(tmp_path, drawn):
    run = giving_back(tmp_path, classes=10, latents=12)
    draw("translate", run, tmp_path, num_samples=1)
    ((only,), _) = drawn[0]
    assert list(only.columns) == ["source", "made"]
    assert only.images.shape == (1, 2, 8, 8, 1)


def test_runs_of_latents_have_no_translations(tmp_path):
    with pytest.raises(NotForThisRun, match=r"translate is of runs that make .* choose samples"):
        draw("translate", by_hand(tmp_path), tmp_path)


def test_the_same_pictures_of_another_class_are_targets(tmp_path, drawn, monkeypatch):
    run = giving_back(tmp_path, classes=2)
    config = dataclasses.replace(run.config, condition=OtherClass())
    method = run.method._replace(
        inputs=conditioning.inputs_of(config, conditioning.condition_of(config, OtherClass()))
    )
    test = subject.dataset(run, "").test
    test = test._replace(label=np.arange(len(test.x), dtype=np.int32) % 2, source=255 - test.x)
    known = runs.Requests(config, pictures=test)
    monkeypatch.setattr(runs, "requests", lambda run, classes: known)
    draw("translate", run._replace(config=config, method=method), tmp_path, num_samples=4)
    for panel in drawn[0][0]:
        assert list(panel.columns) == ["source", "made", "target", "error"]
        for source, made, target, _ in panel.images:
            np.testing.assert_array_equal(source, 255 - target)
            np.testing.assert_array_equal(made, source)
