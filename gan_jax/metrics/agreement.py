"""How often a classifier of real images predicts the requested class of samples."""

from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

from gan_jax import ops
from gan_jax.data.kinds import Kind
from gan_jax.method import Example

BATCH = 128


class Classifier(nn.Module):
    """Images [n, h, w, c] in [-1, 1] to logits [n, classes]."""

    num_classes: int

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        for features in (32, 64, 128):
            x = nn.relu(ops.Conv(features, 3, stride=2)(x))
        return nn.Dense(self.num_classes)(x.reshape(len(x), -1))


def learn(
    examples: Example, kind: Kind, num_classes: int, epochs: int, seed: int
) -> Callable[[np.ndarray], np.ndarray]:
    """A classifier of stored examples: uint8 images [n, h, w, c] to predicted classes [n]."""
    model, optimizer = Classifier(num_classes), optax.adam(1e-3)
    params = model.init(jax.random.key(seed), kind.to_model(examples.x[:1]))

    def loss(params, images, labels):
        logits = model.apply(params, kind.to_model(images))
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

    @jax.jit
    def step(params, state, images, labels):
        updates, state = optimizer.update(jax.grad(loss)(params, images, labels), state)
        return optax.apply_updates(params, updates), state

    state, order = optimizer.init(params), np.random.default_rng(seed)
    for _ in range(epochs):
        shuffled = order.permutation(len(examples.x))
        for first in range(0, len(shuffled) - BATCH + 1, BATCH):
            chosen = shuffled[first : first + BATCH]
            params, state = step(params, state, examples.x[chosen], examples.label[chosen])
    read = jax.jit(lambda x: jnp.asarray(model.apply(params, kind.to_model(x))).argmax(axis=1))

    def classes(images: np.ndarray) -> np.ndarray:
        parts = range(0, len(images), BATCH)
        return np.concatenate([read(images[first : first + BATCH]) for first in parts])

    return classes


def shares(read: np.ndarray, asked: np.ndarray, num_classes: int) -> list[float]:
    """Accuracy over all examples [n], and over those of each requested class."""
    right = read == asked
    return [right.mean(), *(right[asked == number].mean() for number in range(num_classes))]
