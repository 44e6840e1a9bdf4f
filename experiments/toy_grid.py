"""25 Gaussians on a grid, in the plane.

    python launch.py --experiment=toy_grid

`toy_ring`'s recipe on 25 modes of deviation 0.02, 0.4 apart (`densities.grid`): the common
grid, at whole numbers from -2 to 2 with deviation 0.05, scaled into [-1, 1]. Modes half as wide ask
for more of both networks: G's rate is 1e-3, and the weight of R1 is 0.005.

Seed 0 ends with all 25 modes covered and 89.0 % of the samples at one. 45 s on two CPU cores.
"""

import dataclasses

from experiments import toy_ring
from gan_jax.config import Config, override

PAPER = toy_ring.PAPER


def get_config() -> Config:
    config = toy_ring.get_config()
    config = dataclasses.replace(config, data=dataclasses.replace(config.data, name="grid"))
    return override(config, {"gen.optimizer.learning_rate": 1e-3, "penalty.weight": 0.005})
