"""pix2pix on drawn cars: pictures from maps of their parts.

    python launch.py --experiment=pix2pix_cars

Isola et al. 2017, arXiv 1611.07004, without D by `--set=content.steps_alone=1000000`. A network
that learned on real pairs reads the maps from the pictures again (pairs/map_accuracy, map_iou).

Seed 0, 1,000 steps of 10,000, on an H200: it reads 80.9 % of the pixels right, 84.5 % in real
pictures and 53.8 % in those of other maps; cars are bodies with windows and wheels, still blurred.
"""

from experiments import inpaint_cifar10
from gan_jax.config import override
from gan_jax.methods import GAN

PAPER = inpaint_cifar10.PAPER


def get_config() -> GAN:
    changes = {
        "data.source": "procedural_cars",
        "data.maps": "parts",
        "data.flip": "horizontal",
        "data.fallback": "none",
        "condition.name": "stored",
    }
    return override(inpaint_cifar10.get_config(), changes)
