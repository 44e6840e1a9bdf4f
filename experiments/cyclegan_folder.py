"""CycleGAN on two folders of your own: pictures of each like those of the other.

    python launch.py --experiment=cyclegan_folder --set=data.path=A --set=data.other=B
    python launch.py --mode=sample --workdir=RUN --inputs=FOLDER --classes=B

Zhu et al. 2017, arXiv 1703.10593, at 64x64 with half the authors' channels; the second line makes
pictures like those of B of a folder's, in their own sizes. One folder with a sub-folder for each is
`--set=data.source=folder`.
"""

from experiments import cyclegan_cifar10, pix2pix_folder
from gan_jax.config import override
from gan_jax.methods import CycleGAN

PAPER = cyclegan_cifar10.PAPER


def get_config() -> CycleGAN:
    changes = {
        "data.source": "two_folders",
        "data.num_classes": 2,
        "data.draw": "by_class",
        "data.flip": "horizontal",
        "gen.features": (32, 64, 128),
        "gen.blocks": 6,
        "gen.norm": "plain_instance",
        "disc.features": (32, 64, 128, 256),
        "train.batch_size": 4,
        "train.schedule_after_images": 16_000,
        "train.schedule_images": 16_000,
    }
    return override(cyclegan_cifar10.get_config(), pix2pix_folder.FOLDER | changes)
