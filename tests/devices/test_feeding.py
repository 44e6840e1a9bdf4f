import numpy as np
import pytest

from gan_jax.config import override
from gan_jax.data import Split
from gan_jax.data.schedule import batch_at
from gan_jax.devices import feeding
from gan_jax.devices.mesh import place

IMAGES = np.arange(20, dtype=np.uint8).reshape(20, 1, 1, 1)
SPLIT = Split(IMAGES, np.arange(20, dtype=np.int32))


def drawn(feed, step, count):
    """Example numbers [count, global batch] that the devices see, through the pool."""
    pool, places = feed.get(step, count)
    devices = []
    for device, rows in enumerate(places):
        labels = np.asarray(pool.labels[device] if feed.split_pool else pool.labels)
        images = np.asarray(pool.images[device] if feed.split_pool else pool.images)
        np.testing.assert_array_equal(images[rows[:count], 0, 0, 0], labels[rows[:count]])
        devices.append(labels[rows[:count]])
    return np.concatenate(devices, axis=1)


@pytest.mark.parametrize("kind", [feeding.ResidentFeed, feeding.StreamedFeed])
@pytest.mark.parametrize(("step", "count"), [(0, 1), (3, 4), (7, 2)])
def test_devices_together_see_the_global_batch_in_order(tiny, kind, step, count):
    expected = [batch_at(tiny.seed, step + i, 8, 20) for i in range(count)]
    feed = kind(tiny, SPLIT, place(1))
    feed.prefetch(step, count)
    np.testing.assert_array_equal(drawn(feed, step, count), expected)
    np.testing.assert_array_equal(drawn(feed, step, count), expected)  # without prefetch too


@pytest.mark.parametrize("kind", [feeding.ResidentFeed, feeding.StreamedFeed])
def test_a_step_of_several_updates_gets_all_their_batches(tiny, kind):
    """Three batches of 8 a step, in the order of one batch of 24."""
    feed = kind(override(tiny, {"train.disc_updates": 3}), SPLIT, place(1))
    expected = [batch_at(tiny.seed, step, 24, 20) for step in (5, 6)]
    np.testing.assert_array_equal(drawn(feed, 5, 2), expected)


def test_auto_keeps_images_on_the_device_when_they_fit(tiny, monkeypatch):
    assert isinstance(feeding.feed(tiny, SPLIT, place(1)), feeding.ResidentFeed)
    monkeypatch.setattr(feeding, "RESIDENT_BYTES", 10)
    assert isinstance(feeding.feed(tiny, SPLIT, place(1)), feeding.StreamedFeed)
    on_device = override(tiny, {"data.feed": "device"})
    assert isinstance(feeding.feed(on_device, SPLIT, place(1)), feeding.ResidentFeed)


def test_a_streamed_call_is_bounded_in_memory(tiny, monkeypatch):
    monkeypatch.setattr(feeding, "CALL_BYTES", 100)
    assert feeding.StreamedFeed(tiny, SPLIT, place(1)).most_steps == 12  # 8 bytes a batch
    monkeypatch.setattr(feeding, "CALL_BYTES", 1)
    assert feeding.StreamedFeed(tiny, SPLIT, place(1)).most_steps == 1
