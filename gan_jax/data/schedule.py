"""Which examples make up which batch: a pure function of (seed, step)."""

from functools import lru_cache

import jax
import numpy as np

from gan_jax import keys
from gan_jax.keys import Purpose


def batch_at(seed: int, step: int, batch_size: int, num_examples: int) -> np.ndarray:
    """The example numbers of the batch of a step, int32 [batch_size].

    The steps together walk through one shuffled epoch after another, so every example is seen
    exactly once an epoch; a batch may span the end of one epoch and the start of the next.
    """
    positions = np.arange(step * batch_size, (step + 1) * batch_size, dtype=np.int64)
    epochs, places = np.divmod(positions, num_examples)
    numbers = np.empty(batch_size, np.int32)
    for epoch in np.unique(epochs):
        chosen = epochs == epoch
        numbers[chosen] = _order(seed, int(epoch), num_examples)[places[chosen]]
    return numbers


@lru_cache(maxsize=4)
def _order(seed: int, epoch: int, num_examples: int) -> np.ndarray:
    with jax.default_device(jax.local_devices(backend="cpu")[0]):
        key = keys.at_step(keys.root(seed), Purpose.DATA_ORDER, epoch)
        return np.asarray(jax.random.permutation(key, num_examples))
