"""LAPGAN on CIFAR-10: a Laplacian pyramid of three levels, trained in one run.

    python launch.py --experiment=lapgan_cifar10

Denton et al. 2015, arXiv 1506.05751, appendix A.

Two CPU cores, seed 0, 4.6 s a step: at step 200 blots in the photographs' colours, which the 8x8
level sets; no objects.

Departures from the paper: it trains each level apart, by gradient descent with momentum from 0.02;
its crops of 28x28 start at 7x7; ReLU in D; it downsamples blurred images, where this takes means of
four pixels and upsamples linearly. The numbers of channels are ours.
"""

from gan_jax.data import TFDS
from gan_jax.methods import Adam, Coarsest, GameTrain, LaplacianPyramid, Log, Sample
from gan_jax.networks import LAPGANDisc, LAPGANGen, MLPDisc, MLPGen, Uniform

PAPER = "LAPGAN, arXiv 1506.05751"


def get_config() -> LaplacianPyramid:
    optimizer = Adam(learning_rate=2e-4, b1=0.5)
    return LaplacianPyramid(
        data=TFDS(name="cifar10", fallback="procedural_cars"),
        latents=Uniform(dimension=100 + 16 * 16 + 32 * 32),
        gen=LAPGANGen(features=(128, 128), activation="relu"),
        gen_optimizer=optimizer,
        disc=LAPGANDisc(features=(128, 128), dropout_rate=0.5),
        disc_optimizer=optimizer,
        levels=3,
        coarsest=Coarsest(
            latent_dimension=100,
            gen=MLPGen(features=(1200, 1200), activation="relu", norm="none"),
            gen_optimizer=optimizer,
            disc=MLPDisc(features=(600, 600), norm="none"),
            disc_optimizer=optimizer,
        ),
        train=GameTrain(num_steps=50_000, batch_size=128),
        log=Log(every_steps=50),
        sample=Sample(every_steps=200, num_images=64),
    )
