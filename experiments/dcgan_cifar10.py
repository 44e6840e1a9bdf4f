"""DCGAN on CIFAR-10: StudioGAN's configuration, sum-pooled discriminator.

    python launch.py --experiment=dcgan_cifar10

StudioGAN reports FID 48.29 and IS 6.11 (50,000 samples against the training images, the best of the
run's checkpoints, one seed; its log has the best near step 42,000 and collapse after it).

Two CPU cores, seed 0, shared latents, 1.5 s a step: at step 228 a coloured texture that is the same
for all latents, and a D that is sure of every image (StudioGAN's FID is 114.9 at step 2,000).

Departures: kernels start at N(0, 0.02), StudioGAN's are orthogonal; grids show an average of G
(half-life at most 10,000 images) in addition to the raw one.
"""

from gan_jax.data import TFDS
from gan_jax.methods import GAN, Adam, GameTrain, Log, Sample
from gan_jax.networks import Normal, SNDCGANDisc, SNDCGANGen

PAPER = "DCGAN, arXiv 1511.06434"


def get_config() -> GAN:
    optimizer = Adam(learning_rate=2e-4, b1=0.5)
    return GAN(
        data=TFDS(name="cifar10", flip="horizontal", fallback="procedural_cars"),
        latents=Normal(dimension=128),
        gen=SNDCGANGen(features=(512, 256, 128, 64), activation="relu", batch_norm_epsilon=1e-4),
        gen_optimizer=optimizer,
        disc=SNDCGANDisc(
            features=(64, 128, 256, 512),
            activation="relu",
            batch_norm_epsilon=1e-4,
            pooling="sum",
        ),
        disc_optimizer=optimizer,
        train=GameTrain(num_steps=200_000, batch_size=64, disc_updates=2, gen_latents="fresh"),
        log=Log(every_steps=50),
        sample=Sample(every_steps=200, num_images=64),
    )
