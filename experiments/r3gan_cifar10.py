"""R3GAN on CIFAR-10: class-conditional, relativistic pairing loss with R1 and R2.

    python launch.py --experiment=r3gan_cifar10

Huang et al. 2025, arXiv 2501.05441, equations 2 and 4, configuration E of table 2. The paper
reports FID 1.96 (50,000 samples against the training images), from 8 GPUs in 4 days.

Two CPU cores, seed 0, batches of 2: step 200 in 35 minutes and 19 GB; soft clouds, each class of
another colour; no objects (an earlier state of the recipe: docs/recipes.md).

Departures: fewer kinds of augmentation; D's logit has an unconditional term in addition to the
projection; G's update sees the real images of D's, the original draws new ones.
"""

from gan_jax.data import TFDS
from gan_jax.methods import GAN, Adam, FixedAugment, GameTrain, Log, Sample
from gan_jax.networks import Normal, R3GANDisc, R3GANGen
from gan_jax.objectives import R1R2, RelativisticPairing

PAPER = "R3GAN, arXiv 2501.05441"


def get_config() -> GAN:
    channels = (768, 768, 768, 768)
    optimizer = Adam(
        learning_rate=2e-4,
        final_learning_rate=5e-5,
        b1=0.0,
        b2=0.9,
        final_b2=0.99,
    )
    return GAN(
        data=TFDS(name="cifar10", num_classes=10, flip="horizontal"),
        latents=Normal(dimension=64),
        gen=R3GANGen(
            features=channels,
            kernel_size=3,
            output="linear",
            conditioning="embedding",
            embedding_features=64,
        ),
        gen_optimizer=optimizer,
        disc=R3GANDisc(
            features=channels,
            kernel_size=3,
            conditioning="projection",
            embedding_features=64,
        ),
        disc_optimizer=optimizer,
        loss=RelativisticPairing(),
        penalty=R1R2(weight=0.05, final_weight=0.005),
        augment=FixedAugment(
            names=("color", "translation", "cutout"), probability=0.0, final_probability=0.55
        ),
        train=GameTrain(
            num_steps=488_000,
            batch_size=512,
            gen_latents="fresh",
            ema_half_life_images=0.0,
            final_ema_half_life_images=5e6,
            ema_ramp=0.0,
            schedule="cosine",
            schedule_images=20e6,
        ),
        log=Log(every_steps=50),
        sample=Sample(every_steps=200, num_images=100),
    )
