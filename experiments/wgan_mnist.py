"""WGAN on MNIST: InfoGAN's networks, Wasserstein loss, weight clipping.

    python launch.py --experiment=wgan_mnist

Arjovsky et al. 2017, arXiv 1701.07875, algorithm 1. "Are GANs Created Equal?" (arXiv 1711.10337)
compares losses in these networks.

Two CPU cores, seed 0, shared latents: step 2,500 (13 epochs) in 22 minutes; somewhat broken pen
strokes; about two thirds make a legible digit, in the averaged grid as in the raw one, a third did
at 1,250.
"""

from gan_jax.data import TFDS
from gan_jax.methods import GAN, GameTrain, Log, RMSProp, Sample
from gan_jax.networks import InfoGANDisc, InfoGANGen, Uniform
from gan_jax.objectives import NoPenalty, Wasserstein

PAPER = "WGAN, arXiv 1701.07875"

EPOCH = 187


def get_config() -> GAN:
    optimizer = RMSProp(learning_rate=5e-5, decay=0.99)
    return GAN(
        data=TFDS(name="mnist", height=28, width=28, channels=1, fallback="digits"),
        latents=Uniform(dimension=64),
        gen=InfoGANGen(features=(1024, 128, 64), kernel_size=4, activation="relu"),
        gen_optimizer=optimizer,
        disc=InfoGANDisc(features=(64, 128, 1024), kernel_size=4),
        disc_optimizer=optimizer,
        loss=Wasserstein(),
        penalty=NoPenalty(clip_weights=0.01),
        train=GameTrain(num_steps=20 * EPOCH, batch_size=64, disc_updates=5, gen_latents="fresh"),
        log=Log(every_steps=50),
        sample=Sample(every_steps=200, num_images=64),
    )
