"""Distances from all triangles: of triangles, of what is none, and what they are shares of."""

import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.data import Dataset, Polygons, polygons
from gan_jax.method import Example
from gan_jax.metrics import measures, triangles

PLACES = polygons.triangles(400)
CORNERS = polygons.corners(PLACES)
DRAWN = polygons.raster(CORNERS)


def test_new_triangles_are_near_the_manifold_though_not_near_to_others():
    new = DRAWN[300:340]
    apart = triangles.nearest(new, DRAWN[:300])[1]
    found = triangles.manifold_distances(new, PLACES[:300], DRAWN[:300])
    assert (found <= apart).all()
    assert np.median(apart) > 2
    assert np.median(found) < 0.1
    assert (found < triangles.NEAR).mean() > 0.9


def test_a_known_triangle_is_at_distance_0_and_no_distance_is_above_the_nearest_one():
    found = triangles.manifold_distances(DRAWN[:5], PLACES[:300], DRAWN[:300])
    np.testing.assert_array_equal(found, 0)


def test_what_is_no_triangle_is_far():
    random = np.random.default_rng(0)
    images = np.stack([np.ones((28, 28)), random.random((28, 28)), np.zeros((28, 28))])
    disc = np.hypot(*(np.mgrid[:28, :28] - 14)) > 6
    images = np.concatenate([images, disc[None]])
    assert triangles.precision(images, PLACES[:300], DRAWN[:300]) == 0


def test_precision_is_the_share_of_triangles():
    noise = np.random.default_rng(0).random((10, 28, 28))
    images = np.concatenate([DRAWN[300:330], noise])
    found = triangles.precision(images, PLACES[:300], DRAWN[:300])
    assert found == pytest.approx(30 / 40, abs=2 / 40)


def test_recall_is_the_share_of_triangles_that_have_a_sample_near():
    near = DRAWN[:8].copy()
    near[:4, 0, 0] -= np.sqrt(0.74)
    near[4:, 0, 0] -= np.sqrt(0.76)
    assert triangles.recall(near, DRAWN[:8]) == 0.5
    assert triangles.recall(near[:2], DRAWN[:8]) == 0.25


def test_the_soft_raster_is_near_the_raster():
    soft = np.asarray(triangles._soft_raster(jnp.asarray(CORNERS[:100], jnp.float32)))
    apart = ((soft - DRAWN[:100]) ** 2).sum(axis=(1, 2))
    assert apart.mean() < 0.6


def test_a_run_on_triangles_is_measured_so(monkeypatch):
    monkeypatch.setattr(polygons, "triangles", lambda: PLACES)
    train, test = (polygons.to_uint8(part) for part in (DRAWN[:300], DRAWN[300:]))
    data = Dataset(Example(train), Example(test), (), (), "")
    measure, _ = measures.measures(Polygons(), data)
    assert measure.num_samples == triangles.NUM_SAMPLES
    found = measure.scalars(train[:30])
    assert found["triangles/precision"] == 1
    assert 0 < found["triangles/recall"] < 0.2
