"""What an example looks like: its shape, its way into the model's range, its sheet and its file.

Data sets hold examples as they are stored, and methods see them in the model's range; nothing else
in the library knows how the one becomes the other.
"""

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.data import sheets
from gan_jax.method import Example


class Kind(Protocol):
    """What the library asks of a kind."""

    most_in_sheet: ClassVar[int]
    """How many examples a sheet shows; more could not be told apart."""
    suffix: ClassVar[str]
    """How the file of one example ends; empty where one alone says nothing."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one example."""

    @property
    def scale(self) -> int:
        """By how much a sheet is enlarged so that a person sees it."""

    def to_model(self, x: Any) -> jax.Array:
        """Stored examples [n, ...] as float32 in the model's range."""

    def from_model(self, x: jax.Array) -> jax.Array:
        """The inverse: what a model makes [n, ...], as it is stored."""

    def sheet(self, x: np.ndarray) -> np.ndarray:
        """Stored examples [n, ...] as one picture, uint8 [H, W, c]."""

    def file(self, x: np.ndarray) -> bytes:
        """What the file of one stored example [...] holds."""


@dataclass(frozen=True)
class Picture(Kind):
    """A picture: uint8 [height, width, channels], in [-1, 1] to the model, drawn in a grid."""

    height: int
    width: int
    channels: int

    most_in_sheet: ClassVar[int] = 400
    suffix: ClassVar[str] = ".png"

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.height, self.width, self.channels

    @property
    def scale(self) -> int:
        return sheets.legible(self.height, self.width)

    def to_model(self, x: Any) -> jax.Array:
        """uint8 to float32 in [-1, 1]; 0 becomes -1 and 255 becomes 1."""
        return x.astype(jnp.float32) / 127.5 - 1

    def from_model(self, x: jax.Array) -> jax.Array:
        """[-1, 1] to uint8, rounded; what lies outside is clipped."""
        return jnp.clip(jnp.round((x + 1) * 127.5), 0, 255).astype(jnp.uint8)

    def sheet(self, x: np.ndarray) -> np.ndarray:
        return sheets.grid(x)

    def file(self, x: np.ndarray) -> bytes:
        return sheets.png(x)


@dataclass(frozen=True)
class Points(Kind):
    """A point of the plane: float32 [2] in [-1, 1], which nothing rounds, drawn in a scatter."""

    dimension: int = 2

    most_in_sheet: ClassVar[int] = 400
    suffix: ClassVar[str] = ""

    @property
    def shape(self) -> tuple[int]:
        return (self.dimension,)

    @property
    def scale(self) -> int:
        return 1

    def to_model(self, x: Any) -> jax.Array:
        return x

    def from_model(self, x: jax.Array) -> jax.Array:
        return x

    def sheet(self, x: np.ndarray) -> np.ndarray:
        return sheets.scatter(x)

    def file(self, x: np.ndarray) -> bytes:
        raise NotImplementedError("a point has no file of its own")


def to_model(kind: Kind, examples: Example) -> Example:
    """Stored examples as a method takes them."""
    pictures = {
        name: kind.to_model(stored)
        for name, stored in (("x", examples.x), ("source", examples.source))
        if stored is not None
    }
    return examples._replace(**pictures)
