"""Handwritten digits by up-sampling and max pooling: keras-dcgan on MNIST.

    python launch.py --experiment=dcgan_mnist_keras

60,000 training images of MNIST, 28x28 in [-1, 1]; latents of 100 from U(-1, 1).

G: dense 1024 with tanh; dense 7x7x128, BatchNorm, tanh; twice an enlargement by two to nearest
neighbours and a convolution 5x5, to 64 channels and to the image, each with tanh. D: convolutions
5x5 of 64 channels, at the image's size, and of 128, on whole windows, each with tanh and max
pooling by two; dense 1024 with tanh; dense to a logit. All kernels Glorot uniform, BatchNorm
momentum 0.99 and epsilon 1e-3, as Keras has them. Nesterov's gradient descent with rate 5e-4 and
momentum 0.9 for both. D learns 128 real images and 128 fakes as one batch of 256, then G on 128
new latents. Batches of 128 for 100 epochs of 468 steps.

Run to step 2,000 (4.3 epochs) on two CPU cores, seed 0, at 0.4 s a step when alone: after an epoch
D's loss and G's are 0.39 and 1.32, where the original's run prints 0.38 to 0.46 and 1.2 to 1.3. The
last grid shows digits, about half of them legible: 2, 3, 8 and 9 most often, a few only strokes; of
the 64 that D finds best of 1,280 (`--what=samples --nice`) nearly all are.

Departures from the original:
- The fakes that D sees come from G in training mode; there in inference mode.
- G's dense layer before BatchNorm has no bias, which BatchNorm would cancel anyway.
- Where values of a pooling window tie, they share the gradient.
- Batches are drawn from a new order each epoch and may span two epochs; there they are taken in the
  stored order, and the last, partial batch is dropped.
- Sample grids come every 117 steps, there every 20; they show an exponential moving average of G
  (half-life at most 10,000 images) beside the raw one.

Where MNIST can be neither found nor prepared, the run trains on scikit-learn's 1,797 digits,
enlarged from 8x8, and says so.
"""

from gan_jax.config import Config, Data, Latents, Log, Network, Optimizer, Sample, Train

PAPER = "DCGAN, arXiv 1511.06434"

EPOCH = 468


def get_config() -> Config:
    optimizer = Optimizer("nesterov", learning_rate=5e-4, b1=0.9)
    return Config(
        data=Data(source="tfds", name="mnist", height=28, width=28, channels=1, fallback="digits"),
        latents=Latents(dimension=100, distribution="uniform"),
        gen=Network(
            name="dcgan_upsampling",
            features=(1024, 128, 64),
            batch_norm_momentum=0.99,
            batch_norm_epsilon=1e-3,
            optimizer=optimizer,
        ),
        disc=Network(
            name="dcgan_upsampling", features=(64, 128, 1024), norm="none", optimizer=optimizer
        ),
        train=Train(
            num_steps=100 * EPOCH,
            batch_size=128,
            disc_update="concatenated",
            gen_latents="fresh",
        ),
        log=Log(every_steps=39),
        sample=Sample(every_steps=EPOCH // 4, num_images=64),
    )
