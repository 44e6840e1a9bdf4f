"""The same training step by several libraries, from the same weights.

Each peer is a module with `make(problem) -> Step`. All of them train the networks of
`problem.config` as its `train` says: D on real and fake jointly, with a penalty where there is one,
or on real and then on fake, once or several times; then G, on the same latents or on fresh ones;
with Adam, on one fixed batch of images. What a peer does not know it refuses. Schedules stay where
they start in the other libraries: they move a few scalars, which takes no time.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from gan_jax.config import flatten
from gan_jax.errors import UserError
from gan_jax.methods import GAN


class Problem(NamedTuple):
    """What every peer is given."""

    config: GAN
    variant: str  # of the peer, such as `compiled`; "" is the plain one
    device: str  # `cpu` or `gpu`
    weights: dict[str, Any]  # gan_jax's initial parameters of `gen` and `disc`, as numpy arrays
    stats: dict[str, Any]  # of `gen` and `disc` likewise: the vectors of spectral normalisation
    images: np.ndarray  # float32 [n, height, width, channels] in [-1, 1]
    labels: np.ndarray  # int32 [n], below the number of classes; 0 without any
    latents: np.ndarray  # float32 [n, dimension], of the first step
    mix: np.ndarray  # float32 [n] in [0, 1], WGAN-GP's places between fake and real, likewise


class Losses(NamedTuple):
    """Means of the first step; the penalty without its weight, and 0 where there is none.

    Those of D are of its first update. The loss of one that compares real with fake is all in
    `disc_real`. G's is that after all updates of D, which see the same real images and latents.
    """

    disc_real: float
    disc_fake: float
    penalty: float
    gen: float


class Step(NamedTuple):
    """What a peer gives back.

    first: () -> the losses of the first step on the given latents, G's after D's update; it trains
        nothing that `run` goes on from.
    run: (n) -> None, n training steps with fresh latents and dropout, returning when they are done.
    device_mib: () -> the peak of the device's memory, or None for a CPU.
    """

    first: Callable[[], Losses]
    run: Callable[[int], None]
    device_mib: Callable[[], float | None] = lambda: None


MOST_STEPS = 1024
"""The most steps that `run` is asked for, as many as one call of a training run may have."""

KNOWN = {
    "method": ("gan",),
    "data.num_classes": (0,),
    "data.flip": ("none",),
    "gen.name": ("dcgan", "dcgan_normal", "mlp"),
    "gen.output": ("tanh",),
    "gen.norm": ("batch", "none"),
    "gen.kernel_norm": ("none",),
    "gen.conditioning": ("none",),
    "gen_optimizer.name": ("adam",),
    "disc.name": ("dcgan", "dcgan_normal", "mlp"),
    "disc.norm": ("batch", "none"),
    "disc.kernel_norm": ("none",),
    "disc.conditioning": ("none",),
    "disc.pooling": ("flatten",),
    "disc.minibatch": ("none",),
    "latents.categories": ((),),
    "latents.continuous": (0,),
    "disc_optimizer.name": ("adam",),
    "loss.name": ("non_saturating",),
    "loss.gen_weight": (1,),
    "auxiliary.name": ("none",),
    "condition.name": ("none",),
    "content.l1": (0,),
    "content.l2": (0,),
    "content.gradient_difference": (0,),
    "content.features": (0,),
    "penalty.name": ("none", "r1", "wgan_gp"),
    "train.num_seeds": (1,),
    "train.disc_update": ("joint", "in_turn"),
    "penalty.clip_weights": (0,),
    "penalty.every_steps": (1,),
    "train.disc_updates": (1,),
    "train.gen_updates": (1,),
    "train.gen_latents": ("shared",),
    "augment.name": ("none",),
    "train.compute_dtype": ("float32", "bfloat16"),
    "train.gen_top_share": (1,),
    "train.final_gen_top_share": (None,),
    "train.schedule": ("none",),
}
"""The values of the config's fields that other libraries' peers know; other fields are free."""


def check(library: str, config: GAN, known: dict[str, tuple]) -> None:
    """Raises `UserError` for the first field with a value that is not among the `known` ones."""
    values = flatten(config)
    for name, choices in known.items():
        if name in values and values[name] not in choices:
            listed = " or ".join(str(choice) for choice in choices)
            raise UserError(f"the peer in {library} knows {name} {listed}, not {values[name]}.")
