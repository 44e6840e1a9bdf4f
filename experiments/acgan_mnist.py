"""Handwritten digits that D can name: ACGAN on MNIST.

    python launch.py --experiment=acgan_mnist

60,000 training images of MNIST, 28x28 in [-1, 1], with their labels; latents of 100 from U(-1, 1),
and beside them the one-hot label.

G: dense 1024 and dense 7x7x128, each with BatchNorm and ReLU; transposed convolution 4x4, stride 2,
to 64 channels with BatchNorm and ReLU, and to the image with tanh. D: convolution 4x4, stride 2, of
64 channels with LeakyReLU 0.2; of 128, and dense 1024, each with BatchNorm and LeakyReLU; dense to
a logit and to ten classes. These are InfoGAN's networks; kernels from N(0, 0.02).

D learns to name the class of real images and of fakes beside telling them apart, and G to make
fakes that D names rightly (Odena et al. 2016, arXiv 1610.09585, equations 2 and 3). Adam with rate
2e-4 and beta1 0.5 for both; batches of 64 for 20 epochs of 937 steps. The grid's columns are the
classes 0 to 9.

Run to step 1,500 (1.6 epochs, five minutes) on two CPU cores, seed 0: the averaged grid shows the
digits that its columns ask for, nearly all clean. A classifier of real digits, right on 98.3 % of
the test images, reads the class asked for in 99.1 % of 5,000 samples, from 95.6 % of the threes on
(`python -m benchmarks.agreement --workdir=RUN --samples=5000 --epochs=2`).

Where MNIST can be neither found nor prepared, the run trains on scikit-learn's 1,797 digits,
enlarged from 8x8, and says so.
"""

from gan_jax.config import Auxiliary, Config, Data, Latents, Log, Network, Optimizer, Sample, Train

PAPER = "ACGAN, arXiv 1610.09585"

EPOCH = 937


def get_config() -> Config:
    optimizer = Optimizer("adam", learning_rate=2e-4, b1=0.5)
    return Config(
        data=Data(
            source="tfds",
            name="mnist",
            height=28,
            width=28,
            channels=1,
            num_classes=10,
            fallback="digits",
        ),
        latents=Latents(dimension=100, distribution="uniform"),
        gen=Network(
            name="infogan",
            features=(1024, 128, 64),
            kernel_size=4,
            negative_slope=0.0,
            conditioning="embedding",
            optimizer=optimizer,
        ),
        disc=Network(
            name="infogan",
            features=(64, 128, 1024),
            kernel_size=4,
            conditioning="classifier",
            optimizer=optimizer,
        ),
        auxiliary=Auxiliary("classifier"),
        train=Train(num_steps=20 * EPOCH, batch_size=64),
        log=Log(every_steps=50),
        sample=Sample(every_steps=200, num_images=100),
    )
