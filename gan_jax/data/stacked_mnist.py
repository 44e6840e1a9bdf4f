"""Three digits of MNIST as the colours of one image, in 1,000 modes (Metz et al. 2016, arXiv
1611.02163, section 3.3.1; the numbers of images are those of PacGAN, arXiv 1712.04086)."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from gan_jax.config import Count
from gan_jax.data.dataset import Dataset, dataset
from gan_jax.data.tfds import TFDS
from gan_jax.method import Example

TRAIN_IMAGES, TEST_IMAGES = 128_000, 26_000


@dataclass(frozen=True)
class StackedMNIST(TFDS, name="stacked_mnist"):
    """128,000 triples of training digits and 26,000 of test digits, drawn with replacement; image i
    is the same whatever their number.

    The label of red a, green b and blue c is 100 a + 10 b + c.
    """

    name: str = "mnist"
    height: Count = 28
    width: Count = 28
    channels: Literal[3] = 3

    @property
    def where(self) -> str:
        return ""

    def load(self) -> Dataset:
        gray = TFDS(
            name=self.name,
            data_dir=self.data_dir,
            height=self.height,
            width=self.width,
            channels=1,
        )
        digits = gray.load()
        train, test = (
            stacked(examples, seed, count, len(digits.class_names))
            for seed, (examples, count) in enumerate(
                [(digits.train, TRAIN_IMAGES), (digits.test, TEST_IMAGES)]
            )
        )
        names = digits.class_names
        return dataset(
            train,
            test,
            tuple(a + b + c for a in names for b in names for c in names),
            (f"Stacked {len(train.x)} training and {len(test.x)} test images of three digits.",),
        )


def stacked(digits: Example, seed: int, count: int, num_classes: int) -> Example:
    """`count` triples of digits [m, h, w, 1], as images [count, h, w, 3] with labels."""
    random = np.random.default_rng(seed)
    chosen = random.integers(len(digits.x), size=(count, 3))
    images = np.stack([digits.x[chosen[:, channel], :, :, 0] for channel in range(3)], axis=-1)
    labels = digits.label[chosen] @ (num_classes ** np.arange(3)[::-1])
    return Example(images, labels.astype(np.int32))
