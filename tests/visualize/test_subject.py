"""The images that the pictures of a run are of, and the names of their classes."""

import json

import jax.numpy as jnp
import numpy as np
import pytest
from test_visualize import by_hand

from gan_jax import data
from gan_jax.method import Example, Inputs
from gan_jax.run import runs
from gan_jax.visualize import NotForThisRun, Options, subject


def test_images_that_changed_since_the_training_are_refused(tmp_path, monkeypatch):
    """As environment.json has it; a seed without one has that of the whole run."""
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


def test_the_condition_of_samples_goes_along_with_latents_of_ones_own():
    """A condition of any shape, such as a class and a picture."""
    pictures = jnp.arange(12.0).reshape(2, 2, 3, 1)
    inputs = Inputs(jnp.zeros((2, 4)), {"class": jnp.array([5, 7]), "picture": pictures})
    made = subject.spread(inputs, jnp.ones((2, 3, 4)))
    assert made.latents.shape == (2, 3, 4)
    np.testing.assert_array_equal(made.condition["class"], [[5, 5, 5], [7, 7, 7]])
    assert made.condition["picture"].shape == (2, 3, 2, 3, 1)
    for way in range(3):
        np.testing.assert_array_equal(made.condition["picture"][:, way], pictures)
    alone = subject.spread(Inputs(jnp.zeros((1, 4)), jnp.array([5])), jnp.ones((6, 2, 4)))
    assert (alone.condition == 5).all()
    assert alone.condition.shape == (6, 2)


@pytest.mark.parametrize("classes", [0, 3])
def test_the_method_makes_the_condition_of_examples(tmp_path, classes):
    run = by_hand(tmp_path, classes=classes)
    z, examples = np.ones((2, 12)), Example(None, np.array([2, 0]))
    inputs = subject.conditioned(run, z, examples)
    assert inputs.latents is z
    numbered = subject.numbered(run, Options(), [4, 8])
    if classes:
        assert inputs.condition.tolist() == [2, 0]
        assert numbered.condition.tolist() == [1, 2]  # classes go round by sample number
    else:
        assert inputs.condition is numbered.condition is None
