"""StarGAN's pair (Choi et al. 2018, arXiv 1711.09020, section 7.2; yunjey/stargan).

G sees the wanted class as planes, and what tells it of them is the border: a norm takes away a
plane that is the same at each pixel, but zeros around it are not. So G has no mirrored border. D
says of patches whether they are real, and of the whole image which class it is.

Kernels start as PyTorch's do, uniform with variance 1 / (3 * inputs). The authors' biases do too,
and are zero here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Literal

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax import ops
from gan_jax.config.values import Count
from gan_jax.errors import UserError
from gan_jax.method import Condition, LabelledSource
from gan_jax.networks.discriminator import (
    NO_CODES,
    CodeSizes,
    DiscriminatorOutput,
    DiscSettings,
)
from gan_jax.networks.layers import concatenated
from gan_jax.networks.patch import PatchwiseDiscriminator, check_patches
from gan_jax.networks.settings import Channels, Shape, check_classes, check_image
from gan_jax.networks.sources import source_like
from gan_jax.networks.translator import ResidualTranslator, TranslatorGenerator

KERNEL_SIZE = 4
LOGIT_SIZE = 3
KERNELS = nn.initializers.variance_scaling(1 / 3, "fan_in", "uniform")
TRANSPOSED_KERNELS = nn.initializers.variance_scaling(1 / 3, "fan_out", "uniform")


class StarGANGenerator(TranslatorGenerator):
    """Latents [n, d] and a `LabelledSource` to images [n, *shape] in [-1, 1]."""

    def _seen(self, latents: jax.Array, condition: Condition) -> jax.Array:
        if not isinstance(condition, LabelledSource):
            raise UserError(
                f"gen.name={self.settings.choice} needs a source picture and the class that is "
                "wanted of it, which method=stargan gives alone; set it."
            )
        source = source_like(self.settings, condition.source, self.shape)
        labels = jax.nn.one_hot(condition.label, self.num_classes)
        return concatenated(concatenated(source, labels), latents)


class ClassifyingDiscriminator(PatchwiseDiscriminator):
    """(images [n, *shape] in [-1, 1], condition, train) to a `DiscriminatorOutput` of patches, with
    logits of the classes of whole images; it does not see the condition."""

    settings: "StarGANDisc"
    num_classes: int = 0

    def _with_heads(
        self,
        output: DiscriminatorOutput,
        features: jax.Array,
        condition: Condition,
        train: bool,
    ) -> DiscriminatorOutput:
        output = super()._with_heads(output, features, condition, train)
        if self.settings.conditioning == "none":
            return output
        whole = features.reshape(len(features), -1)
        found = self._dense(train)(self.num_classes, use_bias=False, name="classes")(whole)
        return output._replace(classes=found.astype(jnp.float32))


class StarGANDiscriminator(nn.Module):
    """Images [n, h, w, c] to a map, by a halving convolution for each of `features`."""

    settings: "StarGANDisc"
    dtype: jnp.dtype

    @nn.compact
    def __call__(self, x: jax.Array, condition: Condition, train: bool) -> jax.Array:
        settings, x = self.settings, x.astype(self.dtype)
        fields = {"kernel_init": KERNELS, "dtype": self.dtype}
        conv = settings.layer(ops.Conv, train, stride=2, **fields)
        for features in settings.features:
            x = settings.act(conv(features, KERNEL_SIZE)(x))
        return x


@dataclass(frozen=True, kw_only=True)
class StarGANGen(ResidualTranslator, name="stargan"):
    """Images of a source picture's size and of a wanted class, by residual blocks."""

    resampling_size: ClassVar[int] = KERNEL_SIZE
    reflect: ClassVar[bool] = False
    last_bias: ClassVar[bool] = False

    blocks: Count = 6

    @property
    def kernel_init(self) -> Callable:
        """The initialiser of kernels."""
        return KERNELS

    @property
    def transposed_init(self) -> Callable:
        """The initialiser of transposed kernels, whose inputs PyTorch takes to be the outputs."""
        return TRANSPOSED_KERNELS

    def build(self, shape: Shape, num_classes: int, dtype: jnp.dtype) -> StarGANGenerator:
        self.check(shape)
        check_classes(f"gen.name={self.choice}", num_classes)
        return StarGANGenerator(self, shape, num_classes, dtype)


@dataclass(frozen=True, kw_only=True)
class StarGANDisc(DiscSettings, name="stargan"):
    """Patches of images and the classes of images, by convolutions that halve the sides."""

    features: Channels = (64, 128, 256, 512, 1024, 2048)
    conditioning: Literal["none", "classifier"] = "classifier"

    def act(self, x: jax.Array) -> jax.Array:
        """The activation of x [...], element by element."""
        return nn.leaky_relu(x, 0.01)

    def build(
        self, shape: Shape, num_classes: int, dtype: jnp.dtype, codes: CodeSizes = NO_CODES
    ) -> ClassifyingDiscriminator:
        check_image(self, shape, len(self.features))
        check_patches(self, codes)
        if self.conditioning != "none":
            check_classes(f"disc.conditioning={self.conditioning}", num_classes)
        make = partial(ClassifyingDiscriminator, logit_size=LOGIT_SIZE, logit_bias=False)
        return make(
            StarGANDiscriminator(self, dtype), self, dtype, KERNELS, num_classes=num_classes
        )
