"""DCGAN on LSUN bedrooms: the paper's 64x64 system.

    python launch.py --experiment=dcgan_lsun

Radford et al. 2015, arXiv 1511.06434. 3,033,042 images, which the first start decodes into a cache
of 37 GB (twice that meanwhile); `'--set=data.train_split=train[:10%]'` takes a part.

LSUN itself was not run. On drawn cars, two CPU cores, seed 0, batches of 32, 2.5 s a step: at step
1,900 about half of the samples are cars at a glance (docs/recipes.md).

Departures (docs/recipes.md): near-duplicates stay in the data; the paper specifies G alone, and D
mirrors it; no bias in convolutions before BatchNorm; five epochs; grids also show an average of G.
"""

from gan_jax.data import TFDS
from gan_jax.methods import GAN, Adam, GameTrain, Log, Sample
from gan_jax.networks import DCGANNormalDisc, DCGANNormalGen, Uniform

PAPER = "DCGAN, arXiv 1511.06434"

EPOCH = 23_695


def get_config() -> GAN:
    optimizer = Adam(learning_rate=2e-4, b1=0.5)
    return GAN(
        data=TFDS(
            name="lsun/bedroom",
            test_split="validation",
            height=64,
            width=64,
            channels=3,
            feed="host",
            fallback="procedural_cars",
        ),
        latents=Uniform(dimension=100),
        gen=DCGANNormalGen(features=(1024, 512, 256, 128), activation="relu"),
        gen_optimizer=optimizer,
        disc=DCGANNormalDisc(features=(128, 256, 512, 1024)),
        disc_optimizer=optimizer,
        train=GameTrain(num_steps=5 * EPOCH, batch_size=128),
        log=Log(every_steps=20),
        sample=Sample(every_steps=200, num_images=64),
    )
