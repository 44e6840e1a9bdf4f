"""What images are turned into before they are compared: feature spaces by name.

A space has a name with a digest, which stands in every score: scores in different spaces are
different quantities.
"""

from gan_jax.metrics.features.classifier import Classifier
from gan_jax.metrics.features.patches import Patches
from gan_jax.metrics.features.pixels import Pixels
from gan_jax.metrics.features.pretrained import Inception, Lite0
from gan_jax.metrics.features.space import Extractor, Head, Maps, Space

__all__ = [
    "Classifier",
    "Extractor",
    "Head",
    "Inception",
    "Lite0",
    "Maps",
    "Patches",
    "Pixels",
    "Space",
]
