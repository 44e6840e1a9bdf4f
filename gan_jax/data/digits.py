"""The 1,797 handwritten digits, 8x8 and gray, that ship with scikit-learn."""

import numpy as np
from PIL import Image

from gan_jax.config import Data
from gan_jax.data.dataset import Dataset, Split, dataset
from gan_jax.data.pictures import fit

TEST_IMAGES = 297


def load(config: Data) -> Dataset:
    """Resized to the configured shape; the last 297 are test images."""
    from sklearn.datasets import load_digits

    pixels, labels = load_digits(return_X_y=True)
    gray = np.round(pixels * (255 / 16)).astype(np.uint8).reshape(-1, 8, 8)  # 0 to 16 in the file
    shape = (config.height, config.width, config.channels)
    images = np.stack([fit(Image.fromarray(digit), *shape) for digit in gray])
    labels = labels.astype(np.int32)
    return dataset(
        Split(images[:-TEST_IMAGES], labels[:-TEST_IMAGES]),
        Split(images[-TEST_IMAGES:], labels[-TEST_IMAGES:]),
        tuple(str(digit) for digit in range(10)),
        (f"{len(images)} handwritten digits from scikit-learn, resized from 8x8.",),
    )
