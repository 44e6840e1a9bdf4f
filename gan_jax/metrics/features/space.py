"""What every feature space has: a part that is chosen, and the extractor that it makes."""

import hashlib
import json
from collections.abc import Callable
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import numpy as np

from gan_jax.config import Part
from gan_jax.data import Dataset, Source
from gan_jax.errors import UserError


class Head(NamedTuple):
    """The last, linear layer of a classifier: from its features to logits."""

    kernel: np.ndarray  # [d, classes]
    bias: np.ndarray  # [classes]
    class_names: tuple[str, ...]

    def logits(self, features: np.ndarray) -> np.ndarray:
        """[n, classes] in float64, of features [n, d]."""
        return features.astype(np.float64) @ self.kernel.astype(np.float64) + self.bias


class Extractor(NamedTuple):
    """A feature space, ready to use.

    apply: (params, stored examples [n, ...]) -> float32 [n, dims], pure; each example's features
        depend on it alone.
    """

    name: str  # with its digest
    dims: int
    params: Any
    apply: Callable[[Any, jax.Array], jax.Array]
    is_scaled: bool = True
    """Whether the kernel distance divides features by the root mean square of the real ones; not
    in the space of published scores."""
    head: Head | None = None
    about: str = ""
    """What a reader of a score must know, such as the accuracy of a classifier."""


class Maps(NamedTuple):
    """A layer of a network before its mean over pixels, by which content is compared.

    apply: (params, pictures [n, h, w, c] in [-1, 1]) -> float32 [n, rows, columns, dims], pure.
    """

    params: Any
    apply: Callable[[Any, jax.Array], jax.Array]


class Space(Part):
    """A feature space for images of one data set."""

    def maps(self, source: Source) -> Maps:
        """Those of a network for pictures of `source`. Raises `UserError` where there is none."""
        raise UserError(
            f"content.space.name={self.choice} has no network's maps; set it to classifier, lite0 "
            "or inception."
        )

    def extractor(self, data: Dataset, source: Source) -> Extractor:
        """The space for the examples of `source`. Raises `UserError` where there is none."""
        raise NotImplementedError


def captured(network: nn.Module, variables: Any, x: jax.Array, name: str) -> jax.Array:
    """What the layer of a name makes of x [n, h, w, c] in a network: [n, rows, columns, dims]."""
    _, found = network.apply(
        variables, x, capture_intermediates=lambda module, _: module.name == name
    )
    return found["intermediates"][name]["__call__"][0]


def digest(*facts: Any) -> str:
    """Eight hex digits of anything JSON."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:8]
