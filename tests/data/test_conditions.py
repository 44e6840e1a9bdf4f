"""Source pictures that are made of the examples."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from conftest import tiny_config
from PIL import Image, ImageFilter

from gan_jax.config import override, stated
from gan_jax.data.conditions import Blurred, Edges, Given, Gray, Masked, Small
from gan_jax.data.kinds import Picture, Points
from gan_jax.errors import UserError
from gan_jax.method import Example

STORED = np.random.default_rng(0).integers(0, 256, (2, 16, 24, 3), np.uint8)
KIND = Picture(16, 24, 3)


def derived(given, stored=STORED):
    """As it would be stored."""
    x = given.picture(Example(KIND.to_model(stored)))
    return np.asarray(KIND.from_model(x)).astype(int)


def test_gray_is_pillows():
    expected = [np.asarray(Image.fromarray(image).convert("L"))[..., None] for image in STORED]
    np.testing.assert_allclose(derived(Gray()), expected, atol=1)


@pytest.mark.parametrize("factor", [2, 4])
def test_small_is_pillows_bicubic(factor):
    size = 24 // factor, 16 // factor
    bicubic = Image.Resampling.BICUBIC
    expected = [np.asarray(Image.fromarray(image).resize(size, bicubic)) for image in STORED]
    np.testing.assert_allclose(derived(Small(factor)), expected, atol=1)


def test_the_middle_of_a_masked_picture_is_white():
    found = derived(Masked())
    assert (found[:, 4:12, 6:18] == 255).all()
    found[:, 4:12, 6:18] = STORED[:, 4:12, 6:18]
    np.testing.assert_array_equal(found, STORED)


def test_edges_are_dark_where_there_is_a_step_alone():
    stored = np.zeros((1, 8, 8, 3), np.uint8)
    stored[:, :, 4:] = 255
    expected = np.full((1, 8, 8, 1), 255)
    expected[:, :, 3:5] = 0  # |(4, 0)| * 2 / 4 below white
    np.testing.assert_array_equal(derived(Edges(), stored), expected)
    np.testing.assert_array_equal(derived(Edges(), stored.swapaxes(1, 2)), expected.swapaxes(1, 2))


def test_blur_has_its_deviation_and_leaves_a_plain_picture():
    given = Blurred(1.5)
    plain = np.full_like(STORED, 77)
    np.testing.assert_array_equal(derived(given, plain), plain)
    dot = np.zeros((1, 33, 33, 1), np.float32)
    dot[:, 16, 16] = 1
    clipped = np.asarray(given.derived(jnp.asarray(dot) - 1)[0, 16, :, 0] + 1)
    assert clipped[16] == pytest.approx(1 / (2 * np.pi * 1.5**2), abs=1 / 127.5)
    image = Image.fromarray(STORED[0]).filter(ImageFilter.GaussianBlur(1.5))
    found = derived(given)[0]
    inside = (slice(5, -5), slice(5, -5))
    assert np.abs(found[inside] - np.asarray(image)[inside].astype(int)).mean() < 4  # Pillow's is
    # three box filters


def test_noise_on_what_is_blurred_is_normal_and_by_its_deviation():
    """On mid-gray, which a blur leaves as it is; the edges of the range are 5 deviations away."""
    gray = np.full((1, 96, 96, 1), 0.0, np.float32)
    noise = np.asarray(Blurred(1.0, noise=0.2).derived(gray)) - np.asarray(
        Blurred(1.0).derived(gray)
    )
    assert noise.mean() == pytest.approx(0, abs=0.01)
    assert noise.std() == pytest.approx(0.2, rel=0.03)
    assert np.abs(noise).max() > 0.6


def test_the_noise_of_a_picture_is_its_own_in_any_batch_and_program():
    given, x = Blurred(1.0, noise=0.2), KIND.to_model(STORED)
    both, turned = np.asarray(given.derived(x)), np.asarray(given.derived(x[::-1]))
    np.testing.assert_array_equal(both, turned[::-1])
    np.testing.assert_array_equal(both[1:], given.derived(x[1:]))
    np.testing.assert_allclose(both, jax.jit(given.derived)(x), atol=1.01 / 127.5)
    plain = np.asarray(Blurred(1.0).derived(x))
    middle = (np.abs(plain) < 0.3).all(axis=0)  # where nothing is clipped
    noises = [(one - other)[middle] for one, other in zip(both, plain, strict=True)]
    assert abs(np.corrcoef(noises)[0, 1]) < 0.2
    one = STORED.copy()
    one[0, 0, 0, 0] ^= 1  # a level more or less
    other = np.asarray(given.derived(KIND.to_model(one)))[0] - plain[0]
    assert abs(np.corrcoef(noises[0], other[middle])[0, 1]) < 0.2


def test_without_noise_a_blurred_picture_is_what_it_was():
    config = override(tiny_config(), {"condition.name": "blurred"})
    assert "condition.noise" not in stated(config)
    with pytest.raises(UserError, match="must be at least 0"):
        override(config, {"condition.noise": -0.1})


def test_a_picture_that_the_data_have_is_taken():
    source = jnp.ones((2, 4, 6, 3))
    examples = Example(KIND.to_model(STORED), source=source)
    for name in ("stored", "small"):
        assert Given.choices[name]().picture(examples) is source
    assert Given.choices["none"]().picture(examples) is None


def test_sizes_and_kinds_that_will_not_do():
    with pytest.raises(UserError, match="factor=8 does not divide"):
        Small(8).check(Picture(28, 32, 3))
    with pytest.raises(UserError, match="gray is made of coloured pictures"):
        Gray().check(Picture(28, 28, 1))
    with pytest.raises(UserError, match=r"masked is made of pictures, and these .* \(2,\)"):
        Masked().check(Points())
