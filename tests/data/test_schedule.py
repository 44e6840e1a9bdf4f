import numpy as np
import pytest

from gan_jax.data.schedule import batch_at


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
