"""pix2pix on a folder of your own: pictures from outlines, or from sources.

    python launch.py --experiment=pix2pix_folder --set=data.path=FOLDER
    python launch.py --experiment=pix2pix_folder --set=data.path=TARGETS --set=data.sources=SOURCES

Isola et al. 2017, arXiv 1611.07004, at 64x64 with half the authors' channels. Other sources are
`--set=condition.name=gray`, `masked` and `blurred`, pictures of the same names in a second folder,
or with `--set=data.halves=left` the left half of each picture.
"""

from experiments import inpaint_cifar10
from gan_jax.config import override
from gan_jax.methods import GAN

PAPER = inpaint_cifar10.PAPER


FOLDER = {
    "data.source": "folder",
    "data.height": 64,
    "data.width": 64,
    "data.held_out": 0.1,
    "data.fallback": "none",
    "train.batch_size": 16,
}


def get_config() -> GAN:
    changes = {
        "condition.name": "edges",
        "gen.features": (32, 64, 128, 256, 256, 256),
        "disc.features": (32, 64, 128, 256),
    }
    return override(inpaint_cifar10.get_config(), FOLDER | changes)
