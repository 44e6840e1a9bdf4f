"""Where examples come from: what all sources have, and what a picture's have."""

from dataclasses import dataclass
from typing import ClassVar, Literal

from gan_jax.config import Count, Natural, Part
from gan_jax.data.dataset import Dataset
from gan_jax.data.kinds import Kind, Picture
from gan_jax.errors import UserError
from gan_jax.method import Condition, Example


@dataclass(frozen=True)
class Source(Part, chosen_by="source"):
    """A source of examples; its methods raise `UserError` for what the user must mend.

    num_classes: that the networks are conditioned on; 0 is none.
    feed: where the examples live while training.
    draw: which examples meet in a batch: any, or equal parts of each class.
    fallback: the source to use when this one cannot be had.
    stands_in_for: set by the run when `fallback` was taken.
    """

    num_classes: Natural = 0
    feed: Literal["auto", "device", "host"] = "auto"
    draw: Literal["any", "by_class"] = "any"
    fallback: str = "none"
    stands_in_for: str = ""

    not_kept: ClassVar[frozenset[str]] = frozenset({"name", "classes"})
    is_mirrored: ClassVar[bool] = False
    """Whether half of the real examples that D sees are mirrored."""
    has_sources: ClassVar[bool] = False
    """Whether each example has a source picture beside it, of the same shape."""

    @property
    def kind(self) -> Kind:
        """What the examples look like."""
        raise NotImplementedError

    def condition(self, examples: Example) -> Condition:
        """What networks are conditioned on for examples [n], whose `x` is not looked at: their
        classes int32 [n], or nothing."""
        return examples.label if self.num_classes else None

    def load(self) -> Dataset:
        """Reads or makes all examples, which may be slow."""
        raise NotImplementedError

    def stamp(self) -> object:
        """Anything JSON that changes when the examples do, fast; it keys the cache."""
        return None

    def check(self) -> None:
        """Raises `Unavailable` when the examples are not here, fast."""

    def prepare(self) -> None:
        """Makes that they are here, by a download where need be, or raises as `check` does."""
        self.check()

    def absolute(self) -> "Source":
        """The same by places that mean the same from any directory."""
        return self

    @property
    def where(self) -> str:
        """Which of a source's data, in a word or two."""
        return ""


@dataclass(frozen=True)
class PictureSource(Source):
    """A source of pictures, brought to one shape.

    flip: mirrors half of the real images that D sees.
    """

    height: Count = 32
    width: Count = 32
    channels: Literal[1, 3, 4] = 3
    flip: Literal["none", "horizontal"] = "none"

    @property
    def is_mirrored(self) -> bool:  # type: ignore[override]
        return self.flip == "horizontal"

    @property
    def kind(self) -> Picture:
        return Picture(self.height, self.width, self.channels)


@dataclass(frozen=True)
class StoredPictures(PictureSource):
    """Pictures of any size that are stored somewhere, in classes or not.

    classes: keep these class names only; () keeps all.
    crop: centre crop (height, width) first; () is the largest of our aspect.
    """

    classes: tuple[str, ...] = ()
    crop: tuple[Count, ...] = ()

    def check_crop(self) -> None:
        """Raises `UserError` for a crop that is not a height and a width."""
        if len(self.crop) not in (0, 2):
            raise UserError(f"data.crop={self.crop} must be a height and a width, such as 96,96.")
