"""Discriminators that judge each patch of an image (Isola et al. 2017, arXiv 1611.07004, section
3.2.2 and 6.1.2; phillipi/pix2pix).

With 2 to 7 `features` a logit sees 16, 34, 70, 142, 286 or 574 pixels square; 70 are the authors'
choice. With `kernel_size` 1 it sees one pixel, for which they have the features 64 and 128.
"""

from dataclasses import dataclass
from functools import partial
from typing import Literal

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax import ops
from gan_jax.errors import UserError
from gan_jax.method import Condition
from gan_jax.networks.discriminator import (
    NO_CODES,
    CodeSizes,
    Discriminator,
    DiscriminatorOutput,
    DiscSettings,
    refuse_codes,
)
from gan_jax.networks.padding import PaddedConv
from gan_jax.networks.settings import (
    Channels,
    InstanceNormalised,
    NormalScales,
    Shape,
    check_image,
)
from gan_jax.networks.sources import SourceDisc, SourceDiscriminator

SMALLEST = 3
"""Pixels of a side of the last map but one, of which a patch is made."""


class PatchwiseDiscriminator(Discriminator):
    """A discriminator whose body makes a map [n, h, w, c], and a convolution of it the logits
    [n, p] of patches. Features are the whole map, [n, h * w * c]."""

    logit_size: int = 4  # of the kernel
    logit_bias: bool = True

    def _logits(self, x: jax.Array, features: jax.Array, train: bool) -> jax.Array:
        size = self.logit_size
        fields = {"kernel_init": self.kernel_init, "dtype": self.dtype}
        conv = self.settings.layer(PaddedConv, train, padding=(size - 1) // 2, **fields)
        logit = conv(1, size, use_bias=self.logit_bias, name="logit")
        return logit(features).reshape(len(x), -1).astype(jnp.float32)

    def _with_heads(
        self,
        output: DiscriminatorOutput,
        features: jax.Array,
        condition: Condition,
        train: bool,
    ) -> DiscriminatorOutput:
        return output._replace(features=output.features.reshape(len(features), -1))


class SourcePatchwiseDiscriminator(PatchwiseDiscriminator, SourceDiscriminator):
    """(images [n, *shape] in [-1, 1], condition, train) to a `DiscriminatorOutput` of patches,
    which sees the source picture where its settings say so."""


class PatchDiscriminator(nn.Module):
    """Images [n, h, w, c] to the map of which a convolution makes logits: one for each of
    `features`, all but the last of which halve the sides."""

    settings: "PatchDisc"
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: jax.Array, condition: Condition, train: bool) -> jax.Array:
        settings, x, size = self.settings, x.astype(self.dtype), self.settings.kernel_size
        pads = (((size - 1) // 2,) * 2,) * 2
        fields = {"kernel_init": settings.kernel_init, "dtype": self.dtype, "padding": pads}
        conv = settings.layer(ops.Conv, train, **fields)
        norm = settings.norm_layer(train, self.dtype)
        for number, features in enumerate(settings.features):
            stride = 2 if number < settings.halvings else 1
            plain = number == 0 or not settings.normalised
            x = conv(features, size, stride=stride, use_bias=plain)(x)
            x = settings.act(norm()(x) if number else x)
        return x


@dataclass(frozen=True, kw_only=True)
class PatchDisc(NormalScales, InstanceNormalised, SourceDisc, name="patch"):
    """Patches of images, by convolutions; all but the last halve the sides."""

    features: Channels = (64, 128, 256, 512)
    kernel_size: Literal[1, 4] = 4  # 1 sees single pixels, and halves nothing

    @property
    def halvings(self) -> int:
        """How many convolutions halve the sides."""
        return len(self.features) - 1 if self.kernel_size > 1 else 0

    def build(
        self, shape: Shape, num_classes: int, dtype: jnp.dtype, codes: CodeSizes = NO_CODES
    ) -> SourcePatchwiseDiscriminator:
        check_image(self, shape, 0)
        check_patches(self, codes)
        side = min(shape[:2])
        if self.kernel_size > 1 and side >> self.halvings < SMALLEST:
            most = max((side // SMALLEST).bit_length(), 1)
            raise UserError(
                f"disc.name=patch has {len(self.features)} disc.features, all but the last of "
                f"which halve the sides, and leaves no patch of images of {shape[0]}x{shape[1]}; "
                f"set at most {most}, or disc.kernel_size=1."
            )
        make = partial(SourcePatchwiseDiscriminator, logit_size=self.kernel_size)
        return make(PatchDiscriminator(self, dtype), self, dtype, self.kernel_init)


def check_patches(settings: DiscSettings, codes: CodeSizes) -> None:
    """Raises `UserError` for what needs the features of a whole image, of shape [n, f]."""
    refuse_codes(settings, codes)
    if settings.minibatch != "none":
        raise UserError(
            f"{settings.section}.name={settings.choice} judges patches, not images beside each "
            f"other; set {settings.section}.minibatch=none."
        )
