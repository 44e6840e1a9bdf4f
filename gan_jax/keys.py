"""Named PRNG streams: a key is a function of (seed, purpose, step, example), no chain of splits.

Nothing here depends on how many devices or processes there are, so latents, dropout masks and the
order of the data are the same on one device as on many, and a resumed run needs no generator state.
"""

import enum

import jax


class Purpose(enum.IntEnum):
    """What a stream is for. The numbers are part of every run's identity: append, never reorder."""

    INIT = 0
    DATA_ORDER = 1
    LATENT = 2
    DISC_REAL = 3
    DISC_FAKE = 4
    DISC_FOR_GEN = 5
    SAMPLE_GRID = 6
    EVALUATION = 7
    USER_SAMPLE = 8
    FLIP = 9
    GEN_LATENT = 10
    PENALTY = 11
    ENCODE = 12
    NOISE = 13
    REAL_FOR_GEN = 14
    LEVEL = 15
    SCORE = 16
    ROLLBACK = 17
    GEN_DROPOUT = 18
    POOL = 19
    INSTANCE_NOISE = 20
    LABEL_FLIPS = 21
    SOURCE_NOISE = 22
    TARGET = 23
    INVERSE = 24


def root(seed: int) -> jax.Array:
    """The key that every stream of a run with this seed comes from."""
    return jax.random.key(seed)


def after_rollback(root_key: jax.Array, number: int) -> jax.Array:
    """The root key that training goes on with after its `number`-th rollback; 0 is none."""
    return at_step(root_key, Purpose.ROLLBACK, number) if number else root_key


def stream(root_key: jax.Array, purpose: Purpose) -> jax.Array:
    """The stream for one purpose; `fold_in` a step or an example number before use."""
    return jax.random.fold_in(root_key, int(purpose))


def at_step(root_key: jax.Array, purpose: Purpose, step: jax.Array | int) -> jax.Array:
    """The key of one purpose at one training step."""
    return jax.random.fold_in(stream(root_key, purpose), step)


def per_example(key: jax.Array, examples: jax.Array) -> jax.Array:
    """One key for each example number. `examples`: int [n]. Returns keys [n].

    An example's key depends on its own number alone, so it draws the same whatever is drawn
    beside it.
    """
    return jax.vmap(jax.random.fold_in, in_axes=(None, 0))(key, examples)
