"""Handwritten digits by least squares: LSGAN on MNIST.

    python launch.py --experiment=lsgan_mnist

60,000 training images of MNIST, 28x28 in [-1, 1]; latents of 64 from U(-1, 1).

G: dense 1024 and dense 7x7x128, each with BatchNorm and ReLU; transposed convolution 4x4, stride 2,
to 64 channels with BatchNorm and ReLU, and to the image with tanh. D: convolution 4x4, stride 2, of
64 channels with LeakyReLU 0.2; of 128, and dense 1024, each with BatchNorm and LeakyReLU; dense to
a logit. These are InfoGAN's networks, in which "Are GANs Created Equal?" (arXiv 1711.10337)
compares all losses on MNIST; kernels from N(0, 0.02).

D brings its outputs to 1 on real images and to 0 on fakes, and G brings those of its fakes to 1, by
half the mean squared error (Mao et al. 2017, arXiv 1611.04076, equation 9). Adam with rate 2e-4 and
beta1 0.5 for both; batches of 64 for 20 epochs of 937 steps.

Run to step 937 (one epoch, three minutes) on two CPU cores, seed 0: in the raw grid most digits can
be read, on noise.

Where MNIST can be neither found nor prepared, the run trains on scikit-learn's 1,797 digits,
enlarged from 8x8, and says so.
"""

from gan_jax.config import Config, Data, Latents, Log, Loss, Network, Optimizer, Sample, Train

PAPER = "LSGAN, arXiv 1611.04076"

EPOCH = 937


def get_config() -> Config:
    optimizer = Optimizer("adam", learning_rate=2e-4, b1=0.5)
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
        loss=Loss("least_squares"),
        train=Train(num_steps=20 * EPOCH, batch_size=64),
        log=Log(every_steps=50),
        sample=Sample(every_steps=200, num_images=64),
    )
