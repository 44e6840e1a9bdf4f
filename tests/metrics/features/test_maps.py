"""Maps of networks, by which content is compared."""

import jax
import numpy as np
import pytest

from gan_jax.data import TFDS, Digits, StackedMNIST
from gan_jax.errors import UserError
from gan_jax.metrics.features import Classifier, Inception, Patches, classifier
from gan_jax.objectives.content import Content

CIFAR = TFDS(name="cifar10", height=32, width=32, channels=3)
X = jax.random.uniform(jax.random.key(0), (2, 32, 32, 3), minval=-1.0, maxval=1.0)


def test_the_maps_of_the_classifier_are_those_whose_means_are_its_features():
    maps = Classifier().maps(CIFAR)
    found = maps.apply(maps.params, X)
    assert found.shape == (2, 4, 4, 128)
    network = classifier.Network(
        tuple(k["kernel"].shape[-1] for k in maps.params["params"].values())
    )
    np.testing.assert_allclose(found.mean((1, 2)), network.apply(maps.params, X), rtol=1e-5)


def test_the_term_is_the_mean_squared_difference_of_maps_and_has_a_gradient():
    maps, made = Classifier().maps(CIFAR), X[:, ::-1]

    @jax.jit
    def found(made):
        term = jax.value_and_grad(
            lambda made: Content(l1=2, features=3)(made, X, CIFAR), has_aux=True
        )
        return term(made), maps.apply(maps.params, made), maps.apply(maps.params, X)

    ((value, reports), gradient), *both = found(made)
    squares = float(((both[0] - both[1]) ** 2).mean())
    assert float(reports["g/features"]) == pytest.approx(squares, rel=1e-5)
    expected = 2 * float(reports["g/l1"]) + 3 * squares
    assert float(value) == pytest.approx(expected, rel=1e-5)
    by_l1 = 2 / made.size
    assert np.isfinite(gradient).all()
    assert np.abs(gradient).max() > 2 * by_l1


@pytest.mark.parametrize(
    ("space", "source", "sentence"),
    [
        (Classifier(), Digits(), "has networks for MNIST and CIFAR-10 in their own sizes; set"),
        (Classifier(), TFDS(name="cifar10", height=16, width=16, channels=3), "in their own sizes"),
        (Classifier(), StackedMNIST(), "has networks for MNIST and CIFAR-10"),
        (Inception(), CIFAR, r"needs its weights; .*--set=content\.space\.path=FILE"),
        (Patches(), CIFAR, "content.space.name=patches has no network's maps; set it to"),
    ],
)
def test_where_there_are_none_a_sentence_says_what_to_set(space, source, sentence):
    with pytest.raises(UserError, match=sentence):
        space.maps(source)
