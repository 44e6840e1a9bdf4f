"""Handwritten digits by a critic of slope 1: WGAN-GP on MNIST.

    python launch.py --experiment=wgan_gp_mnist

60,000 training images of MNIST, 28x28 in [-1, 1]; latents of 64 from U(-1, 1).

G: dense 1024 and dense 7x7x128, each with BatchNorm and ReLU; transposed convolution 4x4, stride 2,
to 64 channels with BatchNorm and ReLU, and to the image with tanh. D: convolution 4x4, stride 2, of
64 channels with LeakyReLU 0.2; of 128, and dense 1024, with LeakyReLU and no BatchNorm; dense to a
logit. These are InfoGAN's networks, in which "Are GANs Created Equal?" (arXiv 1711.10337) compares
all losses on MNIST; kernels from N(0, 0.02).

D, the critic, maximises the difference of its mean outputs on real images and fakes, less ten times
the squared distance of its gradient's norm from 1 at random points between them (Gulrajani et al.
2017, arXiv 1704.00028, algorithm 1). Five updates of D, each on a fresh batch, for one of G; Adam
with rate 1e-4, beta1 0 and beta2 0.9 for both; batches of 64 for 20 epochs, each of 187 steps as a
step takes five batches.

Run to step 500 (2.7 epochs, six minutes) on two CPU cores, seed 0: clean pen strokes in the raw
grid, about half of them digits that can be read.

Departure from the paper: G's update takes the latents of D's last fakes; there they are new.

Where MNIST can be neither found nor prepared, the run trains on scikit-learn's 1,797 digits,
enlarged from 8x8, and says so.
"""

from gan_jax.config import (
    Config,
    Data,
    Latents,
    Log,
    Loss,
    Network,
    Optimizer,
    Penalty,
    Sample,
    Train,
)

PAPER = "WGAN-GP, arXiv 1704.00028"

EPOCH = 187


def get_config() -> Config:
    optimizer = Optimizer("adam", learning_rate=1e-4, b1=0.0, b2=0.9)
    return Config(
        data=Data(source="tfds", name="mnist", height=28, width=28, channels=1, fallback="digits"),
        latents=Latents(dimension=64, distribution="uniform"),
        gen=Network(
            name="infogan",
            features=(1024, 128, 64),
            kernel_size=4,
            negative_slope=0.0,
            optimizer=optimizer,
        ),
        disc=Network(
            name="infogan",
            features=(64, 128, 1024),
            kernel_size=4,
            norm="none",
            optimizer=optimizer,
        ),
        loss=Loss("wasserstein"),
        penalty=Penalty("wgan_gp", weight=10.0),
        train=Train(num_steps=20 * EPOCH, batch_size=64, disc_updates=5),
        log=Log(every_steps=50),
        sample=Sample(every_steps=200, num_images=64),
    )
