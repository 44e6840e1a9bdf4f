"""Handwritten digits by dense networks: the MLP GAN in TensorFlow on MNIST.

    python launch.py --experiment=gan_mnist

60,000 training images of MNIST, 28x28 in [-1, 1]; latents of 100 from U(-1, 1). G: dense 128 with
LeakyReLU 0.01, dense 784 with tanh. D: dense 128 with LeakyReLU 0.01, dense to a logit. Glorot
uniform kernels. Adam with its default rate for both: the tutorial defines a rate of 0.002 and never
passes it, so it trains at 0.001 with beta1 0.9. D learns real images with target 0.9 and fakes with
target 0 in one update, then G on the same latents. Batches of 100 for 100 epochs of 600 steps; a
grid of 16 samples each epoch.

Run to its end on two CPU cores, seed 0, in three minutes: in the averaged grid most digits can be
read, with ragged strokes and stray dots; at step 6,000 they were blurred shapes of a 9, a 3 or a 0.

Departures from the tutorial:
- Batches may span two epochs; each epoch has a new order.
- Sample grids show a moving average of G (half-life at most 10,000 images) beside the raw one.

Where MNIST can be neither found nor prepared, the run trains on scikit-learn's 1,797 digits,
enlarged from 8x8, and says so.
"""

from gan_jax.config import (
    Checkpoint,
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

PAPER = "GAN, arXiv 1406.2661"

EPOCH = 600


def get_config() -> Config:
    network = Network(
        name="mlp",
        features=(128,),
        norm="none",
        negative_slope=0.01,
        optimizer=Optimizer("adam", learning_rate=1e-3, b1=0.9),
    )
    return Config(
        data=Data(source="tfds", name="mnist", height=28, width=28, channels=1, fallback="digits"),
        latents=Latents(dimension=100, distribution="uniform"),
        gen=network,
        disc=network,
        loss=Loss("non_saturating", real_target=0.9, fake_target=0.0),
        train=Train(num_steps=100 * EPOCH, batch_size=100),
        log=Log(every_steps=100),
        sample=Sample(every_steps=EPOCH, num_images=16),
        checkpoint=Checkpoint(every_steps=10 * EPOCH),
    )
