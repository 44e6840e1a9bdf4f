"""Handwritten digits on demand: DCGAN-tensorflow on MNIST, told the label.

    python launch.py --experiment=dcgan_mnist

60,000 training images of MNIST, 28x28 in [-1, 1], with their labels; latents of 100 from U(-1, 1).
The one-hot label enters every layer of both networks, as constant maps where they convolve.

G: dense 1024 and dense 7x7x128, transposed convolution 5x5, stride 2, to 128 channels, each with
BatchNorm and ReLU; transposed convolution 5x5, stride 2, to the image with tanh. D: convolution
5x5, stride 2, of 11 channels with LeakyReLU; of 74 channels, and dense 1024, each with BatchNorm
and LeakyReLU; dense to a logit. LeakyReLU 0.2, BatchNorm momentum 0.9 and epsilon 1e-5, all kernels
from N(0, 0.02). Adam with rate 2e-4 and beta1 0.5 for both. D learns real images and fakes in one
update, then G twice on the same latents, the second time from the G that the first one left.
Batches of 64 for 25 epochs of 937 steps. The grid's columns are the classes 0 to 9.

Step 2,208 (2.4 epochs) took 7 minutes on two CPU cores, seed 0, stopped and resumed twice: every
column of the averaged grid shows its own digit, in as many hands as there are rows, most of them
clear and a few 3, 4, 5 and 8 broken. At step 1,200 most are legible already.

Departures from the original:
- Images lie in [-1, 1] and G ends in tanh; there it is [0, 1] and a sigmoid, on MNIST alone.
- D's convolutions start normal; there they start truncated at two standard deviations.
- Layers that a BatchNorm follows have no bias, which BatchNorm would cancel anyway.
- Fakes have the labels of the real batch in D's updates and in G's, as there; batches are drawn
  from a new order each epoch and may span two.
- Sample grids show a moving average of G (half-life at most 10,000 images) beside the raw one.

Where MNIST can be neither found nor prepared, the run trains on scikit-learn's 1,797 digits,
enlarged from 8x8, and says so.
"""

from gan_jax.config import Config, Data, Latents, Log, Network, Optimizer, Sample, Train

PAPER = "CGAN, arXiv 1411.1784"

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
            name="dcgan_labelled",
            features=(1024, 128, 128),
            negative_slope=0.0,
            optimizer=optimizer,
        ),
        disc=Network(name="dcgan_labelled", features=(11, 74, 1024), optimizer=optimizer),
        train=Train(num_steps=25 * EPOCH, batch_size=64, gen_updates=2),
        log=Log(every_steps=50),
        sample=Sample(every_steps=200, num_images=100),
    )
