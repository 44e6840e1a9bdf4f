import json

import numpy as np
from PIL import Image

from gan_jax.data import kinds, sheets
from gan_jax.run import pictures
from gan_jax.run.writers import Writers, read_rows


def test_a_grid_lays_images_out_in_rows_with_white_lines_and_white_leftovers():
    images = np.stack([np.full((2, 3, 1), value, np.uint8) for value in (10, 20, 30)])
    made = sheets.grid(images)
    assert made.shape == (2 * 2 + 2, 3 * 2 + 2, 1)
    expected = np.full((6, 8), 255)
    expected[:2, :3], expected[:2, 5:], expected[4:, :3] = 10, 20, 30
    np.testing.assert_array_equal(made[:, :, 0], expected)
    assert sheets.grid(images, columns=3).shape == (2, 3 * 3 + 2 * 2, 1)


def test_a_png_keeps_every_pixel_enlarged_and_gray_stays_gray(tmp_path):
    colour = np.random.default_rng(0).integers(0, 256, (4, 5, 3), np.uint8)
    pictures.write_png(tmp_path / "a" / "colour.png", colour, scale=2)
    with Image.open(tmp_path / "a" / "colour.png") as picture:
        assert (picture.mode, picture.size) == ("RGB", (10, 8))
        np.testing.assert_array_equal(np.asarray(picture)[::2, 1::2], colour)
    pictures.write_png(tmp_path / "gray.png", colour[:, :, :1])
    with Image.open(tmp_path / "gray.png") as picture:
        assert picture.mode == "L"
        np.testing.assert_array_equal(np.asarray(picture), colour[:, :, 0])
    assert [path.name for path in tmp_path.iterdir() if "partial" in path.name] == []


def test_small_images_are_enlarged_to_be_seen():
    assert sheets.legible(28, 28) == 3
    assert sheets.legible(32, 20) == 3
    assert sheets.legible(256, 256) == 1


def test_rows_after_the_step_and_a_line_cut_off_are_dropped(tmp_path):
    lines = [json.dumps({"step": step, "loss": step / 10}) for step in (1, 2, 3)]
    (tmp_path / "metrics.jsonl").write_text("\n".join(lines) + '\n{"step": 4, "lo')
    assert [row["step"] for row in read_rows(tmp_path / "metrics.jsonl")] == [1, 2, 3]
    writers = Writers(tmp_path, 2, kinds.Picture(8, 8, 1))
    writers.scalars(3, {"loss": 0.5})
    writers.curves()
    writers.close()
    assert read_rows(tmp_path / "metrics.jsonl") == [
        {"step": 1, "loss": 0.1},
        {"step": 2, "loss": 0.2},
        {"step": 3, "loss": 0.5},
    ]
    with Image.open(tmp_path / "losses.png") as picture:
        assert picture.width > 500
        colours = np.asarray(picture.convert("RGB")).reshape(-1, 3)
        assert (colours == [0x00, 0x72, 0xB2]).all(axis=1).any()  # the curve is there
