"""WGAN-GP on MNIST: InfoGAN's networks, Wasserstein loss, gradient penalty.

    python launch.py --experiment=wgan_gp_mnist

Gulrajani et al. 2017, arXiv 1704.00028, algorithm 1. "Are GANs Created Equal?" (arXiv 1711.10337)
compares losses in these networks.

Two CPU cores, seed 0, shared latents: step 500 (2.7 epochs) in six minutes; clean pen strokes in
the raw grid, about half of them legible digits.
"""

from gan_jax.data import TFDS
from gan_jax.methods import GAN, Adam, GameTrain, Log, Sample
from gan_jax.networks import InfoGANDisc, InfoGANGen, Uniform
from gan_jax.objectives import WGANGP, Wasserstein

PAPER = "WGAN-GP, arXiv 1704.00028"

EPOCH = 187


def get_config() -> GAN:
    optimizer = Adam(learning_rate=1e-4, b1=0.0, b2=0.9)
    return GAN(
        data=TFDS(name="mnist", height=28, width=28, channels=1, fallback="digits"),
        latents=Uniform(dimension=64),
        gen=InfoGANGen(features=(1024, 128, 64), kernel_size=4, activation="relu"),
        gen_optimizer=optimizer,
        disc=InfoGANDisc(features=(64, 128, 1024), kernel_size=4, norm="none"),
        disc_optimizer=optimizer,
        loss=Wasserstein(),
        penalty=WGANGP(weight=10.0),
        train=GameTrain(num_steps=20 * EPOCH, batch_size=64, disc_updates=5, gen_latents="fresh"),
        log=Log(every_steps=50),
        sample=Sample(every_steps=200, num_images=64),
    )
