"""Scores of pairs by closed forms, and what is made without learning."""

import numpy as np
import pytest
from PIL import Image

from gan_jax.data.conditions import Edges, Gray, Masked, Small
from gan_jax.metrics import pairs, trivial

RANDOM = np.random.default_rng(0).integers(0, 256, (3, 16, 16, 3), np.uint8)


def plain(*levels, n=1):
    return np.broadcast_to(np.uint8(levels), (n, 12, 12, len(levels)))


def test_psnr_and_l1_of_a_known_difference():
    made = plain(100, 100, 110)
    target = plain(100, 90, 130)
    assert pairs.l1(made, target) == pytest.approx([10])
    assert pairs.psnr(made, target) == pytest.approx([10 * np.log10(255**2 / (500 / 3))])
    assert pairs.psnr(made, made) == [pairs.MOST_PSNR]


def test_ssim_of_flat_pictures_is_of_their_luminance():
    ratio = (2 * 100 * 200 + 2.55**2) / (100**2 + 200**2 + 2.55**2)
    assert pairs.ssim(plain(100), plain(200)) == pytest.approx([ratio], rel=1e-9)
    np.testing.assert_allclose(pairs.ssim(RANDOM, RANDOM), 1)


def test_chroma_is_pillows():
    image = Image.fromarray(RANDOM[0])
    expected = np.asarray(image.convert("YCbCr"))[..., 1:].astype(float)
    found = pairs.chroma(RANDOM[:1], np.repeat(pairs.luma(RANDOM[:1])[..., None], 3, -1))
    assert found == pytest.approx([np.abs(expected - 128).mean()], rel=0.01)


def test_sharpness_and_colourfulness():
    ramp = np.broadcast_to(np.arange(0, 48, 4, dtype=np.uint8)[:, None], (1, 12, 12))[..., None]
    assert pairs.sharpness(ramp) == pytest.approx([0])
    dots = np.zeros((1, 5, 5, 1), np.uint8)
    dots[:, 2, 2] = 90
    assert pairs.sharpness(dots) == pytest.approx([(4 * 90 + 4 * 90) / 9])
    assert pairs.colourfulness(plain(7, 7, 7)) == pytest.approx([0])
    # rg = 60, yb = (90 + 30) / 2 - 20 = 40, and no deviation
    assert pairs.colourfulness(plain(90, 30, 20)) == pytest.approx([0.3 * np.hypot(60, 40)])


def test_gray_pictures_have_no_scores_of_colours():
    assert pairs.scores(plain(3), plain(4)).keys() == {"psnr", "ssim", "l1", "sharpness"}
    assert pairs.scores(RANDOM, RANDOM)["psnr"] == pairs.MOST_PSNR


def test_enlargements_are_pillows():
    small = RANDOM[:, ::4, ::4]
    found = trivial.answers(Small(4), small, (16, 16, 3))
    assert set(found) == {"nearest", "bilinear", "bicubic", "lanczos"}
    for name, made in found.items():
        method = Image.Resampling[name.upper()]
        expected = [np.asarray(Image.fromarray(one).resize((16, 16), method)) for one in small]
        np.testing.assert_array_equal(made, expected)


def test_gaps_are_filled_by_the_mean_and_by_the_harmonic_function():
    """A linear ramp is harmonic, so that it comes back whole."""
    ramp = np.broadcast_to(np.arange(16, dtype=np.uint8) * 10, (1, 16, 16))[..., None]
    hidden = ramp.copy()
    hidden[:, 4:12, 4:12] = 255
    found = trivial.answers(Masked(), hidden, (16, 16, 1))
    np.testing.assert_array_equal(found["harmonic"], ramp)
    assert (found["mean"][:, 4:12, 4:12] == 75).all()
    np.testing.assert_array_equal(found["mean"][:, :4], ramp[:, :4])


def test_other_sources_stand_for_themselves():
    gray = RANDOM[..., :1]
    (made,) = trivial.answers(Gray(), gray, (16, 16, 3)).values()
    np.testing.assert_array_equal(made, np.repeat(gray, 3, -1))
    assert trivial.answers(Edges(), gray, (16, 16, 3)).keys() == {"source"}
