"""What examples look like: to the model's range and back, as a sheet and as a file."""

import io

import jax
import numpy as np
import pytest
from PIL import Image

from gan_jax.config import override
from gan_jax.data import Points, ProceduralCars, kinds
from gan_jax.errors import UserError
from gan_jax.method import Example, num_examples, take
from gan_jax.methods import GAN

PICTURE, POINTS = kinds.Picture(1, 256, 1), kinds.Points()
RING = Points(name="ring")


def test_the_kind_of_a_run_is_that_of_its_data():
    assert RING.kind == POINTS
    assert ProceduralCars(height=4, width=6, channels=3).kind == kinds.Picture(4, 6, 3)
    assert ProceduralCars(height=1, width=1, channels=1).kind == kinds.Picture(1, 1, 1)
    assert (PICTURE.shape, POINTS.shape) == ((1, 256, 1), (2,))


def test_pictures_fill_the_range_of_the_model_and_come_back_as_they_were():
    levels = np.arange(256, dtype=np.uint8).reshape(1, 1, 256, 1)
    unit = PICTURE.to_model(levels)
    assert unit.dtype == np.float32
    assert (float(unit.min()), float(unit.max())) == (-1.0, 1.0)
    np.testing.assert_array_equal(PICTURE.from_model(unit), levels)
    np.testing.assert_array_equal(PICTURE.from_model(np.float32([-3, 3])), [0, 255])


def test_nothing_rounds_points():
    points = np.float32([[0.1234567, -2.5]])
    np.testing.assert_array_equal(POINTS.from_model(POINTS.to_model(points)), points)


def test_only_x_is_brought_to_the_range_of_the_model():
    stored = Example(np.full((2, 1, 256, 1), 255, np.uint8), np.array([3, 255], np.int32))
    batch = kinds.to_model(PICTURE, stored)
    assert (np.asarray(batch.x) == 1).all()
    assert batch.label is stored.label


def test_a_picture_is_its_own_file_and_a_point_has_none():
    image = np.random.default_rng(0).integers(256, size=(3, 5, 3), dtype=np.uint8)
    with Image.open(io.BytesIO(kinds.Picture(3, 5, 3).file(image))) as read:
        np.testing.assert_array_equal(np.asarray(read), image)
    assert (PICTURE.suffix, POINTS.suffix) == (".png", "")


def test_points_are_never_mirrored():
    assert not RING.is_mirrored
    with pytest.raises(UserError, match=r"data\.source=points has no field 'flip'"):
        override(GAN(data=RING), {"data.flip": "horizontal"})


def test_an_absent_field_is_no_leaf_and_the_length_is_that_of_the_first_one():
    alone = Example(np.zeros((5, 2)))
    assert len(jax.tree.leaves(alone)) == 1
    assert num_examples(alone) == 5
    labelled = Example(np.zeros((5, 2)), np.arange(5))
    assert take(labelled, [4, 0]).label.tolist() == [4, 0]
    assert take(labelled, slice(2)).source is None
