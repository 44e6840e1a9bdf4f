"""Mean and covariance of features, merged from parts in any order."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

import numpy as np

from gan_jax.errors import UserError
from gan_jax.metrics import checks


@dataclass(frozen=True)
class Moments:
    """The first two moments of `count` samples, in float64."""

    count: int
    mean: np.ndarray  # [d]
    m2: np.ndarray  # [d, d], the sum of the outer products of deviations from the mean

    @property
    def covariance(self) -> np.ndarray:
        """The unbiased covariance [d, d]. Raises `UserError` for a single sample."""
        if self.count < 2:
            raise UserError(f"A covariance takes 2 or more samples, not {self.count}.")
        return self.m2 / (self.count - 1)


def of(features: np.ndarray) -> Moments:
    """The moments of features [n, d]."""
    x = checks.features(features, "A mean")
    mean = x.mean(axis=0)
    centred = x - mean
    return Moments(len(x), mean, centred.T @ centred)


def merge(a: Moments, b: Moments) -> Moments:
    """The moments of the samples of both, with means [d] (Chan, Golub and LeVeque 1983, The
    American Statistician 37)."""
    checks.same_space(a.mean, b.mean, "A merge")
    count, apart = a.count + b.count, b.mean - a.mean
    between = np.outer(apart, apart) * (a.count * b.count / count)
    return Moments(count, a.mean + apart * (b.count / count), a.m2 + b.m2 + between)


def streamed(parts: Iterable[np.ndarray]) -> Moments:
    """The moments of features that come in parts [n_i, d]."""
    moments = map(of, parts)
    first = next(moments, None)
    if first is None:
        raise UserError("A mean takes 1 or more samples, not 0.")
    return reduce(merge, moments, first)
