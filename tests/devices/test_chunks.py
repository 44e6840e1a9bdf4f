import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax import keys
from gan_jax.devices import chunks
from gan_jax.method import take


def on_devices(monkeypatch, count):
    devices = jax.local_devices()[:count]
    monkeypatch.setattr(jax, "local_devices", lambda: devices)


def whole(stream, *given):
    parts = list(stream(*given))
    return jax.tree.map(lambda *leaves: np.concatenate(leaves), *parts)


def themselves(numbers):
    return numbers


@pytest.mark.parametrize("devices", [1, 2])
@pytest.mark.parametrize("most", [1, 3])
def test_each_result_is_that_of_its_own_example(monkeypatch, devices, most):
    on_devices(monkeypatch, devices)
    monkeypatch.setattr(chunks, "MOST_CHUNKS", most)
    stream = chunks.streamer(lambda given, x: {"sum": x[0].sum(1) * given, "same": x})
    examples = np.arange(2 * 500, dtype=np.float32).reshape(500, 2), np.zeros((500, 0), np.float32)
    for count in (1, 64, 65, 128, 200, 384, 385, 500):
        found = whole(stream, np.float32(3), *chunks.of_arrays(take(examples, slice(count))))
        np.testing.assert_array_equal(found["sum"], 3 * (4 * np.arange(count) + 1))
        np.testing.assert_array_equal(found["same"][0], examples[0][:count])
        assert found["same"][1].shape == (count, 0)
    sizes = [len(part["sum"]) for part in stream(np.float32(3), *chunks.of_arrays(examples))]
    size = devices * most * chunks.CHUNK
    assert sizes == [min(size, 500 - first) for first in range(0, 500, size)]


def test_numbers_go_on_to_the_end_of_a_chunk_and_begin_anywhere():
    asked = []

    def examples(numbers):
        asked.append(numbers)
        return numbers

    (found,) = chunks.streamer(lambda given, numbers: numbers)(0, examples, range(1_000, 1_005))
    np.testing.assert_array_equal(found, range(1_000, 1_005))
    assert all(len(numbers) % chunks.CHUNK == 0 for numbers in asked)
    np.testing.assert_array_equal(asked[0][:64], range(1_000, 1_064))


def test_chunks_of_another_size_hold_that_many_examples(monkeypatch):
    on_devices(monkeypatch, 2)
    monkeypatch.setattr(chunks, "MOST_CHUNKS", 2)
    stream = chunks.streamer(lambda given, x: x + given + len(x), 10)
    parts = list(stream(1, *chunks.of_arrays(np.arange(57))))
    assert [len(part) for part in parts] == [40, 17]
    np.testing.assert_array_equal(np.concatenate(parts), np.arange(57) + 11)


def test_nothing_is_made_of_no_examples():
    stream = chunks.streamer(lambda given, x: x)
    assert list(stream(0, *chunks.of_arrays(np.zeros((0, 2))))) == []


def test_digits_depend_neither_on_devices_nor_on_calls(monkeypatch):
    """A product, a deviation and draws by number: what other programs may round in another way."""

    def function(weights, numbers):
        each = keys.per_example(keys.root(0), numbers)
        x = jnp.tanh(jax.vmap(lambda key: jax.random.normal(key, (50,)))(each) @ weights)
        return x / jnp.sqrt((x**2).mean(axis=1, keepdims=True) + 0.1)

    weights = np.random.default_rng(0).normal(0, 0.1, (50, 40)).astype(np.float32)
    found = []
    for devices, most, count in ((1, 1, 400), (1, 4, 400), (2, 1, 400), (2, 16, 321), (1, 16, 70)):
        with monkeypatch.context() as patch:
            on_devices(patch, devices)
            patch.setattr(chunks, "MOST_CHUNKS", most)
            found.append(whole(chunks.streamer(function), weights, themselves, range(count)))
    assert np.unique(found[0]).size > 12_000
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0][: len(other)])


def test_devices_share_the_chunks_and_make_no_others(monkeypatch):
    monkeypatch.setattr(chunks, "MOST_CHUNKS", 3)
    made = []

    def function(given, numbers):
        device = jax.lax.axis_index(chunks._AXIS)
        jax.debug.callback(lambda first: made.append(int(first)), numbers[0])
        return jnp.full(numbers.shape, device)

    stream = chunks.streamer(function)
    for count, first, second in ((1, 64, 0), (65, 64, 64), (64 * 3, 128, 64), (64 * 6, 192, 192)):
        made.clear()
        device = whole(stream, 0, themselves, range(count))
        jax.effects_barrier()
        np.testing.assert_array_equal(device, np.repeat([0, 1], (first, second))[:count])
        assert sorted(made) == list(range(0, count, chunks.CHUNK))


@pytest.mark.parametrize(("is_there", "expected"), [(False, [0, 64]), (True, [0])])
def test_the_next_call_begins_before_the_host_waits_for_one(monkeypatch, is_there, expected):
    monkeypatch.setattr(chunks, "MOST_CHUNKS", 1)
    monkeypatch.setattr(chunks, "_is_there", lambda made: is_there)
    on_devices(monkeypatch, 1)
    made = []

    def function(given, numbers):
        jax.debug.callback(lambda first: made.append(int(first)), numbers[0])
        return numbers

    parts = chunks.streamer(function)(0, themselves, range(4 * 64))
    next(parts)
    jax.effects_barrier()
    assert made == expected
    assert [part[0] for part in parts] == [64, 128, 192]
