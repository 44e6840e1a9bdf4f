"""A line in the plane: GAN Lab's.

    python launch.py --experiment=toy_line

`toy_ring`'s recipe on a segment with a deviation of 0.02 around it (`densities.line`), made
of 54 Gaussians: the modes that are covered are parts of the line.

Seed 0 ends with all 54 parts covered and every sample at one. 40 s on two CPU cores.
"""

import dataclasses

from experiments import toy_ring
from gan_jax.config import Config

PAPER = toy_ring.PAPER


def get_config() -> Config:
    config = toy_ring.get_config()
    return dataclasses.replace(config, data=dataclasses.replace(config.data, name="line"))
