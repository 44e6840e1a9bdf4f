"""WGAN-GP on CIFAR-10: residual networks, mean-pooled critic.

    python launch.py --experiment=wgan_gp_cifar10

Gulrajani et al. 2017, arXiv 1704.00028, appendix F. Mimicry reports FID 22.29 and IS 7.33 for this
setting with sum pooling (50,000 samples against the training images, one run).

Two CPU cores, seed 0, batches of 8, constant learning rate, shared latents: step 200 in four
minutes; the photographs' colours, bright skies above dark ground, dark things in the middle, no
objects.

Departure from the paper: D has no layer normalisation.
"""

from gan_jax.data import TFDS
from gan_jax.methods import GAN, Adam, GameTrain, Log, Sample
from gan_jax.networks import Normal, ResNetDisc, ResNetGen
from gan_jax.objectives import WGANGP, Wasserstein

PAPER = "WGAN-GP, arXiv 1704.00028"


def get_config() -> GAN:
    optimizer = Adam(learning_rate=2e-4, b1=0.0, b2=0.9, final_learning_rate=0.0)
    return GAN(
        data=TFDS(name="cifar10", fallback="procedural_cars"),
        latents=Normal(dimension=128),
        gen=ResNetGen(features=(128, 128, 128, 128), kernel_size=3, activation="relu"),
        gen_optimizer=optimizer,
        disc=ResNetDisc(
            features=(128, 128, 128, 128),
            downsampling_blocks=2,
            kernel_size=3,
            activation="relu",
            norm="none",
            pooling="mean",
        ),
        disc_optimizer=optimizer,
        loss=Wasserstein(),
        penalty=WGANGP(weight=10.0),
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
