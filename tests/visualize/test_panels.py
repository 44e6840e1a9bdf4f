import numpy as np
import pytest
from PIL import Image

from gan_jax.visualize import panels
from gan_jax.visualize.panels import Panel


def places(sheet, tile):
    """Where a tile [h, w, c] stands in a sheet, pixel for pixel."""
    windows = np.lib.stride_tricks.sliding_window_view(sheet, tile.shape)[:, :, 0]
    return np.argwhere((windows == tile).all(axis=(2, 3, 4))).tolist()


@pytest.mark.parametrize("channels", [1, 3])
def test_each_image_stands_once_whole_and_in_its_row(channels):
    images = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 5, channels), np.uint8)
    panel = Panel(images, "A panel", rows="ab", columns="xyz", captions="123456", breaks=(1,))
    sheet = panels.sheet([panel, Panel(images[:1], sign="+")], "Title", "A note.", scale=2)
    assert sheet.shape[-1] == channels
    enlarged = images.repeat(2, axis=2).repeat(2, axis=3)
    found = [[places(sheet, tile) for tile in row] for row in enlarged]
    assert [len(at) for at in found[0]] == [2, 2, 2]  # in both panels
    assert [len(at) for at in found[1]] == [1, 1, 1]
    (top, left), _ = sorted(found[0][0], key=lambda at: at[1])
    assert found[0][1][0][1] - left == 2 * 5 + panels.LINE
    assert found[1][0][0][1] == left
    assert found[1][0][0][0] - top > 2 * 4 + panels.LINE + panels.BREAK
    assert (sheet[:, :5] == 255).all()  # a margin
    assert sheet.min() < 50  # the text


def test_images_are_enlarged_as_far_as_they_fit():
    small, large = np.zeros((1, 1, 28, 28, 1), np.uint8), np.zeros((1, 1, 300, 200, 3), np.uint8)
    assert panels.sheet([Panel(small)], "").shape[1] == panels.LEAST_WIDTH + 2 * panels.MARGIN
    many = panels.sheet([Panel(small.repeat(20, axis=1))], "")
    assert many.shape[1] == 20 * (2 * 28 + panels.LINE) - panels.LINE + 2 * panels.MARGIN
    wide = panels.sheet([Panel(large.repeat(9, axis=1))], "")  # never reduced
    assert wide.shape[1] == 9 * (200 + panels.LINE) - panels.LINE + 2 * panels.MARGIN


def test_no_text_reaches_into_that_of_the_next_image():
    """Between two words of W's there is a gap, and each image is in the middle of its own."""
    image = np.full((1, 2, 8, 8, 1), 100, np.uint8)
    for text in ({"captions": ["WWWWWW"] * 2}, {"columns": ["WWWWWW"] * 2}):
        sheet = panels.sheet([Panel(image, **text)], "", scale=1)[:, :, 0]
        (top, left), (_, right) = places(sheet[:, :, None], image[0, 0])
        words = np.delete(sheet, range(top, top + 8), axis=0)
        inked = np.flatnonzero((words < 200).any(axis=0))
        gap = int(np.argmax(np.diff(inked)))
        assert np.diff(inked)[gap] > 4
        assert abs((inked[0] + inked[gap]) / 2 - (left + 3.5)) <= 2
        assert abs((inked[gap + 1] + inked[-1]) / 2 - (right + 3.5)) <= 2


def test_long_text_is_wrapped_within_the_sheet():
    image = np.full((1, 1, 8, 8, 3), 255, np.uint8)
    sheet = panels.sheet([Panel(image)], "word " * 40, "and more " * 40)
    assert sheet.shape[1] == panels.LEAST_WIDTH + 2 * panels.MARGIN
    assert (sheet[:, -panels.MARGIN :] == 255).all()


def test_a_table_ends_in_white():
    images = np.arange(3, dtype=np.uint8)[:, None, None, None]
    assert panels.table(images, 2).reshape(-1).tolist() == [0, 1, 2, 255]
    assert panels.table(images, 2).shape == (2, 2, 1, 1, 1)


def test_frames_go_there_and_back():
    assert panels.there_and_back(4) == [0, 1, 2, 3, 2, 1]
    assert panels.there_and_back(1) == [0]


def test_a_gif_has_every_frame_and_exact_grays(tmp_path):
    frames = np.random.default_rng(0).integers(0, 256, (3, 6, 7, 1), np.uint8)
    panels.write_gif(tmp_path / "gray.gif", list(frames), 80)
    with Image.open(tmp_path / "gray.gif") as picture:
        assert (picture.n_frames, picture.info["loop"], picture.info["duration"]) == (3, 0, 80)
        for number, frame in enumerate(frames):
            picture.seek(number)
            np.testing.assert_array_equal(np.asarray(picture.convert("L")), frame[:, :, 0])
    colours = np.array([[0, 90, 200], [230, 40, 10]], np.uint8)[[[0, 1], [1, 0]]]
    panels.write_gif(tmp_path / "colour.gif", [colours, colours[::-1]], 80)
    with Image.open(tmp_path / "colour.gif") as picture:
        picture.seek(1)
        np.testing.assert_array_equal(np.asarray(picture.convert("RGB")), colours[::-1])


def test_transparent_images_lie_over_white():
    """A red circle's rim keeps its shades: 40 % red over white."""
    images = np.zeros((1, 1, 2, 2, 4), np.uint8)
    images[0, 0, 0, 0] = (255, 0, 0, 255)
    images[0, 0, 0, 1] = (255, 0, 0, 102)
    sheet = panels.sheet([Panel(images)], "Title", scale=1)
    expected = np.array([[(255, 0, 0), (255, 153, 153)], [(255, 255, 255)] * 2], np.uint8)
    assert sheet.shape[-1] == 3
    assert len(places(sheet, expected)) == 1
