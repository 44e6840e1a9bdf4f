"""CycleGAN on drawn cars: red ones to blue and back, without pairs.

    python launch.py --experiment=cyclegan_cars

Zhu et al. 2017, arXiv 1703.10593, as in `cyclegan_cifar10`. Of each test picture the same car in
the other paint is drawn too, so grids and scores have targets, which training never sees.

Two CPU cores, seed 0, 18 minutes: cars in the other paint, all else as it was. Of 278 pictures,
where the paint is to change l1_changed is 10.6 levels of the source's 71.7, elsewhere l1_kept is
5.6; PSNR 28.2 dB, of the source 16.3. A classifier of real cars reads the paint that was asked for
in 99.4 % of 10,000 samples (`--mode=evaluate --features=classifier`).
"""

from experiments import cyclegan_cifar10
from gan_jax.config import override
from gan_jax.methods import CycleGAN

PAPER = cyclegan_cifar10.PAPER


def get_config() -> CycleGAN:
    changes = {
        "data.source": "procedural_cars",
        "data.labels": "paint",
        "data.classes": ("red", "blue"),
        "loss.gen_weight": 1.0,
        "train.num_steps": 4_500,
        "train.schedule_after_images": 36_000,
        "train.schedule_images": 36_000,
    }
    return override(cyclegan_cifar10.get_config(), changes)
