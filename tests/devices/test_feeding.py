import numpy as np
import pytest

from gan_jax.config import override
from gan_jax.data.schedule import ByClass, batch_at
from gan_jax.devices import feeding
from gan_jax.devices.mesh import place
from gan_jax.method import Example, take

IMAGES = np.arange(20, dtype=np.uint8).reshape(20, 1, 1, 1)
SPLIT = Example(IMAGES, np.arange(20, dtype=np.int32), source=100 + IMAGES.repeat(3, axis=-1))
"""A set whose examples can be told by each of their fields."""


def drawn(feed, step, count):
    """Example numbers [count, global batch] that the devices see, through the pool."""
    pool, places = feed.get(step, count)
    devices = []
    for device, rows in enumerate(places):
        batch = take(take(pool, device) if feed.split_pool else pool, rows[:count])
        assert batch.caption is None
        np.testing.assert_array_equal(batch.x[..., 0, 0, 0], batch.label)
        np.testing.assert_array_equal(batch.source, 100 + batch.x.repeat(3, axis=-1))
        devices.append(np.asarray(batch.label))
    return np.concatenate(devices, axis=1)


@pytest.mark.parametrize("kind", [feeding.ResidentFeed, feeding.StreamedFeed])
@pytest.mark.parametrize(("step", "count"), [(0, 1), (3, 4), (7, 2)])
def test_devices_together_see_the_global_batch_in_order(tiny, kind, step, count):
    expected = [batch_at(tiny.seed, step + i, 8, 20) for i in range(count)]
    feed = kind(SPLIT, tiny.seed, 8, place(1))
    feed.prefetch(step, count)
    np.testing.assert_array_equal(drawn(feed, step, count), expected)
    np.testing.assert_array_equal(drawn(feed, step, count), expected)  # without prefetch too


def test_a_step_of_several_updates_takes_as_many_batches(tiny):
    assert override(tiny, {"train.disc_updates": 3}).train.examples_per_step == 24


@pytest.mark.parametrize("kind", [feeding.ResidentFeed, feeding.StreamedFeed])
def test_a_step_of_several_updates_gets_all_their_batches(tiny, kind):
    """Three batches of 8 a step, in the order of one batch of 24."""
    feed = kind(SPLIT, tiny.seed, 24, place(1))
    expected = [batch_at(tiny.seed, step, 24, 20) for step in (5, 6)]
    np.testing.assert_array_equal(drawn(feed, 5, 2), expected)


@pytest.mark.parametrize("kind", [feeding.ResidentFeed, feeding.StreamedFeed])
def test_classes_share_each_devices_batch(tiny, kind):
    by_class = ByClass([np.arange(7), np.arange(7, 20)])
    seen = drawn(kind(SPLIT, tiny.seed, 8, place(1), by_class), 4, 3)
    np.testing.assert_array_equal(seen, [by_class.batch_at(tiny.seed, i, 8) for i in (4, 5, 6)])
    np.testing.assert_array_equal(seen >= 7, [[False, True] * 4] * 3)


def test_auto_keeps_images_on_the_device_when_they_fit(monkeypatch):
    fields = SPLIT, 0, 8, place(1)
    assert isinstance(feeding.feed("auto", *fields), feeding.ResidentFeed)
    monkeypatch.setattr(feeding, "RESIDENT_BYTES", 10)
    assert isinstance(feeding.feed("auto", *fields), feeding.StreamedFeed)
    assert isinstance(feeding.feed("device", *fields), feeding.ResidentFeed)


def test_a_streamed_call_is_bounded_in_memory(monkeypatch):
    monkeypatch.setattr(feeding, "CALL_BYTES", 100)
    bare = Example(IMAGES)
    assert feeding.StreamedFeed(bare, 0, 8, place(1)).most_steps == 12  # 8 bytes a batch
    assert feeding.StreamedFeed(SPLIT, 0, 8, place(1)).most_steps == 1  # 8 times as many
    monkeypatch.setattr(feeding, "CALL_BYTES", 1)
    assert feeding.StreamedFeed(SPLIT, 0, 8, place(1)).most_steps == 1
