"""Data sets come out of the cache as they went in, whatever fields their examples have."""

from pathlib import Path

import jax
import numpy as np
import pytest

from gan_jax.data.cache import cached
from gan_jax.data.dataset import dataset
from gan_jax.method import Example

X = np.arange(24, dtype=np.uint8).reshape(4, 2, 3, 1)
FIELDS = {
    "label": np.arange(4, dtype=np.int32),
    "source": 255 - X[:, ::-1],
    "caption": np.arange(20, dtype=np.int32).reshape(4, 5),
}


@pytest.mark.parametrize("names", [(), ("label",), ("source",), ("label", "source", "caption")])
@pytest.mark.parametrize("has_test", [False, True])
def test_the_cache_keeps_every_field_and_adds_none(names, has_test):
    train = Example(X, **{name: FIELDS[name] for name in names})
    made = dataset(train, Example(X[:1]) if has_test else None, ("a", "b"), ("said",))
    key = ["test_cache", names, has_test]
    assert cached(key, key, lambda: made) is made
    found = cached(key, key, lambda: pytest.fail("made again"))
    assert jax.tree.structure(found) == jax.tree.structure(made)
    for leaf, expected in zip(jax.tree.leaves(found[:2]), jax.tree.leaves(made[:2]), strict=True):
        assert isinstance(leaf, np.memmap)
        assert leaf.dtype == expected.dtype
        np.testing.assert_array_equal(leaf, expected)
    assert (found.test is found.train) == (not has_test)
    assert found[2:] == made[2:]


def test_a_damaged_cache_is_made_again():
    """Such as by a machine that lost its power: a file of no bytes."""
    made, key = dataset(Example(X), None, (), ()), ["test_cache", "damaged"]
    cached(key, key, lambda: made)
    found = cached(key, key, lambda: pytest.fail("made again"))
    Path(found.train.x.filename).write_bytes(b"")
    assert cached(key, key, lambda: made) is made
    np.testing.assert_array_equal(cached(key, key, lambda: pytest.fail("again")).train.x, X)


def test_the_fingerprint_is_of_every_field():
    sets = [Example(X), *(Example(X, **{name: array}) for name, array in FIELDS.items())]
    sets.append(Example(X, source=FIELDS["source"] + np.uint8(1)))
    assert len({dataset(examples, None, (), ()).fingerprint for examples in sets}) == len(sets)
