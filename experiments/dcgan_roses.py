"""DCGAN on 67 photographs of roses: GANs N' Roses, trained until it memorises.

    python launch.py --experiment=dcgan_roses --set=data.path=FOLDER

The article finds that G reproduces training images after about 1,000 steps and is overfitted at
30,000. Neither mirrored nor augmented, so that this can be seen; `dcgan_folder` does both.

Two CPU cores, seed 0, 0.3 to 0.5 s a step, to step 9,830 of 30,000: grainy roses from step 600 on,
collapse to noise near 1,200, from 4,000 on the photographs themselves. Of 64 samples 75 % are near
copies at step 4,000 (`--what=neighbours`; more, and the departures, in docs/recipes.md).
"""

from gan_jax.data import Folder
from gan_jax.methods import GAN, Adam, Checkpoint, GameTrain, Log, Sample
from gan_jax.networks import DCGANNormalDisc, DCGANNormalGen, Uniform

PAPER = "DCGAN, arXiv 1511.06434"


def get_config() -> GAN:
    optimizer = Adam(learning_rate=2e-4, b1=0.5)
    return GAN(
        data=Folder(height=64, width=64, channels=3),
        latents=Uniform(dimension=100),
        gen=DCGANNormalGen(features=(512, 256, 128, 64), activation="relu"),
        gen_optimizer=optimizer,
        disc=DCGANNormalDisc(features=(64, 128, 256, 512)),
        disc_optimizer=optimizer,
        train=GameTrain(num_steps=30_000, batch_size=12, ema_half_life_images=0),
        log=Log(every_steps=10),
        sample=Sample(every_steps=100, num_images=12),
        checkpoint=Checkpoint(every_steps=500, keep_every_steps=1_000),
    )
