"""The same training step by several libraries, from the same weights.

Each peer is a module with `make(problem) -> Step`. All of them train the two DCGAN networks of
`problem.config` in the order of `train.disc_update=in_turn`: D on real, D on fake, then G on the
same latents, with Adam, on one fixed batch of images.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from gan_jax.config import Config


class Problem(NamedTuple):
    """What every peer is given."""

    config: Config
    variant: str  # of the peer, such as `compiled`; "" is the plain one
    weights: dict[str, Any]  # gan_jax's initial parameters of `gen` and `disc`, as numpy arrays
    images: np.ndarray  # float32 [n, height, width, channels] in [-1, 1]
    latents: np.ndarray  # float32 [n, dimension], of the first step


class Step(NamedTuple):
    """What a peer gives back.

    first: () -> (D's loss on real, D's loss on fake, G's loss) of the first step on the given
        latents, with dropout off; it trains nothing that `run` goes on from.
    run: (n) -> None, n training steps with fresh latents and dropout, returning when they are done.
    """

    first: Callable[[], tuple[float, float, float]]
    run: Callable[[int], None]
