import numpy as np
import pytest

from gan_jax.data import Dataset, schedule
from gan_jax.data.schedule import batch_at
from gan_jax.errors import UserError
from gan_jax.method import Example


@pytest.mark.parametrize(("batch_size", "examples"), [(4, 12), (5, 12), (12, 12), (7, 5)])
def test_every_example_is_seen_once_an_epoch(batch_size, examples):
    steps = -(-3 * examples // batch_size)
    seen = np.concatenate([batch_at(0, step, batch_size, examples) for step in range(steps)])
    for epoch in range(3):
        part = seen[epoch * examples : (epoch + 1) * examples]
        np.testing.assert_array_equal(np.sort(part), np.arange(examples))


def test_orders_differ_between_epochs_and_seeds():
    first, second, other = (batch_at(seed, step, 50, 50) for seed, step in ((0, 0), (0, 1), (1, 0)))
    assert (first != second).any()
    assert (first != other).any()
    assert (np.sort(first) != first).any()


def test_a_batch_is_a_pure_function_of_seed_and_step():
    later = batch_at(3, 17, 4, 10)
    for step in range(17):
        batch_at(3, step, 4, 10)
    np.testing.assert_array_equal(batch_at(3, 17, 4, 10), later)


LABELS = np.array([0, 1, 0, 1, 1, 0, 1, 1, 1, 2, 2, 2], np.int32)
CLASSED = Dataset(Example(LABELS, LABELS), Example(LABELS), ("a", "b", "c"), (), "")


@pytest.mark.parametrize("updates", [1, 2, 3])
@pytest.mark.parametrize("shares", [1, 2])
def test_each_share_of_each_update_has_equal_parts_of_each_class(updates, shares):
    drawn = schedule.by_class(CLASSED, 12, updates, shares)
    for step in range(3):
        labels = LABELS[drawn.batch_at(0, step, 12 * updates)]
        for share in labels.reshape(shares, -1, updates).swapaxes(1, 2).reshape(-1, 12 // shares):
            np.testing.assert_array_equal(np.bincount(share), [4 // shares] * 3)


def test_each_class_has_epochs_of_its_own():
    drawn = schedule.by_class(CLASSED, 3, 1, 1)
    batches = np.stack([drawn.batch_at(5, step, 3) for step in range(18)])
    for label, members in enumerate(drawn.members):
        epochs = batches[:, label].reshape(-1, len(members))
        np.testing.assert_array_equal(np.sort(epochs), np.tile(members, (len(epochs), 1)))
        assert len(members) == 3 or (epochs != epochs[0]).any()
    np.testing.assert_array_equal(drawn.batch_at(5, 7, 3), batches[7])
    assert (drawn.batch_at(6, 0, 3) != batches[0]).any()


def test_classes_of_one_size_do_not_meet_in_the_same_pairs():
    labels = np.repeat(np.arange(2, dtype=np.int32), 50)
    data = CLASSED._replace(train=Example(labels, labels), class_names=("a", "b"))
    first, second = schedule.by_class(data, 100, 1, 1).batch_at(0, 0, 100).reshape(50, 2).T
    assert (first == second - 50).mean() < 0.2


@pytest.mark.parametrize(
    ("change", "batch_size", "says"),
    [
        ({"class_names": ("a", "b", "c", "d")}, 4, "d has no training images"),
        ({"class_names": ()}, 4, "have no two of them"),
        ({"train": Example(LABELS)}, 4, "have no two of them"),
        ({}, 8, r"equal parts of 3 classes on each of 2 devices.*set train.batch_size=6\."),
    ],
)
def test_what_has_no_equal_parts_is_refused(change, batch_size, says):
    with pytest.raises(UserError, match=says):
        schedule.by_class(CLASSED._replace(**change), batch_size, 1, 2)
