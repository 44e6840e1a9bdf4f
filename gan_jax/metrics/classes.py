"""Scores of samples by what a classifier takes them for."""

from itertools import pairwise
from typing import NamedTuple

import numpy as np

from gan_jax.errors import UserError
from gan_jax.metrics import checks


class Score(NamedTuple):
    mean: float
    deviation: float  # over the splits, 0 of a single one


def score(logits: np.ndarray, splits: int = 1) -> Score:
    """exp E KL(p(y|x) || p(y)) of logits [n, classes], from 1 up to the number of classes.

    By the Inception network's logits it is the Inception score (Salimans et al. 2016, arXiv
    1606.03498, section 4); by any other network it has no such name. Splits are in order; with
    more of them the mean is lower.
    """
    logits = checks.features(logits, f"A classifier score in {splits} splits", least=splits)
    log_p = logits - np.logaddexp.reduce(logits, axis=1, keepdims=True)
    edges = [i * len(log_p) // splits for i in range(splits + 1)]
    scores = [_score(log_p[start:stop]) for start, stop in pairwise(edges)]
    return Score(float(np.mean(scores)), float(np.std(scores)))


def _score(log_p: np.ndarray) -> float:
    # The mean in logarithms: a class that no sample is taken for underflows to probability 0.
    log_mean = np.logaddexp.reduce(log_p, axis=0) - np.log(len(log_p))
    return float(np.exp((np.exp(log_p) * (log_p - log_mean)).sum(axis=1).mean()))


class Modes(NamedTuple):
    hit: int  # modes with one sample or more
    kl: float  # of the samples' histogram from that of the data, in nats
    corrected: float  # the same without its bias to first order in 1 / n


def modes(labels: np.ndarray, shares: np.ndarray) -> Modes:
    """How well samples with these labels, int [n], cover modes that have `shares` [modes] of the
    data, or as many examples.

    The KL divergence of finitely many samples is too high by (hit - 1) / 2n (Miller 1955 and Madow;
    as in arXiv 1606.03498 and PacGAN, arXiv 1712.04086, it is taken of the samples from the data);
    it is infinite where a mode without data is hit.
    """
    shares = np.asarray(shares, np.float64)
    counts = _counts(labels, len(shares))
    full = counts > 0
    p, q = counts[full] / counts.sum(), shares[full] / shares.sum()
    with np.errstate(divide="ignore"):
        kl = float((p * np.log(p / q)).sum())
    num_hit = int(full.sum())
    return Modes(num_hit, kl, kl - (num_hit - 1) / (2 * len(labels)))


def hit(labels: np.ndarray, num_modes: int, least: int = 1) -> int:
    """How many of the modes have at least `least` of the labels, int [n].

    A classifier that errs in one of 100 samples fills empty modes by mistake, hence a count with
    `least=5` beside that of one.
    """
    return int((_counts(labels, num_modes) >= least).sum())


def _counts(labels: np.ndarray, num_modes: int) -> np.ndarray:
    labels = np.asarray(labels)
    if not len(labels):
        raise UserError("A count of modes takes 1 or more labels, not 0.")
    if labels.min() < 0 or labels.max() >= num_modes:
        raise UserError(
            f"Labels of {num_modes} modes are 0 to {num_modes - 1}, but these go from "
            f"{labels.min()} to {labels.max()}."
        )
    return np.bincount(labels, minlength=num_modes)
