"""CycleGAN on CIFAR-10: automobiles to trucks and back, without pairs.

    python launch.py --experiment=cyclegan_cifar10

Zhu et al. 2017, arXiv 1703.10593, at 32x32 with half the authors' channels, two thirds of their
blocks, no reduction of the sides, an average of G, and BatchNorm in it, which keeps a picture's
brightness. Colours and textures change; shapes do not, as in the paper's figure 17. docs/recipes.md
has the departures.
"""

from gan_jax.data import TFDS
from gan_jax.methods import Adam, CycleGAN, GameTrain, Log, Sample
from gan_jax.networks import Normal, PatchDisc, TranslatorGen
from gan_jax.objectives import LeastSquares

PAPER = "CycleGAN, arXiv 1703.10593"


def get_config() -> CycleGAN:
    optimizer = Adam(learning_rate=2e-4, b1=0.5, final_learning_rate=0.0)
    return CycleGAN(
        data=TFDS(
            name="cifar10",
            classes=("automobile", "truck"),
            num_classes=2,
            flip="horizontal",
            draw="by_class",
        ),
        latents=Normal(dimension=0),
        gen=TranslatorGen(features=(32,), blocks=4, norm="batch"),
        gen_optimizer=optimizer,
        disc=PatchDisc(features=(32, 64, 128), norm="plain_instance"),
        disc_optimizer=optimizer,
        loss=LeastSquares(gen_weight=2.0),
        train=GameTrain(
            num_steps=8_000,
            batch_size=16,
            ema_half_life_images=4_000,
            pool_size=50,
            schedule="linear",
            schedule_after_images=64_000,
            schedule_images=64_000,
        ),
        log=Log(every_steps=50),
        sample=Sample(every_steps=500, num_images=32),
    )
