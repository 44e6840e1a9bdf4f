"""Features that are formulas, not draws, so that golden values hold for any random generator."""

import numpy as np


def features(n, d, phase, rate, weight):
    i, j = np.arange(n)[:, None], np.arange(d)
    return np.sin(phase + rate * i * (j + 1)) + weight * np.cos(0.11 * i * (j + 2))


def real(n, d):
    return features(n, d, 1.0, 0.37, 0.3)


def fake(n, d):
    return 0.8 * features(n, d, 2.0, 0.41, 0.3) + 0.5


REAL, FAKE, AS_MANY = real(64, 8), fake(48, 8), fake(64, 8)
WIDE_REAL, WIDE_FAKE = real(20, 50), fake(15, 50)
"""Fewer samples than dimensions."""


def pictures(n, side):
    """Whole numbers in [0, 255], [n, side, side, 3]."""
    i, c = np.arange(n)[:, None, None, None], np.arange(3)
    y, x = np.arange(side)[:, None, None], np.arange(side)[:, None]
    shared = 90 * np.sin((6 * x + 4 * y * (c + 1)) / side)
    return np.floor(127.5 + shared + 30 * np.sin(9 * (i + 1) * x / side + i))


def normal(seed, *shape):
    return np.random.default_rng(seed).normal(size=shape)


def rotation(d):
    """A fixed orthogonal matrix [d, d]."""
    return np.linalg.qr(normal(0, d, d))[0]
