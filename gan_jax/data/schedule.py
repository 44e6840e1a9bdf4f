"""Which examples make up which batch: a pure function of (seed, step)."""

from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import NamedTuple

import jax
import numpy as np

from gan_jax import keys
from gan_jax.data.dataset import Dataset
from gan_jax.errors import UserError
from gan_jax.keys import Purpose


def batch_at(seed: int, step: int, batch_size: int, num_examples: int) -> np.ndarray:
    """The example numbers of the batch of a step, int32 [batch_size].

    The steps together walk through one shuffled epoch after another, so every example is seen
    exactly once an epoch; a batch may span the end of one epoch and the start of the next.
    """
    return _walk(partial(_order, seed), step, batch_size, num_examples)


class ByClass(NamedTuple):
    """Batches with equal parts of each class.

    members: the numbers of each class's examples, int [m] each.
    updates: of D in a step, of which each has a batch with equal parts.
    """

    members: Sequence[np.ndarray]
    updates: int = 1

    def batch_at(self, seed: int, step: int, batch_size: int) -> np.ndarray:
        """The same of a step, int32 [batch_size], from shuffled epochs of each class's own.

        Example g is of class (g // updates) % classes, and belongs to update g % updates, so that
        the equal shares of any number of devices have equal parts too.
        """
        count = len(self.members)
        of_class = np.arange(batch_size) // self.updates % count
        numbers = np.empty(batch_size, np.int32)
        for label, members in enumerate(self.members):
            order = partial(_order_in_class, seed, label)
            places = _walk(order, step, batch_size // count, len(members))
            numbers[of_class == label] = members[places]
        return numbers


def by_class(dataset: Dataset, batch_size: int, updates: int, shares: int) -> ByClass:
    """Batches of so many examples for each of D's updates, which devices take in equal shares.

    Raises `UserError` for less than two classes, an empty one, and a batch that does not divide.
    """
    names, labels = dataset.class_names, dataset.train.label
    if labels is None or len(names) < 2:
        raise UserError(
            "data.draw=by_class takes equal parts of each class, and these data have no two of "
            "them; choose data with labels, such as a folder with a sub-folder for each class."
        )
    members = [np.flatnonzero(labels == label) for label in range(len(names))]
    for name, numbers in zip(names, members, strict=True):
        if not len(numbers):
            raise UserError(
                f"data.draw=by_class takes equal parts of each class, and {name} has no training "
                "images; add some, or leave it out by data.classes."
            )
    parts = len(names) * shares
    if batch_size % parts:
        near = max(1, round(batch_size / parts)) * parts
        on = f" on each of {shares} devices" if shares > 1 else ""
        raise UserError(
            f"train.batch_size={batch_size} cannot be divided into equal parts of {len(names)} "
            f"classes{on}, which data.draw=by_class takes; set train.batch_size={near}."
        )
    return ByClass(members, updates)


def _walk(
    order: Callable[[int, int], np.ndarray], step: int, count: int, num_examples: int
) -> np.ndarray:
    """The part [count] of a step of epochs, each in the order [num_examples] of its number."""
    positions = np.arange(step * count, (step + 1) * count, dtype=np.int64)
    epochs, places = np.divmod(positions, num_examples)
    numbers = np.empty(count, np.int32)
    for epoch in np.unique(epochs):
        chosen = epochs == epoch
        numbers[chosen] = order(int(epoch), num_examples)[places[chosen]]
    return numbers


@lru_cache(maxsize=4)
def _order(seed: int, epoch: int, num_examples: int) -> np.ndarray:
    return _permutation(keys.at_step(keys.root(seed), Purpose.DATA_ORDER, epoch), num_examples)


@lru_cache(maxsize=256)  # of two epochs of many classes
def _order_in_class(seed: int, label: int, epoch: int, num_examples: int) -> np.ndarray:
    # of its own, since two classes of one size would meet in the same pairs in every epoch
    key = keys.at_step(keys.root(seed), Purpose.DATA_ORDER, epoch)
    return _permutation(jax.random.fold_in(key, label), num_examples)


def _permutation(key: jax.Array, num_examples: int) -> np.ndarray:
    with jax.default_device(jax.local_devices(backend="cpu")[0]):
        return np.asarray(jax.random.permutation(key, num_examples))
