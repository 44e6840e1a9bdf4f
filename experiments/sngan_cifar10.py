"""SNGAN on CIFAR-10: residual networks, hinge loss, spectral norm.

    python launch.py --experiment=sngan_cifar10

Miyato et al. 2018, arXiv 1802.05957, table 4. Mimicry reports FID 16.77 and IS 7.97 for this
setting (50,000 samples against the training images, one run); the paper reports FID 21.7 (10,000
real images, 5,000 samples).

Two CPU cores, seed 0, batches of 8, constant learning rate, shared latents: step 200 in six
minutes; blots of light, dark and loud colours, no objects.
"""

from gan_jax.data import TFDS
from gan_jax.methods import GAN, Adam, GameTrain, Log, Sample
from gan_jax.networks import Normal, ResNetDisc, ResNetGen
from gan_jax.objectives import Hinge

PAPER = "SNGAN, arXiv 1802.05957"


def get_config() -> GAN:
    optimizer = Adam(learning_rate=2e-4, b1=0.0, b2=0.9, final_learning_rate=0.0)
    return GAN(
        data=TFDS(name="cifar10", fallback="procedural_cars"),
        latents=Normal(dimension=128),
        gen=ResNetGen(features=(256, 256, 256, 256), kernel_size=3, activation="relu"),
        gen_optimizer=optimizer,
        disc=ResNetDisc(
            features=(128, 128, 128, 128),
            downsampling_blocks=2,
            kernel_size=3,
            activation="relu",
            norm="none",
            kernel_norm="spectral",
            pooling="sum",
        ),
        disc_optimizer=optimizer,
        loss=Hinge(),
        train=GameTrain(
            num_steps=100_000,
            batch_size=64,
            disc_updates=5,
            gen_latents="fresh",
            schedule="linear",
            schedule_images=100_000 * 64,
        ),
        log=Log(every_steps=50),
        sample=Sample(every_steps=200, num_images=64),
    )
