"""The images that the pictures of a run are of, and the names of their classes."""

import json

import pytest
from test_visualize import by_hand

from gan_jax import data
from gan_jax.run import runs
from gan_jax.visualize import NotForThisRun, subject


def test_images_that_changed_since_the_training_are_refused(tmp_path, monkeypatch):
    """As environment.json has it; a seed without one has that of its study."""
    known = data.load(by_hand(tmp_path).config.data)
    study = by_hand(tmp_path / "seed_0", classes=2)
    recorded = {"fingerprint": known.fingerprint, "class_names": ["cat", "dog"]}
    (tmp_path / "environment.json").write_text(json.dumps({"data": recorded}))
    monkeypatch.setattr("gan_jax.data.load", lambda config: known)
    assert subject.dataset(study, "neighbours") is known
    assert runs.class_names(study) == ("cat", "dog")
    recorded["fingerprint"] = "others"
    (tmp_path / "environment.json").write_text(json.dumps({"data": recorded}))
    with pytest.raises(
        NotForThisRun, match=r"neighbours needs .* of digits are others now \(finger"
    ):
        subject.dataset(study, "neighbours")
    (tmp_path / "environment.json").unlink()
    assert subject.dataset(study, "neighbours") is known


def test_without_test_images_those_of_training_are_named(tmp_path):
    known = data.load(by_hand(tmp_path).config.data)
    assert subject.held_out(known) == "test images"
    assert subject.held_out(known._replace(test=known.train)) == "training images"
