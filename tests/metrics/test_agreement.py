import numpy as np
import pytest

from gan_jax.data import kinds
from gan_jax.method import Example
from gan_jax.metrics import agreement


def test_a_classifier_learns_bright_from_dark_and_its_agreement_is_counted():
    draw = np.random.default_rng(0)
    labels = np.arange(512, dtype=np.int32) % 2
    noise = draw.integers(0, 100, (512, 8, 8, 1))
    images = (noise + 120 * labels[:, None, None, None]).astype(np.uint8)
    read = agreement.learn(Example(images, labels), kinds.Picture(8, 8, 1), 2, epochs=2, seed=0)(
        images[:200]
    )
    asked = np.array([0] * 150 + [1] * 50)
    right = (labels[:200] == asked).mean()
    found = agreement.shares(read, asked, 2)
    assert found == pytest.approx([right, 75 / 150, 25 / 50])


def test_shares_are_of_what_was_asked_for_in_each_class():
    read, asked = np.array([0, 1, 1, 2, 2, 2]), np.array([0, 0, 1, 2, 1, 2])
    assert agreement.shares(read, asked, 3) == pytest.approx([4 / 6, 1 / 2, 1 / 2, 1.0])
