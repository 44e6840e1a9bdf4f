"""Handwritten digits by an energy: EBGAN on MNIST, whose D is an autoencoder.

    python launch.py --experiment=ebgan_mnist
    python launch.py --experiment=ebgan_mnist --set=auxiliary.name=pull_away

60,000 training images of MNIST, 28x28 in [-1, 1]; latents of 100 from U(-1, 1).

G: dense 256, 512 and 1024, each with BatchNorm and LeakyReLU 0.2, dense 784 with tanh. D encodes by
dense 256 and 64 and decodes by dense 64 and 256, each with LeakyReLU 0.2, and dense 784 with tanh;
its energy is the mean squared error of the pixels. D lowers the energy of real images and raises
that of each fake that is below the margin, 0.5; G lowers that of its fakes (Zhao et al. 2016, arXiv
1609.03126, equations 1 and 2). With the second command G also turns the codes of its fakes away
from one another, the pull-away term with weight 0.1 (equation 4). Adam with rate 2e-4 and beta1 0.5
for both; batches of 64 for 50 epochs of 937 steps.

Run to step 4,000 (4.3 epochs, 81 s) on two CPU cores, seed 0: digits in the averaged grid, most of
them legible, on a ground of faint noise. With the second command, to step 2,811 (three epochs):
the same, more of them legible.

Departures: the sizes, and the margin, which is of a mean over pixels; the paper searches a grid of
them (its appendix).

Where MNIST can be neither found nor prepared, the run trains on scikit-learn's 1,797 digits,
enlarged from 8x8, and says so.
"""

from gan_jax.config import (
    Auxiliary,
    Config,
    Data,
    Latents,
    Log,
    Loss,
    Network,
    Optimizer,
    Sample,
    Train,
)

PAPER = "EBGAN, arXiv 1609.03126"

EPOCH = 937


def get_config() -> Config:
    optimizer = Optimizer("adam", learning_rate=2e-4, b1=0.5)
    return Config(
        data=Data(source="tfds", name="mnist", height=28, width=28, channels=1, fallback="digits"),
        latents=Latents(dimension=100, distribution="uniform"),
        gen=Network(name="mlp", features=(256, 512, 1024), optimizer=optimizer),
        disc=Network(name="autoencoder", features=(256, 64), norm="none", optimizer=optimizer),
        loss=Loss("ebgan", margin=0.5),
        auxiliary=Auxiliary(weight=0.1),
        train=Train(num_steps=50 * EPOCH, batch_size=64),
        log=Log(every_steps=100),
        sample=Sample(every_steps=EPOCH, num_images=64),
    )
