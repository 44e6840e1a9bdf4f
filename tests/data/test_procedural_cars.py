"""The procedural cars: deterministic, varied, antialiased, at any size."""

import jax
import numpy as np
import pytest

from gan_jax.data import ProceduralCars, procedural_cars
from gan_jax.data.procedural_cars import CHUNK, parts
from gan_jax.data.procedural_cars.scene import (
    BACKDROPS,
    BODY_SHARES,
    BODY_TYPES,
    PAINTS,
    draw_scene,
)
from gan_jax.data.procedural_cars.solids import body_solid, trace
from gan_jax.errors import UserError
from gan_jax.metrics import pairs

SIZE = (32, 48)  # not square, to tell rows from columns


@pytest.fixture(scope="module")
def pictures():
    return procedural_cars.images(0, 200, *SIZE)


@pytest.fixture(scope="module")
def scenes_and_bodies():
    def draw(key):
        scene = draw_scene(key)
        return scene, body_solid(scene.shape)

    return jax.jit(jax.vmap(draw))(jax.random.split(jax.random.key(0), 4000))


@pytest.fixture(scope="module")
def scenes(scenes_and_bodies):
    return scenes_and_bodies[0]


def test_shape_and_type(pictures):
    assert isinstance(pictures, np.ndarray)
    assert pictures.shape == (200, *SIZE, 3)
    assert pictures.dtype == np.uint8


@pytest.mark.parametrize("count", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1])
def test_an_image_does_not_depend_on_the_count(pictures, count):
    np.testing.assert_array_equal(procedural_cars.images(0, count, *SIZE), pictures[:count])


def test_another_seed_draws_other_images(pictures):
    others = procedural_cars.images(1, CHUNK, *SIZE)
    assert (others != pictures[:CHUNK]).any(axis=(1, 2, 3)).all()


def test_images_are_renderings_of_folded_keys_at_any_size(pictures):
    key = jax.random.key(0)
    for index in (0, CHUNK - 1, CHUNK):
        large = np.asarray(procedural_cars.render(jax.random.fold_in(key, index), 64, 96))
        assert large.shape == (64, 96, 3) and large.dtype == np.uint8
        small = large.reshape(32, 2, 48, 2, 3).mean((1, 3))
        assert np.abs(small - pictures[index]).mean() < 6
        assert np.abs(small - pictures[index + 1]).mean() > 20


def test_the_whole_range_is_used(pictures):
    values = pictures / 255
    assert 0.35 < values.mean() < 0.60
    assert 0.20 < values.std() < 0.32
    assert pictures.min() < 10 and pictures.max() > 245
    spread = values.mean(-1).std((1, 2))  # contrast of each picture
    assert spread.min() > 0.02 and 0.13 < spread.mean() < 0.28


def test_edges_are_antialiased(pictures):
    # A pixel at a hard step equals one of its neighbours; a softened one lies strictly between.
    left, middle, right = (pictures[:, :, i : i + 46].astype(np.int32).mean(-1) for i in range(3))
    steps = np.abs(left - right) > 60
    between = (np.abs(middle - left) > 12) & (np.abs(middle - right) > 12)
    assert 0.35 < between[steps].mean() < 0.9


def test_pictures_differ(pictures):
    flat = pictures.reshape(200, -1)
    assert len(np.unique(flat, axis=0)) == 200
    values = flat.astype(np.float32) / 255
    distances = np.sqrt(np.mean(np.square(values[:100] - values[100:]), 1))
    assert 0.26 < distances.mean() < 0.45
    assert distances.min() > 0.05


def test_scenes_cover_the_body_types_by_their_shares(scenes):
    counts = np.bincount(scenes.body_type, minlength=len(BODY_TYPES))
    assert len(counts) == len(BODY_TYPES)
    np.testing.assert_allclose(counts / 4000, np.array(BODY_SHARES) / sum(BODY_SHARES), atol=0.03)


def test_scenes_cover_both_directions_and_all_backdrops(scenes):
    assert 0.46 < np.mean(scenes.yaw > 0) < 0.54
    assert set(np.unique(scenes.backdrop_type)) == set(range(len(BACKDROPS)))
    away = np.abs(scenes.yaw)
    assert away.min() < 0.2 and 2.5 < away.max() < np.pi  # from the nose to nearly the tail


def test_no_body_is_dented(scenes_and_bodies):
    # Each corner of a convex outline lies on or behind all its faces; a dented one cuts itself.
    scenes, solids = jax.tree.map(np.asarray, scenes_and_bodies)
    shape, zero = scenes.shape, 0 * scenes.yaw
    middle = np.stack([zero, zero, 0.9 * shape.belt], -1)
    near_nose = np.stack([0.45 * shape.length, zero, 0.8 * shape.nose], -1)
    for points in (middle, near_nose):
        outside = np.einsum("npk,nk->np", solids[:, :, :3], points) - solids[:, :, 3]
        assert outside.max() < 0


@pytest.fixture(scope="module")
def painted():
    """The same cars in red and in blue."""
    return [procedural_cars.images(1, 200, paint=name) for name in ("red", "blue")]


def test_red_and_blue_are_as_far_apart_as_was_measured(painted):
    """Over the 1,000 test pictures 16.31 dB and 15.92 levels."""
    assert pairs.psnr(*painted).mean() == pytest.approx(16.31, abs=0.4)
    assert pairs.l1(*painted).mean() == pytest.approx(15.92, abs=0.8)


def test_another_paint_changes_no_ray_but_those_that_meet_paint(painted):
    def met(key):
        return parts.of_rays(*trace(key, 32, 32))

    keys = jax.vmap(jax.random.fold_in, (None, 0))(jax.random.key(1), np.arange(CHUNK))
    rays = np.asarray(jax.vmap(met)(keys))  # [n, 7, 4096]
    np.testing.assert_array_equal(rays.sum(1), 1)
    names = list(parts.COLOURS)
    paint = rays[:, [names.index(name) for name in parts.IN_PAINT]].any(1)
    touched = paint.reshape(-1, 32, 2, 32, 2).any((2, 4))
    changed = (painted[0][:CHUNK] != painted[1][:CHUNK]).any(-1)
    assert not (changed & ~touched).any()
    assert changed.sum() > 0.8 * touched.sum()  # lamps, grilles and sills are of one colour
    assert rays[:, : names.index("ground")].any(1).mean() == pytest.approx(0.31, abs=0.02)


def test_maps_have_the_colours_of_parts_alone(pictures):
    maps = procedural_cars.part_maps(0, CHUNK, *SIZE)
    colours = np.array(list(parts.COLOURS.values()))
    shown = (maps[..., None, :] == colours).all(-1)
    np.testing.assert_array_equal(shown.sum(-1), 1)
    shares = dict(zip(parts.COLOURS, shown.mean((0, 1, 2)), strict=True))
    assert min(shares.values()) > 0.004 and shares["ground"] > 0.3
    dark = pictures[:CHUNK].mean(-1) < 40
    assert dark[shown[..., list(parts.COLOURS).index("wheel")]].mean() > 2 * dark.mean()
    assert maps.shape == (CHUNK, *SIZE, 3) and maps.dtype == np.uint8


def test_cars_have_classes_and_maps_where_they_are_asked_for(monkeypatch):
    monkeypatch.setattr(procedural_cars, "COUNTS", {"train": 2 * CHUNK, "test": CHUNK})
    plain = ProceduralCars().load()
    assert plain.class_names == () and plain.train.label is None and plain.train.source is None
    source = ProceduralCars(labels="paint", classes=("red", "blue"), maps="parts")
    assert source.has_sources
    made = source.load()
    assert made.class_names == ("red", "blue")
    paint = procedural_cars.kinds(0, 2 * CHUNK, "paint")
    red, blue = (list(PAINTS).index(name) for name in made.class_names)
    np.testing.assert_array_equal(made.train.x, plain.train.x[np.isin(paint, [red, blue])])
    np.testing.assert_array_equal(made.train.label, paint[np.isin(paint, [red, blue])] == blue)
    assert made.train.source.shape == made.train.x.shape
    as_red, is_red = source.counterfactual("red"), made.test.label == 0
    np.testing.assert_array_equal((as_red == made.test.x).all((1, 2, 3)), is_red)


def test_test_pictures_have_one_of_another_paint_beside_them(monkeypatch):
    monkeypatch.setattr(procedural_cars, "COUNTS", {"train": 1, "test": 2 * CHUNK})
    names = ("red", "blue", "white")
    source = ProceduralCars(labels="paint", classes=names)
    test = source.load().test
    found = [(test.source == source.counterfactual(name)).all((1, 2, 3)) for name in names]
    np.testing.assert_array_equal(np.sum(found, 0), 1)
    other = np.argmax(found, 0)
    assert (other != test.label).all()
    assert set((other - test.label) % 3) == {1, 2}


def test_classes_that_cars_do_not_have_are_a_sentence():
    with pytest.raises(UserError, match=r"set data\.labels=paint"):
        ProceduralCars(classes=("red",)).check()
    with pytest.raises(UserError, match=r"data\.classes='pink' is unknown; choose one of white"):
        ProceduralCars(labels="paint", classes=("pink",)).check()
