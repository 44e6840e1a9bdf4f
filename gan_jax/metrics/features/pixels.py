"""Examples as they are: small pictures, or points of the plane."""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.config import Count
from gan_jax.data import Dataset, Source
from gan_jax.data.kinds import Picture
from gan_jax.metrics.features.space import Extractor, Space, digest


@dataclass(frozen=True)
class Pixels(Space, name="pixels"):
    """The picture itself, at `side` x `side` pixels or its own size where that is smaller; of
    points their coordinates."""

    side: Count = 8

    def extractor(self, data: Dataset, source: Source) -> Extractor:
        if not isinstance(source.kind, Picture):
            return Extractor("points", int(np.prod(source.kind.shape)), (), _coordinates)
        height, width, channels = source.kind.shape
        height, width = min(height, self.side), min(width, self.side)
        name = f"pixels-{height}x{width}-{digest('linear')}"
        return Extractor(name, height * width * channels, (), _Reduced(height, width))


def _coordinates(_: Any, points: jax.Array) -> jax.Array:
    return points.reshape(len(points), -1)


@dataclass(frozen=True)
class _Reduced:
    height: int
    width: int

    def __call__(self, _: Any, images: jax.Array) -> jax.Array:
        x = images.astype(jnp.float32) / 127.5 - 1
        x = jax.image.resize(x, (len(x), self.height, self.width, x.shape[3]), "linear")
        return x.reshape(len(x), -1)
