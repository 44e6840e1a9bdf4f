"""ACGAN on CIFAR-10: residual networks, auxiliary classifier, hinge loss.

    python launch.py --experiment=acgan_cifar10

Odena et al. 2016, arXiv 1610.09585, equations 2 and 3, as StudioGAN configures it. StudioGAN
reports FID 33.39 and IS 7.19 for its variant (the best of the run's checkpoints), whose log
collapses after step 18,000.

Two CPU cores, seed 0, batches of 8, constant learning rate, shared latents: step 200 in six
minutes; light and dark blots, some of them green, no objects, no difference between classes.
"""

from gan_jax.data import TFDS
from gan_jax.methods import GAN, Adam, GameTrain, Log, Sample
from gan_jax.networks import Normal, ResNetDisc, ResNetGen
from gan_jax.objectives import Classifier, Hinge

PAPER = "ACGAN, arXiv 1610.09585"


def get_config() -> GAN:
    optimizer = Adam(learning_rate=2e-4, b1=0.0, b2=0.9, final_learning_rate=0.0)
    return GAN(
        data=TFDS(name="cifar10", num_classes=10),
        latents=Normal(dimension=128),
        gen=ResNetGen(
            features=(256, 256, 256, 256),
            kernel_size=3,
            activation="relu",
            norm="conditional_batch",
        ),
        gen_optimizer=optimizer,
        disc=ResNetDisc(
            features=(128, 128, 128, 128),
            downsampling_blocks=2,
            kernel_size=3,
            activation="relu",
            norm="none",
            kernel_norm="spectral",
            conditioning="classifier",
            pooling="sum",
        ),
        disc_optimizer=optimizer,
        loss=Hinge(),
        auxiliary=Classifier(weight=0.1),
        train=GameTrain(
            num_steps=100_000,
            batch_size=64,
            disc_updates=5,
            gen_latents="fresh",
            schedule="linear",
            schedule_images=100_000 * 64,
        ),
        log=Log(every_steps=50),
        sample=Sample(every_steps=200, num_images=100),
    )
