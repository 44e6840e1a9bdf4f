"""SRGAN on a folder of your own: pictures of 64x64 from 16x16.

    python launch.py --experiment=srgan_folder --set=data.path=FOLDER

As `srgan_cifar10`, at twice the sides; `--mode=sample --workdir=RUN --inputs=FOLDER` then enlarges
pictures of any size four times.
"""

from experiments import pix2pix_folder, srgan_cifar10
from gan_jax.config import override
from gan_jax.methods import GAN

PAPER = srgan_cifar10.PAPER


def get_config() -> GAN:
    return override(srgan_cifar10.get_config(), pix2pix_folder.FOLDER)
