"""Triangles as the authors' program draws them, and their raster by counting."""

import hashlib

import numpy as np
import pytest

from gan_jax.config import override
from gan_jax.data import Polygons, polygons
from gan_jax.errors import UserError
from gan_jax.methods import GAN


def counted(corners):
    """The share of a pixel outside of a triangle, by asking each subpixel."""
    side, sub = polygons.SIDE, polygons.SUBPIXELS
    at = np.stack(np.mgrid[0 : side * sub, 0 : side * sub], axis=-1) / sub
    edges = np.roll(corners, -1, axis=0) - corners
    inside = np.ones(at.shape[:2], bool)
    for corner, (x, y) in zip(corners, edges, strict=True):
        inside &= x * (at[..., 1] - corner[1]) - y * (at[..., 0] - corner[0]) > 0
    inside = np.pad(inside, ((polygons.BEFORE, 0), (polygons.BEFORE, 0)))
    inside = inside[: side * sub, : side * sub].reshape(side, sub, side, sub)
    return 1 - inside.sum(axis=(1, 3)) / sub**2


def test_a_hundred_triangles_are_the_authors():
    """Figures of their program, colabs/Convex_Polygons_Dataset.ipynb of compare_gan."""
    shares = polygons.raster(polygons.corners(polygons.triangles(100)))
    assert shares.mean() == pytest.approx(0.8646594, abs=1e-7)
    assert shares[0].sum() == 683.9375
    whole = np.round(64 * shares).astype(np.uint8)
    assert hashlib.sha256(whole.tobytes()).hexdigest().startswith("3a34708339af4992")


def test_a_raster_counts_subpixels():
    corners = polygons.corners(polygons.triangles(4))
    for found, triangle in zip(polygons.raster(corners), corners, strict=True):
        np.testing.assert_array_equal(found, counted(triangle))


def test_a_triangle_that_leaves_the_image_is_cut():
    corners = np.array([[-5.0, -3.0], [20.2, 4.1], [3.3, 40.7]])
    np.testing.assert_array_equal(polygons.raster(corners[None])[0], counted(corners))


def test_the_ink_is_the_area():
    corners = polygons.corners(polygons.triangles(50))
    (ax, ay), (bx, by) = (np.moveaxis(corners[:, i] - corners[:, 0], 1, 0) for i in (1, 2))
    area = (ax * by - ay * bx) / 2
    ink = (1 - polygons.raster(corners)).sum(axis=(1, 2))
    np.testing.assert_allclose(ink, area, rtol=0.02)


def test_triangles_stand_in_the_middle_with_corners_on_a_circle():
    corners = polygons.corners(polygons.triangles(200))
    np.testing.assert_allclose(corners.mean(axis=1), 14, atol=1e-12)
    a, b, c = (np.linalg.norm(corners[:, i] - corners[:, i - 1], axis=1) for i in range(3))
    area = (1 - polygons.raster(corners)).sum(axis=(1, 2))
    np.testing.assert_allclose(a * b * c / (4 * area), 10.5, rtol=0.05)  # the circle's radius


def test_the_source_has_training_and_test_triangles_of_one_permutation(monkeypatch):
    for name, count in (("TRAIN_IMAGES", 60), ("TEST_IMAGES", 20), ("HELD_OUT", 20)):
        monkeypatch.setattr(polygons, name, count)
    monkeypatch.setattr(polygons.triangles, "__defaults__", (100, 0))
    data = Polygons().load()
    shares = polygons.raster(polygons.corners(polygons.triangles(100)))
    assert data.train.x.shape == (60, 28, 28, 1)
    np.testing.assert_array_equal(data.train.x[..., 0], np.round(255 * shares[:60]))
    np.testing.assert_array_equal(data.test.x[..., 0], np.round(255 * shares[60:80]))
    assert data.train.label is None


def test_other_sizes_are_refused():
    with pytest.raises(UserError, match=r"data\.height"):
        override(GAN(), {"data.source": "polygons", "data.height": 32})
