"""DRAGAN on MNIST: InfoGAN's networks, gradient penalty around real images.

    python launch.py --experiment=dragan_mnist

Kodali et al. 2017, arXiv 1705.07215, section 2.3. "Are GANs Created Equal?" (arXiv 1711.10337)
compares losses in these networks.

Two CPU cores, seed 0: step 937 (one epoch) in four minutes; clean white strokes in the averaged
grid, most of them legible, 9 and 8 more often than others, some between two digits.
"""

from gan_jax.data import TFDS
from gan_jax.methods import GAN, Adam, GameTrain, Log, Sample
from gan_jax.networks import InfoGANDisc, InfoGANGen, Uniform
from gan_jax.objectives import DRAGAN

PAPER = "DRAGAN, arXiv 1705.07215"

EPOCH = 937


def get_config() -> GAN:
    optimizer = Adam(learning_rate=2e-4, b1=0.5)
    return GAN(
        data=TFDS(name="mnist", height=28, width=28, channels=1, fallback="digits"),
        latents=Uniform(dimension=64),
        gen=InfoGANGen(features=(1024, 128, 64), kernel_size=4, activation="relu"),
        gen_optimizer=optimizer,
        disc=InfoGANDisc(features=(64, 128, 1024), kernel_size=4, norm="none"),
        disc_optimizer=optimizer,
        penalty=DRAGAN(weight=10.0),
        train=GameTrain(num_steps=20 * EPOCH, batch_size=64),
        log=Log(every_steps=50),
        sample=Sample(every_steps=200, num_images=64),
    )
