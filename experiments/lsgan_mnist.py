"""LSGAN on MNIST: InfoGAN's networks, least-squares loss.

    python launch.py --experiment=lsgan_mnist

Mao et al. 2017, arXiv 1611.04076, equation 9. "Are GANs Created Equal?" (arXiv 1711.10337) compares
losses in these networks.

Two CPU cores, seed 0: step 937 (one epoch) in three minutes; in the raw grid most digits are
legible, on noise.
"""

from gan_jax.data import TFDS
from gan_jax.methods import GAN, Adam, GameTrain, Log, Sample
from gan_jax.networks import InfoGANDisc, InfoGANGen, Uniform
from gan_jax.objectives import LeastSquares

PAPER = "LSGAN, arXiv 1611.04076"

EPOCH = 937


def get_config() -> GAN:
    optimizer = Adam(learning_rate=2e-4, b1=0.5)
    return GAN(
        data=TFDS(name="mnist", height=28, width=28, channels=1, fallback="digits"),
        latents=Uniform(dimension=64),
        gen=InfoGANGen(features=(1024, 128, 64), kernel_size=4, activation="relu"),
        gen_optimizer=optimizer,
        disc=InfoGANDisc(features=(64, 128, 1024), kernel_size=4),
        disc_optimizer=optimizer,
        loss=LeastSquares(),
        train=GameTrain(num_steps=20 * EPOCH, batch_size=64),
        log=Log(every_steps=50),
        sample=Sample(every_steps=200, num_images=64),
    )
