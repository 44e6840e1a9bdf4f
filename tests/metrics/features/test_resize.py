import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from gan_jax.errors import UserError
from gan_jax.metrics.features import resize


def test_tf1_bilinear_enlarges_as_computed_by_hand():
    """Rows and columns are read at 0, 1/2, 1 and 3/2; beyond the last stands the last."""
    image = np.array([[0, 100], [200, 40]], np.uint8).reshape(1, 2, 2, 1)
    found = resize.tf1_bilinear(image, 4)
    assert found.shape == (1, 4, 4, 1) and found.dtype == jnp.float32
    expected = [[0, 50, 100, 100], [100, 85, 70, 70], [200, 120, 40, 40], [200, 120, 40, 40]]
    np.testing.assert_array_equal(found[0, :, :, 0], expected)


def test_tf1_bilinear_reduces_without_antialiasing():
    """Columns are read at 0, 1.5, 3 and 4.5, and rows, of which there are few, between."""
    row = np.arange(6, dtype=np.float32) ** 2
    found = resize.tf1_bilinear(np.broadcast_to(row.reshape(1, 1, 6, 1), (1, 3, 6, 2)), 4)
    expected = np.broadcast_to(np.reshape([0, 2.5, 9, 20.5], (1, 1, 4, 1)), (1, 4, 4, 2))
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("size", [5, 13, 40])
def test_bicubic_is_that_of_pillow_in_floats_and_clipped(size):
    images = np.random.default_rng(0).integers(0, 256, (2, 13, 17, 3), np.uint8)
    expected = np.empty((2, size, size, 3), np.float32)
    for number, channel in np.ndindex(2, 3):
        plane = Image.fromarray(images[number, :, :, channel].astype(np.float32))
        plane = plane.resize((size, size), Image.Resampling.BICUBIC)
        expected[number, :, :, channel] = np.asarray(plane)
    assert size == 5 or (expected.min() < -5 and expected.max() > 260)
    found = np.asarray(resize.bicubic(images, size))
    np.testing.assert_allclose(found, np.clip(expected, 0, 255), rtol=0, atol=1e-3)


def test_images_of_the_right_size_stay_as_they_are():
    images = np.arange(2 * 5 * 5 * 3, dtype=np.uint8).reshape(2, 5, 5, 3)
    for function in (resize.tf1_bilinear, resize.bicubic):
        np.testing.assert_array_equal(function(images, 5), images)


def test_gray_is_repeated_and_colour_stays():
    images = np.arange(2 * 2 * 2 * 3, dtype=np.uint8).reshape(2, 2, 2, 3)
    np.testing.assert_array_equal(resize.gray_to_colour(images), images)
    gray = np.asarray(resize.gray_to_colour(images[..., :1]))
    np.testing.assert_array_equal(gray, images[..., [0, 0, 0]])


@pytest.mark.parametrize("channels", [2, 4])
def test_other_channels_are_refused(channels):
    with pytest.raises(UserError, match=f"^Images of {channels} channels have no features"):
        resize.gray_to_colour(np.zeros((1, 2, 2, channels), np.uint8))
