"""Pictures that networks are conditioned on: made of each example, or stored beside it."""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

import jax
import jax.numpy as jnp
from annotated_types import Gt, Lt

from gan_jax import keys
from gan_jax.config import NonNegative, Part, Positive
from gan_jax.data.kinds import Kind, Picture
from gan_jax.errors import UserError
from gan_jax.keys import Purpose
from gan_jax.method import Example

LUMA = (0.299, 0.587, 0.114)
"""Of red, green and blue (ITU-R BT.601), as Pillow's mode L has them."""


@dataclass(frozen=True)
class Given(Part):
    """What networks are given of an example, in addition to its class: a source picture."""

    of_other_class: ClassVar[bool] = False
    """Whether the source is a picture of another class than is to be made of it."""
    words: ClassVar[str] = "a picture"
    """What the source is, for readers of a report."""

    def check(self, kind: Kind) -> None:
        """Raises `UserError` where examples of a kind have no such picture."""
        if not isinstance(kind, Picture):
            raise UserError(
                f"condition.name={self.choice} is made of pictures, and these examples have the "
                f"shape {kind.shape}; set condition.name=none."
            )

    def picture(self, examples: Example) -> Any:
        """The source pictures, float32 [n, h, w, c] in [-1, 1], of examples in the model's range:
        those that they have, else made of their x."""
        return self.derived(examples.x) if examples.source is None else examples.source

    def derived(self, x: jax.Array) -> jax.Array:
        """The source pictures of pictures x [n, h, w, c], in [-1, 1] both."""
        raise NotImplementedError

    def asked(self, pictures: Any) -> Any:
        """The part of pictures [n, h, w, c] that the source does not show, which is scored."""
        return pictures


class Nothing(Given, name="none"):
    """No picture."""

    def check(self, kind: Kind) -> None:
        """Every example will do."""

    def picture(self, examples: Example) -> None:
        return None


NOTHING = Nothing()


class Gray(Given, name="gray"):
    """The luma of a coloured picture, one channel: to colour it."""

    words: ClassVar[str] = "the target in gray"

    def check(self, kind: Kind) -> None:
        super().check(kind)
        if kind.shape[-1] == 1:
            raise UserError(
                "condition.name=gray is made of coloured pictures, and these are gray; set "
                "data.channels=3."
            )

    def derived(self, x: jax.Array) -> jax.Array:
        return _rounded(luma(x))


@dataclass(frozen=True)
class Small(Given, name="small"):
    """The picture at 1/`factor` of its sides, by an antialiased bicubic filter, Pillow's: for
    super-resolution."""

    words: ClassVar[str] = "a small copy of the target"

    factor: Literal[2, 4, 8] = 4

    def check(self, kind: Kind) -> None:
        super().check(kind)
        for side, size in zip(("height", "width"), kind.shape, strict=False):
            if size % self.factor:
                near = max(1, round(size / self.factor)) * self.factor
                raise UserError(
                    f"condition.factor={self.factor} does not divide data.{side}={size}; set "
                    f"data.{side}={near}."
                )

    def derived(self, x: jax.Array) -> jax.Array:
        n, height, width, c = x.shape
        shape = n, height // self.factor, width // self.factor, c
        return _rounded(jax.image.resize(x, shape, "cubic", antialias=True))


@dataclass(frozen=True)
class Masked(Given, name="masked"):
    """The picture with its middle, `share` of each side, in white: to be filled in."""

    words: ClassVar[str] = "the target with a white gap"

    share: Annotated[float, Gt(0), Lt(1)] = 0.5

    def derived(self, x: jax.Array) -> jax.Array:
        return jnp.asarray(x).at[:, *self.gap(x.shape[1:3])].set(1.0)

    def gap(self, sides: tuple[int, ...]) -> tuple[slice, slice]:
        """The rows and the columns of a picture of these sides (height, width) that are hidden."""
        sizes = [max(1, round(side * self.share)) for side in sides]
        firsts = [(side - size) // 2 for side, size in zip(sides, sizes, strict=True)]
        rows, columns = (slice(at, at + size) for at, size in zip(firsts, sizes, strict=True))
        return rows, columns

    def asked(self, pictures: Any) -> Any:
        return pictures[:, *self.gap(pictures.shape[1:3])]


class Edges(Given, name="edges"):
    """The outlines of a picture, one channel, dark on white: the length of Sobel's gradient of its
    luma, of which a step from black to white reaches black."""

    words: ClassVar[str] = "the outlines of the target"

    def derived(self, x: jax.Array) -> jax.Array:
        y = jnp.pad(luma(x), [(0, 0), (1, 1), (1, 1), (0, 0)], mode="edge")
        smooth, slope = (1.0, 2.0, 1.0), (-1.0, 0.0, 1.0)
        down, across = _filtered(y, slope, smooth), _filtered(y, smooth, slope)
        return _rounded(1 - jnp.sqrt(down**2 + across**2) / 4)  # 8 is the most along one axis


@dataclass(frozen=True)
class Blurred(Given, name="blurred"):
    """The picture under a Gaussian of `deviation` pixels, and then under noise: to be sharpened.

    GalaxyGAN (Schawinski et al. 2017, arXiv 1702.00403) blurs by a full width at half maximum of
    2.355 deviations and adds white noise of 1.2 times that of the sky.

    noise: the deviation of the normal noise, in the model's range. It is a function of the picture
        alone, so that a picture has the same source in training and evaluation, in any batch.
    """

    words: ClassVar[str] = "a blurred copy of the target"

    deviation: Positive = 2.0
    noise: NonNegative = 0.0

    def derived(self, x: jax.Array) -> jax.Array:
        reach = max(1, round(3 * self.deviation))
        weights = jnp.exp(-(jnp.arange(-reach, reach + 1) ** 2) / (2 * self.deviation**2))
        along = tuple(weights / weights.sum())
        padding = [(0, 0), (reach, reach), (reach, reach), (0, 0)]
        blurred = _filtered(jnp.pad(x, padding, mode="edge"), along, along)
        return _rounded(blurred + self.noise * _noise_of(x) if self.noise else blurred)


class Stored(Given, name="stored"):
    """The picture that the data have beside each example."""

    words: ClassVar[str] = "the picture that the data have beside the target"

    def derived(self, x: jax.Array) -> jax.Array:
        raise UserError(
            "condition.name=stored takes pictures that the data have beside each example, and "
            "these have none; set data.sources=FOLDER, or condition.name=edges or the like."
        )


class OtherClass(Given, name="other_class"):
    """A picture of another class than is to be made of it, where no pairs are known."""

    of_other_class: ClassVar[bool] = True
    words: ClassVar[str] = "a picture of another class"

    def derived(self, x: jax.Array) -> jax.Array:
        return x


def luma(x: jax.Array) -> jax.Array:
    """The brightness of pictures [n, h, w, c], [n, h, w, 1] in the same range; alpha is left
    out."""
    if x.shape[-1] < 3:
        return x[..., :1]
    return jnp.tensordot(x[..., :3], jnp.array(LUMA), 1)[..., None]


def _rounded(x: jax.Array) -> jax.Array:
    """To the 256 levels of a file, so that a picture read from one is the same source."""
    return jnp.round((jnp.clip(x, -1, 1) + 1) * 127.5) / 127.5 - 1


def _noise_of(x: jax.Array) -> jax.Array:
    """N(0, 1) of the shape of pictures [n, h, w, c], of each by a hash of its 256 levels."""
    levels = jnp.round((x + 1) * 127.5).astype(jnp.uint32).reshape(len(x), -1)
    odd = 2 * jnp.arange(levels.shape[1], dtype=jnp.uint32) + 1
    hashes = (levels * (odd * jnp.uint32(2654435761))[None]).sum(axis=1, dtype=jnp.uint32)
    each = keys.per_example(keys.stream(keys.root(0), Purpose.SOURCE_NOISE), hashes)
    return jax.vmap(lambda key: jax.random.normal(key, x.shape[1:]))(each)


def _filtered(x: jax.Array, down: Any, across: Any) -> jax.Array:
    """Padded pictures [n, h + k - 1, w + l - 1, c] by a filter along each axis: [n, h, w, c]."""
    height, width = x.shape[1] - len(down) + 1, x.shape[2] - len(across) + 1
    x = sum(weight * x[:, i : i + height] for i, weight in enumerate(down))
    return sum(weight * x[:, :, i : i + width] for i, weight in enumerate(across))
