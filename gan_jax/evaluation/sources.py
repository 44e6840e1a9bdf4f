"""What pictures were made from, beside them."""

import functools

import jax
import numpy as np

from gan_jax.data import kinds
from gan_jax.method import Example
from gan_jax.methods import GAN, Config
from gan_jax.methods.sampling import takes_pictures
from gan_jax.metrics.trivial import as_target


def beside(config: Config, shown: Example, made: np.ndarray) -> np.ndarray:
    """Samples as a sheet shows them: those that were made from pictures between these and, where
    they are known, their targets, uint8 [n, h, 3w or 2w, c]; all others as they are, [n, ...].

    `shown` are the stored examples that the samples were to show.
    """
    if not takes_pictures(config):
        return made
    row = [of(config, shown), made, *(() if shown.x is None else (shown.x,))]
    return np.concatenate([as_target(part, made.shape[1:]) for part in row], axis=2)


def of(config: Config, shown: Example) -> np.ndarray:
    """The source pictures, uint8 [n, h, w, c], of stored examples."""
    return np.asarray(_derived(config)(shown))


@functools.lru_cache(maxsize=2)
def _derived(config: Config):
    assert isinstance(config, GAN)
    kind, given = config.data.kind, config.condition
    return jax.jit(lambda stored: kind.from_model(given.picture(kinds.to_model(kind, stored))))


def channels(config: Config) -> int:
    """How many a run's source pictures have."""
    assert isinstance(config, GAN)
    x = jax.ShapeDtypeStruct((1, *config.data.kind.shape), np.float32)
    made = jax.eval_shape(lambda x: config.condition.picture(Example(x)), x)
    return (x if made is None else made).shape[-1]  # stored ones are as the examples are
