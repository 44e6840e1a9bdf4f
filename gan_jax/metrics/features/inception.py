"""The Inception network behind the published Fréchet Inception distances.

InceptionV3 (Szegedy et al. 2015, arXiv 1512.00567) as TensorFlow released it on 5 December 2015,
of which Heusel et al. 2017 (arXiv 1706.08500) take features. It differs from torchvision's: it has
1,008 outputs, the zeros around an average pool do not count, and the pool of the last block is a
maximum. The weights are a file that the user has: `pt_inception-2015-12-05-6726825d.pth` of
pytorch-fid, which torch-fidelity has under another name.
"""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from gan_jax.metrics.features import resize
from gan_jax.metrics.features.folding import folded

HIGHEST = jax.lax.Precision.HIGHEST  # products of float32 as such, on every device
DIGEST = "6726825d"
"""How the sha256 of the weights begins that published scores are made with."""
SIDE = 299
TAPS = {"64": 64, "192": 192, "768": 768, "2048": 2048, "logits_unbiased": 1008}
"""The features by name, and how many there are."""


def variables_of(state: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The variables of `Inception`, of a state dict's arrays [...] by name.

    Raises `UserError` for the first array that is missing, of another shape, or unknown.
    """
    return folded(Inception(), state, _names, "the Inception network of FID")


def _names(path: tuple[str, ...]) -> tuple[str, str]:
    layer = ".".join(path)
    return (layer, "") if layer == "fc" else (f"{layer}.conv", f"{layer}.bn")


def features(variables: Mapping[str, Any], images: jax.Array) -> dict[str, jax.Array]:
    """Images [n, h, w, 1 or 3] in 0 to 255 to the features of `TAPS`, float32 [n, dims] each."""
    found: Any = Inception().apply(variables, scaled(images))
    return found


def scaled(images: jax.Array) -> jax.Array:
    """Images [n, h, w, 1 or 3] in 0 to 255 as the network takes them.

    float32 [n, 299, 299, 3] in [-1, 1], by (x - 128) / 128 after TensorFlow 1's bilinear resizing.
    """
    return (resize.tf1_bilinear(resize.gray_to_colour(images), SIDE) - 128) / 128


class Inception(nn.Module):
    """Images [n, h, w, 3] in [-1, 1] to the features of `TAPS`, float32 [n, dims] each.

    They are means over the map: behind either max pool, the blocks of 17x17 pixels, and the last
    block. `logits_unbiased` is the last layer without its bias, as the Inception score takes it.
    """

    @nn.compact
    def __call__(self, x: jax.Array) -> dict[str, jax.Array]:
        taps = {}
        x = _unit(x, "Conv2d_1a_3x3", 32, 3, stride=2)
        x = _unit(x, "Conv2d_2a_3x3", 32, 3, padding="VALID")
        x = _unit(x, "Conv2d_2b_3x3", 64, 3)
        x = _halved(x)
        taps["64"] = x.mean((1, 2))
        x = _unit(x, "Conv2d_3b_1x1", 80)
        x = _unit(x, "Conv2d_4a_3x3", 192, 3, padding="VALID")
        x = _halved(x)
        taps["192"] = x.mean((1, 2))
        for name, pooled in (("Mixed_5b", 32), ("Mixed_5c", 64), ("Mixed_5d", 64)):
            x = _BlockA(pooled, name=name)(x)
        x = _BlockB(name="Mixed_6a")(x)
        for letter, inner in (("b", 128), ("c", 160), ("d", 160), ("e", 192)):
            x = _BlockC(inner, name=f"Mixed_6{letter}")(x)
        taps["768"] = x.mean((1, 2))
        x = _BlockD(name="Mixed_7a")(x)
        x = _BlockE(average_pool, name="Mixed_7b")(x)
        x = _BlockE(max_pool, name="Mixed_7c")(x)
        taps["2048"] = x.mean((1, 2))
        dense = nn.Dense(1008, use_bias=False, precision=HIGHEST, name="fc")
        taps["logits_unbiased"] = dense(taps["2048"])
        return taps


class _BlockA(nn.Module):
    """35x35 pixels; `pooled` is the number of channels behind the pool."""

    pooled: int

    @nn.compact
    def __call__(self, x):
        return _side_by_side(
            _unit(x, "branch1x1", 64),
            _chain(x, "branch5x5", (48, 1), (64, 5)),
            _chain(x, "branch3x3dbl", (64, 1), (96, 3), (96, 3)),
            _unit(average_pool(x), "branch_pool", self.pooled),
        )


class _BlockB(nn.Module):
    """35x35 to 17x17 pixels."""

    @nn.compact
    def __call__(self, x):
        return _side_by_side(
            _unit(x, "branch3x3", 384, 3, stride=2),
            _chain(x, "branch3x3dbl", (64, 1), (96, 3), (96, 3, 2)),
            _halved(x),
        )


class _BlockC(nn.Module):
    """17x17 pixels, by rows and columns; `inner` is the number of channels between them."""

    inner: int

    @nn.compact
    def __call__(self, x):
        row, column = (self.inner, (1, 7)), (self.inner, (7, 1))
        return _side_by_side(
            _unit(x, "branch1x1", 192),
            _chain(x, "branch7x7", (self.inner, 1), row, (192, (7, 1))),
            _chain(x, "branch7x7dbl", (self.inner, 1), column, row, column, (192, (1, 7))),
            _unit(average_pool(x), "branch_pool", 192),
        )


class _BlockD(nn.Module):
    """17x17 to 8x8 pixels."""

    @nn.compact
    def __call__(self, x):
        return _side_by_side(
            _chain(x, "branch3x3", (192, 1), (320, 3, 2)),
            _chain(x, "branch7x7x3", (192, 1), (192, (1, 7)), (192, (7, 1)), (192, 3, 2)),
            _halved(x),
        )


class _BlockE(nn.Module):
    """8x8 pixels; two branches fork into a row and a column."""

    pool: Callable[[jax.Array], jax.Array]

    @nn.compact
    def __call__(self, x):
        once = _unit(x, "branch3x3_1", 384)
        twice = _chain(x, "branch3x3dbl", (448, 1), (384, 3))
        return _side_by_side(
            _unit(x, "branch1x1", 320),
            _unit(once, "branch3x3_2a", 384, (1, 3)),
            _unit(once, "branch3x3_2b", 384, (3, 1)),
            _unit(twice, "branch3x3dbl_3a", 384, (1, 3)),
            _unit(twice, "branch3x3dbl_3b", 384, (3, 1)),
            _unit(self.pool(x), "branch_pool", 192),
        )


def _unit(x, name, features, size=1, stride=1, padding="SAME"):
    """Convolution, with its BatchNorm folded in, and ReLU; a strided one has no zeros around."""
    taps = (size, size) if isinstance(size, int) else size
    padding = padding if stride == 1 else "VALID"
    # XLA's own, which without derivatives is as fast as `ops.Conv`, and sooner compiled
    layer = nn.Conv(features, taps, (stride, stride), padding, precision=HIGHEST, name=name)
    return nn.relu(layer(x))


def _chain(x, name, *units):
    for number, unit in enumerate(units, start=1):
        x = _unit(x, f"{name}_{number}", *unit)
    return x


def _side_by_side(*maps):
    return jnp.concatenate(maps, axis=3)


def _halved(x):
    return nn.max_pool(x, (3, 3), (2, 2))


def max_pool(x: jax.Array) -> jax.Array:
    """The maximum of 3x3 pixels around each, of a map [n, h, w, c]."""
    return nn.max_pool(x, (3, 3), (1, 1), "SAME")


def average_pool(x: jax.Array) -> jax.Array:
    """The mean of the 3x3 pixels around each, or of as many as there are, of a map [n, h, w, c]."""
    return nn.avg_pool(x, (3, 3), (1, 1), "SAME", count_include_pad=False)
