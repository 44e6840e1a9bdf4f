"""GAN on a line in the plane: GAN Lab's.

    python launch.py --experiment=toy_line

`toy_ring`'s recipe on `densities.line`, a segment made of 54 Gaussians of deviation 0.02: the modes
that are covered are parts of the line.

40 s on two CPU cores; seed 0 ends with all 54 parts covered and every sample at one.
"""

from experiments import toy_ring
from gan_jax.config import override
from gan_jax.methods import Config

PAPER = toy_ring.PAPER


def get_config() -> Config:
    return override(toy_ring.get_config(), {"data.name": "line"})
