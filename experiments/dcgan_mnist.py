"""DCGAN on MNIST: DCGAN-tensorflow, conditioned on the label at every layer.

    python launch.py --experiment=dcgan_mnist

Two CPU cores, seed 0, stopped and resumed twice: step 2,208 (2.4 epochs) in 7 minutes; every column
of the averaged grid shows its own digit, with as many handwritings as rows, most of them clear and
a few 3, 4, 5 and 8 broken. At step 1,200 most are legible already.

Departures from the original (docs/recipes.md): [-1, 1] and tanh for [0, 1] and a sigmoid; D's
convolutions start normal, not truncated; no bias before BatchNorm; batches from a new order each
epoch; grids show an average of G in addition to the raw one.
"""

from gan_jax.data import TFDS
from gan_jax.methods import GAN, Adam, GameTrain, Log, Sample
from gan_jax.networks import DCGANLabelledDisc, DCGANLabelledGen, Uniform

PAPER = "CGAN, arXiv 1411.1784"

EPOCH = 937


def get_config() -> GAN:
    optimizer = Adam(learning_rate=2e-4, b1=0.5)
    return GAN(
        data=TFDS(
            name="mnist",
            height=28,
            width=28,
            channels=1,
            num_classes=10,
            fallback="digits",
        ),
        latents=Uniform(dimension=100),
        gen=DCGANLabelledGen(features=(1024, 128, 128), activation="relu"),
        gen_optimizer=optimizer,
        disc=DCGANLabelledDisc(features=(11, 74, 1024)),
        disc_optimizer=optimizer,
        train=GameTrain(num_steps=25 * EPOCH, batch_size=64, gen_updates=2),
        log=Log(every_steps=50),
        sample=Sample(every_steps=200, num_images=100),
    )
