"""Feature likelihood divergence, FLD (Jiralerspong et al. 2023, arXiv 2302.04440): how likely
held-out data are under a mixture of Gaussians at the fakes.

Fakes that lie off the data, that miss a part of them, or that copy training data all make it large:
the variance of each Gaussian is fitted to the training data, so that a copy gets a narrow one,
which no held-out sample is likely under.
"""

import numpy as np

from gan_jax.errors import UserError
from gan_jax.metrics import checks
from gan_jax.metrics.distances import squared

_EPOCHS, _RATE, _DECAYS = 50, 0.5, (0.9, 0.999)
_STILL, _PATIENCE = 5e-4, 5
_LARGEST = 40.0
_FLOOR_SHARE = 0.9**2


def score(train: np.ndarray, held_out: np.ndarray, fake: np.ndarray, seed: int = 0) -> float:
    """100 times the difference of `nll` with the fakes [m, d] from that with one half of the
    training data [n, d], fitted to the other half, both of held-out data [h, d]; 0 is as good as
    data. The halves are drawn by `seed`."""
    train = checks.features(train, "FLD", least=4)
    order = np.random.default_rng(seed).permutation(len(train))
    size = min(len(fake), len(train) // 2)
    half, rest = train[order[:size]], train[order[size:]]
    return 100 * (nll(train, held_out, fake) - nll(rest, held_out, half))


def nll(train: np.ndarray, held_out: np.ndarray, fake: np.ndarray) -> float:
    """The negative log-likelihood per dimension of held-out data [h, d] under the mixture at fakes
    [m, d] that is fitted to training data [n, d].

    All are standardised by the held-out data; dimensions that do not vary there are left out. The
    distances [n, m] are computed in each of up to 50 epochs, for they rarely fit into memory.
    """
    held_out, fake = checks.pair(held_out, fake, "FLD", least_x=2)
    _, train = checks.pair(held_out, train, "FLD", least_y=2)
    mean, deviation = held_out.mean(axis=0), held_out.std(axis=0, ddof=1)
    varies = np.ptp(held_out, axis=0) > 0
    if not varies.any():
        raise UserError("FLD needs held-out features that vary, but all of them are equal.")
    train, held_out, fake = (
        ((z - mean)[:, varies] / deviation[varies]) for z in (train, held_out, fake)
    )
    return mixture_nll(held_out, fake, fit(fake, train))


def mixture_nll(x: np.ndarray, centres: np.ndarray, log_variances: np.ndarray) -> float:
    """The mean negative log-likelihood per dimension of [n, d] under equally likely isotropic
    Gaussians at centres [m, d] with log variances [m]."""
    x, centres = checks.pair(x, centres, "A mixture")
    logs = [
        _log_sum(_log_terms(block, log_variances, x.shape[1])) for _, block in squared(x, centres)
    ]
    return float((np.log(len(centres)) - np.concatenate(logs).mean()) / x.shape[1])


def fit(centres: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Log variances [m] of Gaussians at centres [m, d] under which x [n, d] is likely.

    By Adam on all of x, from the distances to the nearest samples, until the loss rests. A further
    component at the mean of x, which only the fit sees, explains what is far from all centres, so
    that none widens for its sake. Constants are those of the paper's code.
    """
    x, centres = checks.pair(x, centres, "The fit of a mixture")
    nearest = np.min([block.min(axis=0) for _, block in squared(x, centres)], axis=0)
    at_mean = _FLOOR_SHARE * ((x - x.mean(axis=0)) ** 2).sum(axis=1)
    logs = np.append(np.log((nearest + 1e-3) / x.shape[1]), 0.0)
    first, second, losses = np.zeros_like(logs), np.zeros_like(logs), np.empty(_EPOCHS)
    for epoch in range(_EPOCHS):
        losses[epoch], gradient = _loss(logs, centres, x, at_mean)
        first += (1 - _DECAYS[0]) * (gradient - first)
        second += (1 - _DECAYS[1]) * (gradient**2 - second)
        mean, square = (
            first / (1 - _DECAYS[0] ** (epoch + 1)),
            second / (1 - _DECAYS[1] ** (epoch + 1)),
        )
        logs -= _RATE * mean / (np.sqrt(square) + 1e-8)
        logs[:-1] = logs[:-1].clip(-_LARGEST, _LARGEST)
        recent = losses[epoch - _PATIENCE + 1 : epoch]
        if epoch > _PATIENCE and np.abs(recent - losses[epoch]).max() < _STILL:
            break
    return logs[:-1]


def _loss(
    logs: np.ndarray, centres: np.ndarray, x: np.ndarray, at_mean: np.ndarray
) -> tuple[float, np.ndarray]:
    """The loss of x per dimension and its gradient in all log variances [m + 1]."""
    (n, d), loss, gradient = x.shape, 0.0, np.zeros_like(logs)
    log_weights = np.append(np.full(len(centres), -np.log(len(centres))), 0.0)
    for rows, block in squared(x, centres):
        block = np.concatenate([block, at_mean[rows, None]], axis=1)
        terms = _log_terms(block, logs, d) + log_weights
        totals = _log_sum(terms)
        loss -= totals.sum()
        shares = np.exp(terms - totals[:, None])
        gradient += (shares * (d - block / np.exp(logs))).sum(axis=0) / 2
    return loss / (n * d), gradient / (n * d)


def _log_terms(block: np.ndarray, log_variances: np.ndarray, dims: int) -> np.ndarray:
    """Log densities of squared distances [n, m]."""
    constants = dims / 2 * (log_variances + np.log(2 * np.pi))
    return -0.5 * block / np.exp(log_variances) - constants


def _log_sum(terms: np.ndarray) -> np.ndarray:
    largest = terms.max(axis=1)
    return largest + np.log(np.exp(terms - largest[:, None]).sum(axis=1))
