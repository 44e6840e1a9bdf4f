"""MS-SSIM and the Vendi score against golden and known values."""

import numpy as np
import pytest
from formula_features import REAL, WIDE_REAL, normal, pictures, rotation

from gan_jax.errors import UserError
from gan_jax.metrics import distances, similarity

ALL = 10**6
"""More pairs than there are."""


def test_golden_values_of_diversity():
    flat = np.stack([np.full((64, 64, 3), gray) for gray in (1.0, 0.7, 0.0)])
    assert similarity.diversity(flat, ALL, seed=0) == pytest.approx(0.989988681362319, rel=1e-9)
    found = similarity.diversity(pictures(4, 32), ALL, seed=0)
    assert found == pytest.approx(0.9081024905167241, rel=1e-9)
    found = similarity.diversity(pictures(3, 192), ALL, seed=0)
    assert found == pytest.approx(0.7416372359114344, rel=1e-9)


@pytest.mark.parametrize(("height", "width"), [(1, 1), (8, 8), (28, 28), (33, 17), (64, 64)])
def test_equal_images_are_similar_to_one_at_any_size(height, width):
    images = np.random.default_rng(0).integers(0, 256, (3, height, width, 1), np.uint8)
    np.testing.assert_allclose(similarity.ms_ssim(images, images), 1, rtol=1e-12)
    there, back = (similarity.ms_ssim(a, b) for a, b in ((images, images[::-1]),) * 2)
    np.testing.assert_array_equal(there, back)
    assert (there <= 1).all()


def test_flat_images_differ_by_their_luminance_alone():
    """(2ab + C) / (a^2 + b^2 + C) with C = 2.55^2, to the weight of the last scale."""
    a, b = np.full((1, 16, 16, 2), 100.0), np.full((1, 16, 16, 2), 200.0)
    ratio = (2 * 100 * 200 + 2.55**2) / (100**2 + 200**2 + 2.55**2)
    assert similarity.ms_ssim(a, b) == pytest.approx([ratio**0.1333], rel=1e-12)


def test_an_odd_edge_is_repeated_where_images_are_halved():
    image = np.array([[0.0, 4, 8], [4, 8, 12], [1, 3, 5]])[None, :, :, None]
    assert similarity._halved(image).tolist() == [[[[4.0], [10.0]], [[2.0], [5.0]]]]


def test_a_negative_has_nothing_in_common():
    images = 255.0 * np.random.default_rng(0).integers(0, 2, (2, 32, 32, 1))
    np.testing.assert_array_equal(similarity.ms_ssim(images, 255 - images), 0)


def test_random_pairs_estimate_the_mean_of_all():
    images = pictures(12, 16)
    everything = similarity.diversity(images, ALL, seed=0)
    assert similarity.diversity(images, 60, seed=1) == pytest.approx(everything, abs=0.02)
    some = similarity.diversity(images, 60, seed=1)
    assert some == similarity.diversity(images, 60, seed=1)
    assert some != similarity.diversity(images, 60, seed=2)


def test_no_image_makes_a_pair_with_itself():
    images = np.stack([np.zeros((8, 8, 1)), np.full((8, 8, 1), 255.0)])
    found = similarity.diversity(images, ALL, seed=0)
    assert found == pytest.approx(similarity.ms_ssim(*images[:, None])[0], rel=1e-9)
    assert found < 0.5


def test_any_size_of_blocks_gives_the_same(monkeypatch):
    expected = similarity.diversity(pictures(5, 16), ALL, seed=0)
    monkeypatch.setattr(distances, "MOST_NUMBERS", 30 * 16 * 16 * 3)
    found = similarity.diversity(pictures(5, 16), ALL, seed=0)
    assert found == pytest.approx(expected, rel=1e-12)


def test_golden_values_of_vendi():
    assert similarity.vendi(REAL) == pytest.approx(7.915539440180972, rel=1e-9)
    assert similarity.vendi(np.eye(7)) == pytest.approx(7, rel=1e-9)


def test_vendi_counts_directions():
    assert similarity.vendi(np.ones((9, 3))) == pytest.approx(1, rel=1e-9)
    thrice = np.repeat(np.eye(4), 3, axis=0)
    assert similarity.vendi(thrice) == pytest.approx(4, rel=1e-9)
    lengths = 1 + np.arange(12)[:, None]
    assert similarity.vendi(thrice * lengths) == pytest.approx(4, rel=1e-9)
    shares = np.array([0.75, 0.25])
    uneven = np.repeat(np.eye(2), [9, 3], axis=0)
    expected = np.exp(-(shares * np.log(shares)).sum())
    assert similarity.vendi(uneven) == pytest.approx(expected, rel=1e-9)


def test_vendi_is_the_same_by_rows_and_by_columns():
    for x in (REAL, WIDE_REAL, normal(0, 8, 8)):
        padded = np.concatenate([x, np.zeros((len(x), 100))], axis=1)  # now wider than long
        assert similarity.vendi(padded) == pytest.approx(similarity.vendi(x), rel=1e-9)
        turned = similarity.vendi(x @ rotation(x.shape[1]))
        assert turned == pytest.approx(similarity.vendi(x), rel=1e-9)


def test_features_without_a_direction_are_refused():
    with pytest.raises(UserError, match="features with a direction, but some are 0"):
        similarity.vendi(np.zeros((3, 2)))
