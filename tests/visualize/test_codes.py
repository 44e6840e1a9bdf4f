"""The pictures of a run with structured latents."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from test_visualize import by_hand

from gan_jax.networks.latents import Uniform
from gan_jax.visualize import PICTURES, Options, subject
from gan_jax.visualize.codes import codes, through
from gan_jax.visualize.interpolate import ways

CODED = Uniform(5, categories=(3,), continuous=2)


def test_one_code_goes_through_its_values_and_nothing_else_moves():
    z = jax.random.normal(jax.random.key(0), (2, 10))
    moved = through(z, 5, jnp.eye(3))
    assert moved.shape == (2, 3, 10)
    np.testing.assert_array_equal(moved[1, :, 5:8], np.eye(3))
    np.testing.assert_array_equal(moved[1, 2, :5], z[1, :5])
    np.testing.assert_array_equal(moved[0, 1, 8:], z[0, 8:])


def test_each_code_has_a_picture_of_its_own(tmp_path, monkeypatch):
    asked, images = [], subject.images

    def noted(run, inputs):
        asked.append(np.asarray(inputs.latents))
        return images(run, inputs)

    monkeypatch.setattr(subject, "images", noted)
    written = codes(by_hand(tmp_path, latents=CODED), Options(), tmp_path)
    names = ["sweep_categorical_code_0", "sweep_continuous_code_0", "sweep_continuous_code_1"]
    assert [path.stem for path in written] == names
    categorical, first, second = asked
    assert categorical.shape == (5, 3, 10)
    assert (categorical[:, :, 5:8] == np.eye(3)).all()
    np.testing.assert_allclose(first[0, :, 8], np.linspace(-1, 1, 9), atol=1e-6)
    np.testing.assert_allclose(second[3, :, 9], np.linspace(-1, 1, 9), atol=1e-6)
    assert (second[3, :, 8] == second[3, 0, 8]).all()


def test_a_run_without_codes_has_none(tmp_path):
    assert codes(by_hand(tmp_path), Options(), tmp_path) == []


def test_codes_go_straight_where_the_noise_goes_along_the_arc():
    a, b = jnp.full((1, 10), -0.5), jnp.full((1, 10), 0.5).at[:, 0].set(-0.5)
    straight, arc = ways(CODED, a, b, jnp.linspace(0, 1, 5))
    np.testing.assert_allclose(straight[0, :, 9], np.linspace(-0.5, 0.5, 5), atol=1e-6)
    np.testing.assert_array_equal(arc[0, :, 5:], straight[0, :, 5:])
    assert float(jnp.abs(arc[0, 2, 0] - straight[0, 2, 0])) > 0.1


@pytest.mark.parametrize("what", ["sweep", "arithmetic"])
def test_pictures_of_the_noise_take_latents_with_codes(what, tmp_path):
    assert PICTURES[what].draw(by_hand(tmp_path, latents=CODED), Options(), tmp_path)
