"""ACGAN on MNIST: InfoGAN's networks with an auxiliary classifier.

    python launch.py --experiment=acgan_mnist

Odena et al. 2016, arXiv 1610.09585, equations 2 and 3.

Two CPU cores, seed 0: step 1,500 (1.6 epochs) in five minutes; the averaged grid shows the digits
that its columns ask for, nearly all clean. A classifier of real digits, with 98.3 % accuracy on
the test images, finds the requested class in 99.1 % of 5,000 samples, at worst in 95.6 % (threes):
`python -m benchmarks.agreement --workdir=RUN --samples=5000 --epochs=2` of commit 7d657cc. Now
`--mode=evaluate` has it, as `agreement` by the classifier of the repository.
"""

from gan_jax.data import TFDS
from gan_jax.methods import GAN, Adam, GameTrain, Log, Sample
from gan_jax.networks import InfoGANDisc, InfoGANGen, Uniform
from gan_jax.objectives import Classifier

PAPER = "ACGAN, arXiv 1610.09585"

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
        gen=InfoGANGen(
            features=(1024, 128, 64), kernel_size=4, activation="relu", conditioning="embedding"
        ),
        gen_optimizer=optimizer,
        disc=InfoGANDisc(features=(64, 128, 1024), kernel_size=4, conditioning="classifier"),
        disc_optimizer=optimizer,
        auxiliary=Classifier(),
        train=GameTrain(num_steps=20 * EPOCH, batch_size=64),
        log=Log(every_steps=50),
        sample=Sample(every_steps=200, num_images=100),
    )
