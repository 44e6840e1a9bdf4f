"""What the command line may say about a picture."""

from typing import NamedTuple

from gan_jax.errors import UserError


class NotForThisRun(UserError):
    """A picture that makes no sense for a run; the sentence says why."""


class Options(NamedTuple):
    seed: int = 0  # of the latents
    num_samples: int = 64
    nice: bool = False  # the best by D's score, of 20 times as many
    animate: bool = False  # also GIFs
    operands: str = ""  # arithmetic: sample numbers, such as 1,2,3-4,5,6+7,8,9; edit: one
    concept: str = ""  # arithmetic: two classes or two folders, such as 7,1
    classes: tuple[str, ...] = ()  # that samples are of in turn, by name or number; () is all
    inputs: str = ""  # project: a folder of pictures, in place of the data's
    strokes: str = ""  # edit: a PNG with transparency
    directions: str = ""  # sweep: ganspace or sefa, in place of the coordinates
