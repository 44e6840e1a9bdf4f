"""Handwritten digits by a clipped critic: WGAN on MNIST.

    python launch.py --experiment=wgan_mnist

60,000 training images of MNIST, 28x28 in [-1, 1]; latents of 64 from U(-1, 1).

G: dense 1024 and dense 7x7x128, each with BatchNorm and ReLU; transposed convolution 4x4, stride 2,
to 64 channels with BatchNorm and ReLU, and to the image with tanh. D: convolution 4x4, stride 2, of
64 channels with LeakyReLU 0.2; of 128, and dense 1024, each with BatchNorm and LeakyReLU; dense to
a logit. These are InfoGAN's networks, in which "Are GANs Created Equal?" (arXiv 1711.10337)
compares all losses on MNIST; kernels from N(0, 0.02).

D, the critic, maximises the difference of its mean outputs on real images and fakes; after each of
its updates all its weights are clipped to [-0.01, 0.01] (Arjovsky et al. 2017, arXiv 1701.07875,
algorithm 1). Five updates of D, each on a fresh batch, for one of G; RMSprop with rate 5e-5 for
both; batches of 64 for 20 epochs, each of 187 steps as a step takes five batches.

Run to step 2,500 (13 epochs, 22 minutes) on two CPU cores, seed 0: somewhat broken pen strokes;
about two thirds make a digit that can be read, in the averaged grid as in the raw one, a third did
at 1,250.

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

PAPER = "WGAN, arXiv 1701.07875"

EPOCH = 187


def get_config() -> Config:
    optimizer = Optimizer("rmsprop", learning_rate=5e-5, b2=0.99)
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
            optimizer=optimizer,
        ),
        loss=Loss("wasserstein"),
        penalty=Penalty(clip_weights=0.01),
        train=Train(num_steps=20 * EPOCH, batch_size=64, disc_updates=5),
        log=Log(every_steps=50),
        sample=Sample(every_steps=200, num_images=64),
    )
