import numpy as np
import pytest
from PIL import Image

from gan_jax.data.pictures import fit

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def plain(mode, colour, size=(8, 8)):
    return Image.new(mode, size, colour)


@pytest.mark.parametrize(
    ("picture", "colour"),
    [
        (plain("RGB", RED), RED),
        (plain("L", 128), (128, 128, 128)),
        (plain("1", 1), WHITE),
        (plain("CMYK", (0, 255, 255, 0)), RED),
        (plain("RGBA", (255, 0, 0, 255)), RED),
        (plain("RGBA", (255, 0, 0, 0)), WHITE),  # transparency shows white
        (plain("RGBA", (255, 0, 0, 102)), (255, 153, 153)),  # 40 % red over white
        (plain("LA", (0, 0)), WHITE),
        (plain("RGB", RED).convert("P"), RED),
        (plain("HSV", (0, 255, 255)), RED),
        (plain("YCbCr", (76, 85, 255)), (254, 0, 0)),
        (plain("I;16", 0x8080), (128, 128, 128)),  # 16 bits keep their range
        (plain("I", 0x8080), (128, 128, 128)),
        (plain("I", 200), (200, 200, 200)),  # 8 bits in a wide picture too
        (plain("F", 0.5), (128, 128, 128)),
    ],
    ids=lambda value: value.mode if isinstance(value, Image.Image) else "",
)
def test_any_mode_becomes_rgb(picture, colour):
    image = fit(picture, 8, 8, 3)
    assert image.shape == (8, 8, 3)
    assert image.dtype == np.uint8
    np.testing.assert_allclose(image.reshape(-1, 3), [colour] * 64, atol=1)


def test_four_channels_keep_the_transparency():
    made = fit(Image.new("RGBA", (4, 4), (255, 10, 20, 77)), 2, 2, 4)
    np.testing.assert_array_equal(made[:, :, 3], 77)
    expected = np.broadcast_to([255, 10, 20], (2, 2, 3))  # Pillow resizes what alpha multiplies
    np.testing.assert_allclose(made[:, :, :3], expected, atol=2)
    opaque = fit(Image.new("RGB", (4, 4), (1, 2, 3)), 2, 2, 4)
    np.testing.assert_array_equal(opaque, np.broadcast_to([1, 2, 3, 255], (2, 2, 4)))


def test_a_palettes_transparent_colour_shows_white():
    picture = plain("P", 0)
    picture.putpalette([255, 0, 0])
    picture.info["transparency"] = 0
    assert fit(picture, 4, 4, 3).min() == 255


def test_gray_has_one_channel_and_the_luma_of_its_colour():
    image = fit(plain("RGB", GREEN), 8, 8, 1)
    assert image.shape == (8, 8, 1)
    assert int(image[0, 0, 0]) == 150  # ITU-R 601: 0.587 of 255


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_is_undone(orientation):
    upright = Image.new("RGB", (8, 8), BLUE)
    upright.paste(RED, (0, 0, 4, 4))  # red is at the upper left when upright
    transposes = {
        2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM, 5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90, 7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }  # fmt: skip
    stored = upright.transpose(transposes[orientation]) if orientation > 1 else upright
    stored.getexif()[0x0112] = orientation
    np.testing.assert_array_equal(fit(stored, 8, 8, 3), np.asarray(upright))


@pytest.mark.parametrize("size", [(1, 1), (3, 50), (50, 3), (31, 33), (400, 300)])
@pytest.mark.parametrize("target", [(8, 8), (6, 10)])
def test_any_size_becomes_the_one_asked_for(size, target):
    assert fit(plain("RGB", RED, size), *target, 3).shape == (*target, 3)


def test_the_crop_is_the_largest_of_our_aspect_and_central():
    picture = Image.new("RGB", (30, 10), BLUE)
    picture.paste(RED, (10, 0, 20, 10))  # the middle third, a square
    np.testing.assert_array_equal(fit(picture, 10, 10, 3)[0, 0], RED)
    assert (fit(picture, 10, 10, 3) == RED).all()
    wide = fit(picture, 10, 20, 3)
    assert (wide[:, 5:15] == RED).all()
    assert (wide[:, :5] == BLUE).all()


def test_an_explicit_crop_is_of_that_many_pixels_and_never_stretches():
    picture = Image.new("RGB", (40, 40), BLUE)
    picture.paste(RED, (16, 16, 24, 24))
    assert (fit(picture, 4, 4, 3, crop=(8, 8)) == RED).all()
    assert (fit(picture, 4, 4, 3) == RED).mean() < 0.5
    circle = Image.new("L", (60, 20), 0)
    circle.paste(255, (24, 4, 34, 14))  # a square, and a crop wider than high
    image = fit(circle, 10, 10, 1, crop=(20, 40))[:, :, 0] > 127
    assert image.any(0).sum() == image.any(1).sum() == 5


def test_a_picture_of_the_right_size_is_not_touched():
    pixels = np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8)
    np.testing.assert_array_equal(fit(Image.fromarray(pixels), 8, 8, 3), pixels)


def test_resizing_is_antialiased():
    stripes = np.tile(np.array([[0, 255]], np.uint8), (64, 32))
    image = fit(Image.fromarray(stripes), 8, 8, 1)
    np.testing.assert_allclose(image, 127.5, atol=8)
