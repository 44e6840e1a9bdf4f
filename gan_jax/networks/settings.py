"""What the settings of several networks share: fields, what they mean for the layers, and checks.

A network binds its layers once a pass, as flax's ImageNet example does, and gives them to its
blocks: `settings.layer(ops.Conv, train, ...)` makes convolutions, `settings.norm_layer(...)` norms.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

import flax.linen as nn
import jax
import jax.numpy as jnp
from annotated_types import Ge, Lt, MinLen

from gan_jax.config.values import Count, Decay, Natural, NonNegative, Positive, Share
from gan_jax.errors import UserError
from gan_jax.networks.layers import BatchNorm, InstanceNorm
from gan_jax.networks.spectral import SpectralNorm

ModuleDef = Callable[..., Any]
"""Makes a layer from its own fields; those that all layers of a network share are bound."""

Shape = tuple[int, ...]
"""Of an example; of an image (height, width, channels)."""

Channels = Annotated[tuple[Count, ...], MinLen(1)]
"""Of layers, from input to output."""

Rate = Annotated[float, Ge(0), Lt(1)]
"""Of dropout: the share that is zeroed."""

GLOROT = nn.initializers.glorot_uniform()


@dataclass(frozen=True, kw_only=True)
class NetworkSettings:
    """What every network has: its layers have no norm and LeakyReLU, where a class that has fields
    for these does not say otherwise."""

    section: ClassVar[str]  # of a config
    choice: ClassVar[str]

    features: Channels = (64, 128, 256)
    kernel_norm: Literal["none", "spectral"] = "none"  # what kernels are divided by

    def layer(self, layer: ModuleDef, train: bool, **fields: Any) -> ModuleDef:
        """`layer` with `fields` bound, its kernel normalised where the network's kernels are."""
        make = partial(layer, **fields)
        if self.kernel_norm == "none":
            return make
        return lambda *args, **own: partial(SpectralNorm(make(*args, **own)), train=train)

    @property
    def normalised(self) -> bool:
        """Whether there is a norm, so that the layer before it needs no bias."""
        return False

    def norm_layer(self, train: bool, dtype: jnp.dtype) -> ModuleDef:
        """Makes the norm of maps or rows [n, ..., c]."""
        return lambda: lambda x: x

    def act(self, x: jax.Array) -> jax.Array:
        """The activation of x [...], element by element."""
        return nn.leaky_relu(x, 0.2)


@dataclass(frozen=True, kw_only=True)
class Activated(NetworkSettings):
    """Networks whose activation can be chosen."""

    activation: Literal["relu", "leaky_relu"] = "leaky_relu"
    negative_slope: Share = 0.2  # of leaky_relu

    @property
    def slope(self) -> float:
        """That of the activation at negative values."""
        return self.negative_slope if self.activation == "leaky_relu" else 0.0

    def act(self, x: jax.Array) -> jax.Array:
        """The activation of x [...]; ReLU's derivative at 0 is 1 here, where `nn.relu` has 0."""
        return nn.leaky_relu(x, self.slope)


@dataclass(frozen=True, kw_only=True)
class BatchNormalised(NetworkSettings):
    """Networks of which BatchNorm can be taken away."""

    norm: Literal["batch", "none"] = "batch"
    batch_norm_momentum: Decay = 0.9
    batch_norm_epsilon: Positive = 1e-5

    @property
    def normalised(self) -> bool:
        """Whether there is a norm, so that the layer before it needs no bias."""
        return self.norm != "none"

    def norm_layer(self, train: bool, dtype: jnp.dtype) -> ModuleDef:
        """Makes the norm of maps or rows [n, ..., c]."""
        if not self.normalised:
            return super().norm_layer(train, dtype)
        momentum, epsilon = self.batch_norm_momentum, self.batch_norm_epsilon
        return lambda: partial(BatchNorm(momentum, epsilon, dtype), train=train)


@dataclass(frozen=True, kw_only=True)
class InstanceNormalised(NetworkSettings):
    """Networks whose norm may be of each picture by itself, with a scale and a bias (`instance`) or
    without (`plain_instance`)."""

    norm: Literal["instance", "plain_instance", "batch", "none"] = "instance"
    batch_norm_momentum: Decay = 0.9
    batch_norm_epsilon: Positive = 1e-5

    @property
    def normalised(self) -> bool:
        """Whether there is a norm, so that the layer before it needs no bias."""
        return self.norm != "none"

    @property
    def scale_init(self) -> Callable:
        """The initialiser of the norms' scales."""
        return nn.initializers.ones_init()

    def norm_layer(self, train: bool, dtype: jnp.dtype) -> ModuleDef:
        """Makes the norm of maps [n, h, w, c]."""
        if not self.normalised:
            return super().norm_layer(train, dtype)
        init = self.scale_init
        if self.norm == "batch":
            fields = self.batch_norm_momentum, self.batch_norm_epsilon, dtype, init
            return lambda: partial(BatchNorm(*fields), train=train)
        affine = self.norm == "instance"
        return partial(InstanceNorm, dtype=dtype, affine=affine, scale_init=init)


@dataclass(frozen=True, kw_only=True)
class NormalKernels:
    """Networks whose kernels start at N(0, kernel_stddev)."""

    kernel_stddev: NonNegative = 0.02

    @property
    def kernel_init(self) -> Callable:
        """The initialiser of kernels."""
        return nn.initializers.normal(self.kernel_stddev)


@dataclass(frozen=True, kw_only=True)
class NormalScales(NormalKernels):
    """Networks whose norms' scales start as spread as their kernels, at N(1, kernel_stddev)."""

    @property
    def scale_init(self) -> Callable:
        """The initialiser of the norms' scales."""
        spread = self.kernel_init
        return lambda *args: 1 + spread(*args)


@dataclass(frozen=True, kw_only=True)
class SizedKernels(NetworkSettings):
    """Networks whose kernels have a side of choice."""

    kernel_size: Count = 5


@dataclass(frozen=True, kw_only=True)
class PooledFeatures:
    """Discriminators whose last map becomes features."""

    pooling: Literal["flatten", "sum", "mean"] = "flatten"  # over the pixels
    dropout_rate: Rate = 0.0


@dataclass(frozen=True, kw_only=True)
class LabelEmbedding(NetworkSettings):
    """Networks that see the label as a code."""

    embedding_features: Natural = 0  # of the code; 0 is the one-hot label

    def label_code(
        self, train: bool, num_classes: int, init: Callable, dtype: jnp.dtype
    ) -> Callable[[jax.Array | None], jax.Array]:
        """Maps labels [n] to codes [n, features]; an embedding starts as `init` says."""
        if not self.embedding_features:
            return partial(jax.nn.one_hot, num_classes=num_classes, dtype=dtype)
        embed = self.layer(nn.Embed, train, dtype=dtype, embedding_init=init)
        return embed(num_classes, self.embedding_features, name="embedding")


def check_image(
    settings: NetworkSettings, shape: Shape, halvings: int, kernel_size: int = 0
) -> None:
    """Raises `UserError` for a shape that is not (height, width, channels), for kernels of which a
    part would never see a pixel, and when that many layers cannot each halve the sides."""
    name = f"{settings.section}.name"
    if len(shape) != 3:
        raise UserError(
            f"{name}={settings.choice} is for images, and these examples have the shape {shape}; "
            f"set {name}=mlp."
        )
    height, width, _ = shape
    most = 2 * max(height, width) - 1
    if kernel_size > most:
        raise UserError(
            f"{settings.section}.kernel_size={kernel_size} reaches beyond images of "
            f"{height}x{width} from any pixel; set at most {most}."
        )
    scale = 2**halvings
    for side, size in (("height", height), ("width", width)):
        if size % scale:
            near = max(scale, round(size / scale) * scale)
            raise UserError(
                f"data.{side}={size} is not a multiple of {scale}, which {halvings} "
                f"stride-2 layers need; set data.{side}={near}."
            )


def check_hidden(settings: NetworkSettings) -> None:
    """Raises `UserError` when a network with a hidden dense layer is given no other layer."""
    if len(settings.features) < 2:
        raise UserError(
            f"{settings.section}.name={settings.choice} needs two {settings.section}.features or "
            f"more, one of them for a dense layer; set {settings.section}.features=1024,128 or the "
            "like."
        )


def check_classes(choice: str, num_classes: int) -> None:
    """Raises `UserError` when a choice that needs classes is made without any."""
    if not num_classes:
        raise UserError(
            f"{choice} is conditioned on the class; set data.num_classes to how many there are."
        )
