"""Maps that are read from pictures by a network, and how far they are those asked for."""

import numpy as np
import pytest

from gan_jax.data import dataset
from gan_jax.method import Example
from gan_jax.metrics import label_maps

RANDOM = np.random.default_rng(0)
COLOURS = np.array([(255, 0, 0), (0, 255, 0), (0, 0, 255)], np.uint8)


def pairs(count):
    """Blocks of three labels, whose pictures are dark, middling and bright with noise."""
    asked = RANDOM.integers(3, size=(count, 2, 2)).repeat(4, 1).repeat(4, 2)
    x = np.uint8(80 * asked[..., None] + RANDOM.integers(60, size=(count, 8, 8, 3)))
    return Example(x, source=COLOURS[asked])


def test_a_palette_is_of_pictures_with_few_colours_alone():
    np.testing.assert_array_equal(label_maps.palette(pairs(20).source), COLOURS)
    assert label_maps.palette(None) is None
    assert label_maps.palette(RANDOM.integers(256, size=(4, 16, 16, 3), dtype=np.uint8)) is None
    assert label_maps.palette(np.zeros((4, 8, 8, 1), np.uint8)) is None  # one colour says nothing


def test_pixels_have_the_numbers_of_their_colours():
    row = np.array([[[COLOURS[2], COLOURS[0], COLOURS[1], (255, 255, 0)]]])
    np.testing.assert_array_equal(label_maps.labels(row[0], COLOURS), [[2, 0, 1, -1]])


def test_agreement_by_hand():
    """Label 0: 1 of the 4 pixels in either; label 1: 2 of 4; another colour is never right."""
    asked = np.array([[[0, 0, 1, 1, 1, -1]]])
    found = np.array([[[0, 1, 1, 1, 0, 0]]])
    scores = label_maps.agreement(found, asked)
    assert scores["map_accuracy"] == pytest.approx(3 / 6)
    assert scores["map_iou"] == pytest.approx((1 / 4 + 2 / 4) / 2)


def test_maps_are_read_from_real_pairs_and_not_from_others(monkeypatch):
    monkeypatch.setattr(label_maps, "STEPS", 40)
    data = dataset(pairs(200), None, (), ())
    read = label_maps.reader(data)
    x, maps = data.train.x, data.train.source
    real, shuffled = read(x, maps), read(np.roll(x, 1, axis=0), maps)
    assert real["map_accuracy"] > 0.9 and real["map_iou"] > 0.8
    assert shuffled["map_accuracy"] == pytest.approx(1 / 3, abs=0.06)
    monkeypatch.setattr(label_maps, "train", None)  # what was learned is kept
    assert label_maps.reader(data)(x, maps) == real
    assert label_maps.reader(dataset(Example(x), None, (), ())) is None
