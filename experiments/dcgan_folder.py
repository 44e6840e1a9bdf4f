"""DCGAN on your own images: DCGAN-tensorflow with mirroring and augmentation.

    python launch.py --experiment=dcgan_folder --set=data.path=FOLDER

Any height and width that are multiples of 16, such as `--set=data.height=64 --set=data.width=96`;
`--set=data.crop=96,96` crops the centre first, as the original does with its anime faces.

Two CPU cores, seed 0, 1.25 s a step, 67 photographs of roses: at step 450 the raw grid shows round
blossoms, red, orange, pink and violet on dark green, coarse and of one shape. None of 64 samples is
nearer to a photograph than photographs are to each other.

Departures from the original: docs/recipes.md.
"""

from gan_jax.data import Folder
from gan_jax.methods import GAN, Adam, FixedAugment, GameTrain, Log, Sample
from gan_jax.networks import DCGANNormalDisc, DCGANNormalGen, Uniform

PAPER = "DCGAN, arXiv 1511.06434"


def get_config() -> GAN:
    optimizer = Adam(learning_rate=2e-4, b1=0.5)
    return GAN(
        data=Folder(height=48, width=48, channels=3, flip="horizontal"),
        latents=Uniform(dimension=100),
        gen=DCGANNormalGen(features=(512, 256, 128, 64), activation="relu"),
        gen_optimizer=optimizer,
        disc=DCGANNormalDisc(features=(64, 128, 256, 512)),
        disc_optimizer=optimizer,
        augment=FixedAugment(("color", "translation", "cutout")),
        train=GameTrain(num_steps=40_000, batch_size=64, gen_updates=2),
        log=Log(every_steps=20),
        sample=Sample(every_steps=200, num_images=64),
    )
