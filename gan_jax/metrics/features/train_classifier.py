"""Makes the classifiers that are in the repository; two files of less than 700 kB together.

python -m gan_jax.metrics.features.train_classifier --name=mnist
python -m gan_jax.metrics.features.train_classifier --name=cifar10
"""

import argparse
from pathlib import Path

from gan_jax import data as data_lib
from gan_jax.data import TFDS
from gan_jax.metrics.features import classifier

SOURCES = {
    "mnist": TFDS(name="mnist", height=28, width=28, channels=1),
    "cifar10": TFDS(name="cifar10"),
}
FEATURES = {"mnist": (16, 32, 64, 128), "cifar10": classifier.OTHERS}
MIRRORED = {"mnist": False, "cifar10": True}


def main() -> None:
    """Trains one, and writes its file beside this module."""
    parser = argparse.ArgumentParser(description="Trains a classifier for scores.")
    parser.add_argument("--name", choices=list(FEATURES), required=True)
    parser.add_argument("--epochs", type=int, default=classifier.EPOCHS)
    given = parser.parse_args()
    source = SOURCES[given.name]
    data = data_lib.load(source.absolute())
    features, mirrored = FEATURES[given.name], MIRRORED[given.name]
    trained = classifier.tested(classifier.train(data, features, mirrored, given.epochs), data)
    path = Path(__file__).parent / f"{given.name}.npz"
    path.write_bytes(classifier.write(trained))
    size = f"{path.stat().st_size:,} bytes"
    print(f"{path.name}: {trained.digest}, test accuracy {trained.accuracy:.4f}, {size}")


if __name__ == "__main__":
    main()
