"""How often a classifier of real images predicts the requested class of a run's samples.

    python -m benchmarks.agreement --workdir=RUN

The classifier (three convolutions of stride 2 and a dense layer; Adam, learning rate 1e-3, batches
of 128) is trained on the run's training images for `--epochs`, with `--seed`. Printed are its
accuracies, overall and by class, on the test images, an upper bound, and on samples of the averaged
G at the last checkpoint, the same number for each class.
"""

import argparse

import numpy as np

from benchmarks.report import aligned
from gan_jax import keys
from gan_jax.keys import Purpose
from gan_jax.methods import sampling
from gan_jax.metrics.agreement import learn, shares
from gan_jax.run import runs
from gan_jax.system.memory import keep_freed_memory


def main() -> None:
    parser = argparse.ArgumentParser(description="Classifies a run's samples.")
    parser.add_argument("--workdir", required=True)
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    keep_freed_memory()
    run = runs.open_run(given.workdir)
    count = run.config.data.num_classes
    if not count:
        raise SystemExit("benchmarks: this run's networks are unconditional; choose another run.")
    data = runs.dataset(run)
    kind = run.config.data.kind
    read = learn(data.train, kind, count, given.epochs, given.seed)
    key = keys.stream(keys.root(given.seed), Purpose.USER_SAMPLE)
    images = sampling.sampler(run.config, run.method)(run.state, key, given.samples)
    asked = np.asarray(sampling.requested(run.config, np.arange(given.samples)).label)
    print(f"{run.config.experiment} at step {run.step:,}, accuracy by requested class, %:")
    rows = [
        ("test images", shares(read(data.test.x), data.test.label, count)),
        ("samples", shares(read(images), asked, count)),
    ]
    lines = [(name, *(f"{100 * share:.1f}" for share in found)) for name, found in rows]
    print(aligned([("", "all", *data.class_names), *lines]))


if __name__ == "__main__":
    main()
