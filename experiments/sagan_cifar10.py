"""SAGAN on CIFAR-10: self-attention, hinge loss, spectral norm.

    python launch.py --experiment=sagan_cifar10

Zhang et al. 2018, arXiv 1805.08318, section 4, as StudioGAN configures it. StudioGAN reports FID
10.35 and IS 8.64 for its variant (the best of the run's checkpoints).

Two CPU cores, seed 0, batches of 8, shared latents: step 200 in three minutes; round reddish blots
before blue and grey, no objects, no difference between classes.
"""

from gan_jax.data import TFDS
from gan_jax.methods import GAN, Adam, GameTrain, Log, Sample
from gan_jax.networks import Normal, ResNetDisc, ResNetGen
from gan_jax.objectives import Hinge

PAPER = "SAGAN, arXiv 1805.08318"


def get_config() -> GAN:
    return GAN(
        data=TFDS(name="cifar10", num_classes=10),
        latents=Normal(dimension=128),
        gen=ResNetGen(
            features=(256, 256, 256, 256),
            attention=16,
            kernel_size=3,
            activation="relu",
            norm="conditional_batch",
            kernel_norm="spectral",
        ),
        gen_optimizer=Adam(learning_rate=1e-4, b1=0.0, b2=0.9),
        disc=ResNetDisc(
            features=(128, 128, 128, 128),
            downsampling_blocks=2,
            attention=16,
            kernel_size=3,
            activation="relu",
            norm="none",
            kernel_norm="spectral",
            conditioning="projection",
            pooling="sum",
        ),
        disc_optimizer=Adam(learning_rate=4e-4, b1=0.0, b2=0.9),
        loss=Hinge(),
        train=GameTrain(num_steps=100_000, batch_size=64, gen_latents="fresh"),
        log=Log(every_steps=50),
        sample=Sample(every_steps=200, num_images=100),
    )
