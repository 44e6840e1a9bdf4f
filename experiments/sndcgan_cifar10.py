"""SNGAN on CIFAR-10: standard CNNs (SNDCGAN), hinge loss, spectral norm.

    python launch.py --experiment=sndcgan_cifar10

Miyato et al. 2018, arXiv 1802.05957, table 3 and setting C of table 2. The paper reports FID 29.3
and IS 7.42 (10,000 real images, 5,000 samples).

Two CPU cores, seed 0, 0.9 s a step: at step 200 light and dark shapes, no two alike, in the raw
grid, in photographs' colours but for a checkerboard; D cannot separate real from fake yet (losses
1.95 and 0.38).
"""

from gan_jax.data import TFDS
from gan_jax.methods import GAN, Adam, GameTrain, Log, Sample
from gan_jax.networks import Normal, SNDCGANDisc, SNDCGANGen
from gan_jax.objectives import Hinge

PAPER = "SNGAN, arXiv 1802.05957"


def get_config() -> GAN:
    optimizer = Adam(learning_rate=2e-4, b1=0.5)
    return GAN(
        data=TFDS(name="cifar10", fallback="procedural_cars"),
        latents=Normal(dimension=128),
        gen=SNDCGANGen(features=(512, 256, 128, 64), activation="relu"),
        gen_optimizer=optimizer,
        disc=SNDCGANDisc(
            features=(64, 128, 256, 512), negative_slope=0.1, norm="none", kernel_norm="spectral"
        ),
        disc_optimizer=optimizer,
        loss=Hinge(),
        train=GameTrain(num_steps=100_000, batch_size=64),
        log=Log(every_steps=50),
        sample=Sample(every_steps=200, num_images=64),
    )
