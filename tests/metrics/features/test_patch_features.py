import numpy as np
import pytest

from gan_jax.data import Digits, ProceduralCars, dataset
from gan_jax.data.points import Points
from gan_jax.method import Example
from gan_jax.metrics.features import Patches, patches


def pictures(count=64, side=16, channels=3):
    i, y, x, c = np.ogrid[:count, :side, :side, :channels]
    waves = 80 * np.sin((1 + i % 7) * x / 5 + y / (2 + c) + i)
    return np.floor(127.5 + waves + 40 * np.cos(y * (1 + i % 5) / 3 + c * i)).astype(np.uint8)


def by_definition(filters, images):
    """Every window cut out, normalised and multiplied, in float64."""
    kernel = filters.kernel.reshape(-1, patches.FILTERS)
    windows = np.lib.stride_tricks.sliding_window_view(
        images / 127.5 - 1, (patches.SIDE, patches.SIDE), axis=(1, 2)
    )
    flat = windows.transpose(0, 1, 2, 4, 5, 3).reshape(len(images), -1, len(kernel))
    centred = flat - flat.mean(axis=2, keepdims=True)
    normal = centred / np.sqrt(flat.var(axis=2, ddof=1, keepdims=True) + patches.CONTRAST)
    z = normal @ kernel - filters.offset
    return np.concatenate([np.maximum(s * z - 0.5, 0).mean(axis=1) for s in (1, -1)], axis=1)


@pytest.mark.parametrize(
    ("channels", "squares", "mean", "norm"),
    [
        (3, 329.588334808952, 0.15905957282862315, 5.674053823656932),
        (1, 284.5087098483192, 0.17570809369279988, 5.677696443160714),
    ],
)
def test_filters_and_features_are_those_of_the_definition(channels, squares, mean, norm):
    images = pictures(channels=channels)
    filters = patches.fit(images)
    assert (filters.kernel**2).sum() == pytest.approx(squares, rel=1e-9)
    slow = by_definition(filters, images)
    assert slow.mean() == pytest.approx(mean, rel=1e-9)
    assert np.linalg.norm(slow[0]) == pytest.approx(norm, rel=1e-9)
    fast = np.asarray(patches.features(filters, images))
    assert fast.shape == (64, 512)
    np.testing.assert_allclose(fast, slow, atol=2e-6)


def test_the_first_features_are_known():
    images = pictures()
    found = np.asarray(patches.features(patches.fit(images), images[:1]))[0, :4]
    np.testing.assert_allclose(found, [0, 0.25096514, 0.00602111, 0.00542951], atol=1e-6)


def test_large_images_are_reduced_first_and_small_ones_never():
    assert patches._reduced(128, 96) == (64, 48)
    assert patches._reduced(32, 64) == (32, 64)
    large = np.repeat(np.repeat(pictures(4), 8, axis=1), 8, axis=2)  # 128x128
    filters = patches.fit(large)
    assert np.asarray(patches.features(filters, large)).shape == (4, 512)


def extractor(source, x):
    return Patches().extractor(dataset(Example(x), None, (), ()), source)


def test_what_has_no_patches_is_compared_as_it_is():
    points = extractor(Points(), np.zeros((50, 2), np.float32))
    assert (points.name, points.dims) == ("points", 2)
    tiny = extractor(Digits(height=4, width=4, channels=1), pictures(8, 4, 1))
    assert tiny.name.startswith("pixels-4x4-")
    flat = np.full((8, 16, 16, 3), 99, np.uint8)
    assert extractor(ProceduralCars(height=16, width=16), flat).name.startswith("pixels-8x8-")


def test_a_space_has_the_name_of_its_training_images():
    source = ProceduralCars(height=16, width=16)
    one, other = extractor(source, pictures()), extractor(source, pictures(63))
    assert one.name != other.name and one.name == extractor(source, pictures()).name
