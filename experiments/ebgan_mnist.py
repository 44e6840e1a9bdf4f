"""EBGAN on MNIST: dense generator, dense autoencoder as discriminator.

    python launch.py --experiment=ebgan_mnist
    python launch.py --experiment=ebgan_mnist \
        --set=auxiliary.name=pull_away --set=auxiliary.weight=0.1

Zhao et al. 2016, arXiv 1609.03126, equations 1 and 2; the pull-away term is equation 4.

Two CPU cores, seed 0: step 4,000 (4.3 epochs) in 81 s; digits in the averaged grid, most of them
legible, on faint noise. With the pull-away term, step 2,811: the same, more of them legible.

Departures: layer sizes, and the margin, which is of a mean over pixels; the paper searches a grid
of them (its appendix).
"""

from gan_jax.data import TFDS
from gan_jax.methods import GAN, Adam, GameTrain, Log, Sample
from gan_jax.networks import AutoencoderDisc, MLPGen, Uniform
from gan_jax.objectives import EBGAN

PAPER = "EBGAN, arXiv 1609.03126"

EPOCH = 937


def get_config() -> GAN:
    optimizer = Adam(learning_rate=2e-4, b1=0.5)
    return GAN(
        data=TFDS(name="mnist", height=28, width=28, channels=1, fallback="digits"),
        latents=Uniform(dimension=100),
        gen=MLPGen(features=(256, 512, 1024)),
        gen_optimizer=optimizer,
        disc=AutoencoderDisc(features=(256, 64), norm="none"),
        disc_optimizer=optimizer,
        loss=EBGAN(margin=0.5),
        train=GameTrain(num_steps=50 * EPOCH, batch_size=64),
        log=Log(every_steps=100),
        sample=Sample(every_steps=EPOCH, num_images=64),
    )
