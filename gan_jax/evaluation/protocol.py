"""How a number came about: two scores are comparable where their protocols are the same."""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from gan_jax.config import to_dict
from gan_jax.errors import UserError
from gan_jax.metrics.scores import Metric

VERSION = 1
"""Raise it when a metric or a feature space gives other numbers."""


@dataclass(frozen=True)
class Protocol:
    """What a score depends on beside the state of the generator.

    features, dims: the space, its name with its digest.
    data, fingerprint, images: the data set, its training images' digest, and how they were made.
    real, num_real: which of them, such as `train` or `train, odd half`, and how many.
    num_fake, latents, classes: how many samples, the seed and the stream of their latents, and
        which classes they have.
    weights: of the generator, averaged or raw; `files` where the samples came from elsewhere.
    metrics: each one's settings, as JSON.
    """

    features: str
    dims: int
    data: str
    fingerprint: str
    images: str
    real: str
    num_real: int
    num_fake: int
    latents: str
    classes: str
    weights: str
    metrics: str
    version: int = VERSION

    @property
    def name(self) -> str:
        """The middle of a score's name, such as `patches-3f09c1aa/5000train/10000/averaged`."""
        split = self.real.replace(", ", "-").replace(" ", "-")
        return f"{self.features}/{self.num_real}{split}/{self.num_fake}/{self.weights}"

    @property
    def digest(self) -> str:
        """Eight hex digits, the same for comparable scores alone."""
        content = json.dumps(dataclasses.asdict(self), sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:8]

    @property
    def folder(self) -> str:
        """The protocol as the name of a folder."""
        return f"{self.name.replace('/', '_')}_{self.digest}"

    def line(self) -> str:
        """The protocol in one line."""
        return (
            f"{self.features} d{self.dims} · {self.data}, {self.num_real} {self.real} "
            f"({self.fingerprint}, {self.images}) · {self.num_fake} samples, {self.latents}, "
            f"{self.classes} · {self.weights} weights · v{self.version} · {self.digest}"
        )

    def score(self, metric: str) -> str:
        """The whole name of a score, such as `fd/patches-3f09c1aa/5000train/10000/averaged`."""
        return f"{metric}/{self.name}"


def read(values: Any) -> Protocol:
    """The protocol of a record, plain values by name. Raises `ValueError` for anything else."""
    types = {field.name: field.type for field in dataclasses.fields(Protocol)}
    if not isinstance(values, dict) or set(values) != set(types):
        raise ValueError("not a protocol")
    if any(type(values[name]) is not kind for name, kind in types.items()):
        raise ValueError("not a protocol")
    return Protocol(**values)


def settings_of(metrics: Sequence[str]) -> str:
    """The settings of metrics as a protocol has them."""
    chosen = [to_dict(Metric.chosen(name, "evaluate.metrics")()) for name in metrics]
    return json.dumps(chosen)


def check_same(protocols: Iterable[Protocol]) -> None:
    """Raises `UserError` where scores of several protocols are to stand in one column or on one
    axis; it names what differs."""
    first, *others = dict.fromkeys(protocols)
    for other in others:
        before, after = dataclasses.asdict(first), dataclasses.asdict(other)
        changed = [f"{n}: {before[n]} and {after[n]}" for n in before if before[n] != after[n]]
        raise UserError(
            "These scores are not comparable, as they came about in different ways "
            f"({'; '.join(changed)}); evaluate all of them in the same way first."
        )
