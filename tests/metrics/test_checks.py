"""What each metric refuses, and how it says so."""

import numpy as np
import pytest
from formula_features import FAKE, REAL

from gan_jax.errors import UserError
from gan_jax.metrics import (
    checks,
    classes,
    frechet,
    kernel,
    likelihood,
    moments,
    neighbours,
    prd,
    similarity,
    sliced,
    support,
)

ALONG = sliced.directions(3, 8, seed=0)
OF_TWO = {
    "frechet": frechet.of_features,
    "infinity": lambda x, y: frechet.infinity(x, y, seed=0),
    "kernel": kernel.distance,
    "biased": kernel.biased,
    "with_error": kernel.with_error,
    "scaled": kernel.scaled,
    "cmmd": kernel.cmmd,
    "nearest": neighbours.nearest,
    "giqa": neighbours.giqa,
    "two_sample": neighbours.two_sample,
    "authenticity": neighbours.authenticity,
    "copying": lambda x, y: neighbours.copying(x, x, y),
    "overlap": support.overlap,
    "realism": support.realism,
    "prd": prd.of_features,
    "sliced": lambda x, y: sliced.squared(x, y, ALONG),
    "mind": lambda x, y: sliced.mind(x, y, ALONG),
    "likelihood": lambda x, y: likelihood.score(x, x, y),
    "nll": lambda x, y: likelihood.nll(x, x, y),
}
OF_ONE = {
    "moments": moments.of,
    "streamed": lambda x: moments.streamed([x]),
    "radii": lambda x: neighbours.radii(x, 3),
    "vendi": similarity.vendi,
    "classes": classes.score,
}


def broken(x, value):
    x = x.copy()
    x[3, 2] = x[3, 5] = x[7, 0] = value
    return x


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("name", OF_TWO)
def test_features_that_are_not_finite_are_refused(name, value):
    said = r"takes finite features, but 2 of {} samples have NaN or infinite ones: look"
    with pytest.raises(UserError, match=said.format(48)):
        OF_TWO[name](REAL, broken(FAKE, value))
    with pytest.raises(UserError, match=said.format(64)):
        OF_TWO[name](broken(REAL, value), FAKE)


@pytest.mark.parametrize("name", OF_ONE)
def test_features_alone_that_are_not_finite_are_refused(name):
    with pytest.raises(UserError, match="takes finite features, but 2 of 64 samples"):
        OF_ONE[name](broken(REAL, np.nan))


@pytest.mark.parametrize("name", OF_TWO)
def test_features_of_two_spaces_are_refused(name):
    said = "of one space, but these have (8 and 7|7 and 8) dimensions"
    with pytest.raises(UserError, match=said):
        OF_TWO[name](REAL, FAKE[:, :7])


def test_moments_of_two_spaces_are_refused():
    a, b = moments.of(REAL), moments.of(FAKE[:, :7])
    for compare in (moments.merge, frechet.distance):
        with pytest.raises(UserError, match="8 and 7 dimensions"):
            compare(a, b)


@pytest.mark.parametrize(
    ("least", "has", "call"),
    [
        (2, 1, lambda: moments.of(REAL[:1]).covariance),
        (1, 0, lambda: moments.of(REAL[:0])),
        (1, 0, lambda: moments.streamed([])),
        (2, 1, lambda: frechet.of_features(REAL, FAKE[:1])),
        (10, 9, lambda: frechet.infinity(REAL, FAKE[:9], seed=0)),
        (2, 1, lambda: kernel.distance(REAL[:1], FAKE)),
        (20, 19, lambda: kernel.with_error(REAL, FAKE[:19])),
        (4, 3, lambda: neighbours.radii(REAL[:3], 3)),
        (5, 4, lambda: neighbours.giqa(REAL[:4], FAKE)),
        (6, 5, lambda: support.overlap(REAL[:5], FAKE)),
        (4, 3, lambda: support.overlap(REAL, FAKE[:3])),
        (4, 3, lambda: support.realism(REAL[:3], FAKE)),
        (20, 19, lambda: prd.of_features(REAL, FAKE[:19])),
        (4, 3, lambda: likelihood.score(REAL[:3], REAL, FAKE)),
        (2, 1, lambda: likelihood.nll(REAL, REAL[:1], FAKE)),
        (3, 2, lambda: classes.score(REAL[:2], splits=3)),
        (2, 1, lambda: similarity.diversity(np.zeros((1, 8, 8, 1)), 5, seed=0)),
    ],
)
def test_too_few_samples_are_counted(least, has, call):
    with pytest.raises(
        UserError, match=rf"takes {least} or more (samples|fakes|images), not {has}"
    ):
        call()


def test_features_of_another_rank_are_refused():
    with pytest.raises(UserError, match=r"takes features \[n, d\], but these are \[8, 8, 1\]"):
        moments.of(np.zeros((8, 8, 1)))


def test_features_of_any_kind_become_float64():
    for kind in (np.float16, np.float32, np.float64, np.uint8):
        assert checks.features(np.ones((2, 3), kind), "A test").dtype == np.float64


@pytest.mark.parametrize("name", OF_TWO)
def test_float32_features_say_what_they_say_in_float64(name):
    x, y = REAL.astype(np.float32), FAKE.astype(np.float32)
    single, double = OF_TWO[name](x, y), OF_TWO[name](x.astype(np.float64), y.astype(np.float64))
    for a, b in zip(flat(single), flat(double), strict=True):
        np.testing.assert_array_equal(a, b)
    for a, b in zip(flat(single), flat(OF_TWO[name](REAL, FAKE)), strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-7)


def flat(found):
    return found if isinstance(found, tuple) else (found,)
