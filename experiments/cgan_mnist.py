"""CGAN on MNIST: dense networks conditioned on one-hot labels.

    python launch.py --experiment=cgan_mnist

Mirza and Osindero 2014, arXiv 1411.1784, figure 1.

Two CPU cores, seed 0: step 9,370 (ten epochs) in two minutes; the averaged grid shows the digits
that its columns ask for, some of them ragged. The classifier of the repository, with 98.5 %
accuracy on the test images, finds the requested class in 94.9 % of 10,000 samples:
`python launch.py --mode=evaluate --workdir=RUN --features=classifier` (docs/scores.md).

Departures: the paper has maxout in D, dropout in both networks and gradient descent with momentum.
"""

from gan_jax.data import TFDS
from gan_jax.methods import GAN, Adam, GameTrain, Log, Sample
from gan_jax.networks import MLPDisc, MLPGen, Uniform

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
        gen=MLPGen(features=(256, 512, 1024), conditioning="embedding"),
        gen_optimizer=optimizer,
        disc=MLPDisc(features=(512, 256), norm="none", conditioning="embedding"),
        disc_optimizer=optimizer,
        train=GameTrain(num_steps=50 * EPOCH, batch_size=64),
        log=Log(every_steps=100),
        sample=Sample(every_steps=EPOCH, num_images=100),
    )
