"""Three digits as one image, and the classifier of each."""

import dataclasses

import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax import data
from gan_jax.config import override
from gan_jax.data import TFDS, StackedMNIST, stacked_mnist
from gan_jax.errors import UserError
from gan_jax.method import Example
from gan_jax.methods import GAN
from gan_jax.metrics import classes
from gan_jax.metrics.features import Classifier
from gan_jax.metrics.features import classifier as classifier_lib
from gan_jax.metrics.scores import Compared, measure


def digits(count=30):
    """Images that are 10 times their label, and a corner that is their number."""
    labels = np.arange(count, dtype=np.int32) % 10
    images = np.broadcast_to(10 * labels[:, None, None, None], (count, 28, 28, 1)).astype(np.uint8)
    images[:, 0, 0, 0] = np.arange(count)
    return Example(images, labels)


@pytest.fixture
def source(monkeypatch):
    made = data.dataset(digits(), digits(20), tuple(map(str, range(10))), ())
    monkeypatch.setattr(TFDS, "load", lambda self: made)
    monkeypatch.setattr(stacked_mnist, "TRAIN_IMAGES", 500)
    monkeypatch.setattr(stacked_mnist, "TEST_IMAGES", 40)
    return StackedMNIST()


def test_each_channel_is_a_digit_and_the_label_names_all_three(source):
    found = source.load()
    assert found.train.x.shape == (500, 28, 28, 3)
    assert found.test.x.shape == (40, 28, 28, 3)
    of_pixels = found.train.x[:, 5, 5].astype(int) // 10
    np.testing.assert_array_equal(of_pixels @ [100, 10, 1], found.train.label)
    names = [found.class_names[label] for label in found.train.label]
    assert names == ["".join(map(str, triple)) for triple in of_pixels]
    assert len(found.class_names) == 1000


def test_digits_are_drawn_evenly_and_apart(source):
    numbers = source.load().train.x[:, 0, 0]
    counts = np.bincount(numbers.ravel(), minlength=30)
    assert (abs(counts - 50) < 5 * np.sqrt(50)).all()
    for a, b in ((0, 1), (1, 2), (0, 2)):
        assert (numbers[:, a] == numbers[:, b]).mean() < 0.1


def test_more_images_leave_the_earlier_ones_and_test_images_are_others():
    few, many = (stacked_mnist.stacked(digits(), 0, count, 10) for count in (20, 50))
    np.testing.assert_array_equal(few.x, many.x[:20])
    np.testing.assert_array_equal(few.label, many.label[:20])
    assert (stacked_mnist.stacked(digits(), 1, 20, 10).label != few.label).any()


def test_the_classifier_sees_each_channel_as_it_would_see_it_alone(source):
    extractor = Classifier().extractor(source.load(), source)
    gray = classifier_lib._shipped("mnist")
    images = np.random.default_rng(0).integers(256, size=(6, 28, 28, 3), dtype=np.uint8)
    found = np.asarray(extractor.apply(extractor.params, jnp.asarray(images)))
    alone = Classifier().extractor(
        source.load(), TFDS(name="mnist", height=28, width=28, channels=1)
    )
    of_each = [
        np.asarray(alone.apply(alone.params, jnp.asarray(images[..., c : c + 1]))) for c in range(3)
    ]
    np.testing.assert_allclose(found, np.concatenate(of_each, axis=1), rtol=1e-5, atol=1e-6)
    logits = extractor.head.logits(found)
    parts = [gray.head.logits(features) for features in of_each]
    seen = logits.argmax(axis=1)
    np.testing.assert_array_equal(seen, [100, 10, 1] @ np.array([p.argmax(axis=1) for p in parts]))
    whole = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    logs = [part - np.logaddexp.reduce(part, axis=1, keepdims=True) for part in parts]
    product = logs[0][:, :, None, None] + logs[1][:, None, :, None] + logs[2][:, None, None, :]
    np.testing.assert_allclose(whole, product.reshape(6, -1), atol=1e-3)
    assert extractor.head.class_names[427] == "427"
    assert extractor.dims == found.shape[1] == len(extractor.head.kernel)


def test_the_classifier_is_that_of_mnist_and_of_no_other_digits():
    assert classifier_lib.is_shipped(StackedMNIST())
    assert classifier_lib.is_shipped(TFDS(name="mnist", height=28, width=28, channels=1))
    assert not classifier_lib.is_shipped(TFDS(name="mnist", height=28, width=28))
    assert not classifier_lib.is_shipped(StackedMNIST(name="fashion_mnist"))
    assert not classifier_lib.is_shipped(StackedMNIST(height=32, width=32))
    assert not classifier_lib.is_shipped(data.Digits(height=28, width=28, channels=1))


def test_modes_are_of_all_labels_however_few_real_images_are_compared(source):
    extractor = Classifier().extractor(source.load(), source)
    random = np.random.default_rng(0)
    fake = random.normal(size=(50, extractor.dims)).astype(np.float32)
    shares = np.arange(1, 1001)
    labels = np.repeat(np.arange(1000), shares)
    found = measure(("classes",), Compared(extractor, fake[:5], fake, real_labels=labels))
    expected = classes.modes(extractor.head.logits(fake).argmax(axis=1), shares / shares.sum())
    assert found["modes"].value == expected.hit
    assert found["kl"].value == pytest.approx(expected.corrected, rel=1e-12)


def test_it_is_in_colour_and_found_where_mnist_is(tmp_path):
    with pytest.raises(UserError, match=r"data\.channels"):
        override(GAN(), {"data.source": "stacked_mnist", "data.channels": 1})
    assert data.describe(StackedMNIST()) == "stacked_mnist"
    missing = dataclasses.replace(StackedMNIST(), data_dir=str(tmp_path))
    with pytest.raises(UserError, match=r"mnist is not in .*; give --data_dir"):
        missing.check()
