"""How often a classifier of real images reads in a run's samples the class that was asked for.

    python -m benchmarks.agreement --workdir=RUN

The classifier (three convolutions of stride 2 and a dense layer, Adam with rate 1e-3, batches of
128) learns from the run's training images for `--epochs`, by `--seed`. Printed are its accuracy on
the test images, which bounds what it can say, and on samples of the averaged G at the last
checkpoint, of which each class has as many; of each class too.
"""

import argparse
from collections.abc import Callable

import flax.linen as nn
import jax
import numpy as np
import optax

from benchmarks.report import aligned
from gan_jax import keys, ops
from gan_jax.data import Split
from gan_jax.devices import parallel
from gan_jax.keys import Purpose
from gan_jax.methods import sampling
from gan_jax.run import runs
from gan_jax.system.memory import keep_freed_memory

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
    split: Split, num_classes: int, epochs: int, seed: int
) -> Callable[[np.ndarray], np.ndarray]:
    """A classifier trained on a split: uint8 images [n, h, w, c] to the classes that it reads."""
    model, optimizer = Classifier(num_classes), optax.adam(1e-3)
    params = model.init(jax.random.key(seed), parallel.unit_range(split.images[:1]))

    def loss(params, images, labels):
        logits = model.apply(params, parallel.unit_range(images))
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

    @jax.jit
    def step(params, state, images, labels):
        updates, state = optimizer.update(jax.grad(loss)(params, images, labels), state)
        return optax.apply_updates(params, updates), state

    state, order = optimizer.init(params), np.random.default_rng(seed)
    for _ in range(epochs):
        shuffled = order.permutation(len(split.images))
        for first in range(0, len(shuffled) - BATCH + 1, BATCH):
            chosen = shuffled[first : first + BATCH]
            params, state = step(params, state, split.images[chosen], split.labels[chosen])
    read = jax.jit(lambda x: model.apply(params, parallel.unit_range(x)).argmax(axis=1))

    def classes(images: np.ndarray) -> np.ndarray:
        parts = range(0, len(images), BATCH)
        return np.concatenate([read(images[first : first + BATCH]) for first in parts])

    return classes


def shares(read: np.ndarray, asked: np.ndarray, num_classes: int) -> list[float]:
    """Of all examples and of each class, the share that is read as what was asked for."""
    right = read == asked
    return [right.mean(), *(right[asked == number].mean() for number in range(num_classes))]


def main() -> None:
    parser = argparse.ArgumentParser(description="Reads the classes of a run's samples.")
    parser.add_argument("--workdir", required=True)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    keep_freed_memory()
    run = runs.open_run(given.workdir)
    count = run.config.data.num_classes
    if not count:
        raise SystemExit("benchmarks: this run's networks are told no classes; choose another run.")
    data = runs.dataset(run)
    read = learn(data.train, count, given.epochs, given.seed)
    key = keys.stream(keys.root(given.seed), Purpose.USER_SAMPLE)
    images = sampling.sampler(run.config, run.method)(run.state, key, given.samples)
    asked = np.asarray(sampling.sample_labels(run.config, 0, given.samples))
    print(f"{run.config.experiment} at step {run.step:,}, share read as the class asked for, %:")
    rows = [
        ("test images", shares(read(data.test.images), data.test.labels, count)),
        ("samples", shares(read(images), asked, count)),
    ]
    lines = [(name, *(f"{100 * share:.1f}" for share in found)) for name, found in rows]
    print(aligned([("", "all", *data.class_names), *lines]))


if __name__ == "__main__":
    main()
