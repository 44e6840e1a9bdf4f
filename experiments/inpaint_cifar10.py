"""pix2pix on CIFAR-10: the middle of a picture from what is around it.

    python launch.py --experiment=inpaint_cifar10

Isola et al. 2017, arXiv 1611.07004, whose program puts white in the middle half of each side, too.
Without D, which leaves a blur: `--set=content.steps_alone=1000000`. Seed 0, 2,000 steps of that:
16.3 dB in the hole, where the harmonic fill has 16.1.
"""

from experiments import pix2pix_colour_cifar10
from gan_jax.config import override
from gan_jax.methods import GAN

PAPER = pix2pix_colour_cifar10.PAPER


def get_config() -> GAN:
    return override(pix2pix_colour_cifar10.get_config(), {"condition.name": "masked"})
