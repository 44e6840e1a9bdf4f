"""What the features that a metric takes must be."""

import numpy as np

from gan_jax.errors import UserError


def features(x: np.ndarray, purpose: str, least: int = 1) -> np.ndarray:
    """Features [n, d] in float64; `purpose` names the metric in the errors.

    Raises `UserError` for values that are not finite, and for fewer than `least` rows.
    """
    x = np.asarray(x, np.float64)
    if x.ndim != 2:
        raise UserError(f"{purpose} takes features [n, d], but these are {list(x.shape)}.")
    if len(x) < least:
        raise UserError(f"{purpose} takes {least} or more samples, not {len(x)}.")
    broken = len(x) - np.count_nonzero(np.isfinite(x).all(axis=1))
    if broken:
        raise UserError(
            f"{purpose} takes finite features, but {broken} of {len(x)} samples have NaN or "
            "infinite ones: look for a run that diverged."
        )
    return x


def pair(
    x: np.ndarray, y: np.ndarray, purpose: str, least_x: int = 1, least_y: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    """Features [n, d] and [m, d] of one space, as `features` returns them."""
    x, y = features(x, purpose, least_x), features(y, purpose, least_y)
    same_space(x, y, purpose)
    return x, y


def same_space(x: np.ndarray, y: np.ndarray, purpose: str) -> None:
    """Raises `UserError` where the last axes of [..., d] and [..., e] differ."""
    if x.shape[-1] != y.shape[-1]:
        raise UserError(
            f"{purpose} compares features of one space, but these have {x.shape[-1]} and "
            f"{y.shape[-1]} dimensions."
        )
