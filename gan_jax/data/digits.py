"""The 1,797 handwritten digits, 8x8 and gray, that ship with scikit-learn."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

from gan_jax.data.dataset import Dataset, dataset
from gan_jax.data.pictures import fit
from gan_jax.data.source import PictureSource
from gan_jax.method import Example

TEST_IMAGES = 297


@dataclass(frozen=True)
class Digits(PictureSource, name="digits"):
    """Scikit-learn's digits, which need no download."""

    def load(self) -> Dataset:
        """Resized to the configured shape; the last 297 are test images."""
        from sklearn.datasets import load_digits

        pixels, labels = load_digits(return_X_y=True)
        gray = (
            np.round(pixels * (255 / 16)).astype(np.uint8).reshape(-1, 8, 8)
        )  # 0 to 16 in the file
        shape = (self.height, self.width, self.channels)
        images = np.stack([fit(Image.fromarray(digit), *shape) for digit in gray])
        labels = labels.astype(np.int32)
        return dataset(
            Example(images[:-TEST_IMAGES], labels[:-TEST_IMAGES]),
            Example(images[-TEST_IMAGES:], labels[-TEST_IMAGES:]),
            tuple(str(digit) for digit in range(10)),
            (f"{len(images)} handwritten digits from scikit-learn, resized from 8x8.",),
        )
