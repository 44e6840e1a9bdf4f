"""Synthetic designs of cars: the Keras DCGAN on CIFAR-10's automobiles.

    python launch.py --experiment=dcgan_cifar_cars

The system of the chapter on generative networks of a Keras book. 5,000 training images of
CIFAR-10's class automobile, 32x32 in [-1, 1]; latents of 100 from N(0, 1).

G: dense to 4x4x192, BatchNorm, LeakyReLU; transposed convolutions 5x5, stride 2, to 256 and 128
channels, each with BatchNorm and LeakyReLU, and to 3 with tanh. D: convolutions 5x5, stride 2, of
64, 128 and 256 channels with LeakyReLU, BatchNorm on the last two; dropout 0.2; dense to a logit.
LeakyReLU 0.2, BatchNorm momentum 0.8 and epsilon 1e-3, convolutions from N(0, 0.02), dense layers
Glorot uniform. Adam with beta1 0.5 and epsilon 1e-7, 1e-4 for G and 1e-3 for D. D learns real
images with target 0.9, then fakes with target 0, as two updates in turn; then G learns on the same
latents. Batches of 128 for 200 epochs: 200 * 39 = 7,800 steps.

Run to step 3,000 on two CPU cores, seed 0, at 0.3 to 0.5 s a step: blobs in the cars' colours at
step 600, bodies on roads at 1,000, and at the end cars with roof, windows, lamps and wheels from
the side and the front, soft and with some checkerboard (docs/cars.png).

Departures from the chapter:
- The fakes that D sees come from G in training mode and serve G's own update too; the chapter
  draws them in inference mode, which costs a second forward pass.
- In G's update D normalises by the statistics of the batch, as in its own updates; Keras freezes
  D there, which makes its BatchNorm use the running ones.
- Convolutions that a BatchNorm follows have no bias, which BatchNorm would cancel anyway.
- Batches are drawn from a new order each epoch and may span two epochs; the chapter takes the data
  in its stored order and drops the last, partial batch.
- Sample grids show a moving average of G (half-life at most 10,000 images) beside the raw one.

Where CIFAR-10 can be neither found nor prepared, the run trains on cars that are drawn by
`gan_jax.data.procedural_cars`, and says so.
"""

from gan_jax.config import Config, Data, Latents, Log, Loss, Network, Optimizer, Sample, Train

PAPER = "DCGAN, arXiv 1511.06434"


def get_config() -> Config:
    return Config(
        data=Data(
            source="tfds",
            name="cifar10",
            classes=("automobile",),
            height=32,
            width=32,
            channels=3,
            fallback="procedural_cars",
        ),
        latents=Latents(dimension=100, distribution="normal"),
        gen=Network(
            name="dcgan",
            features=(192, 256, 128),
            batch_norm_momentum=0.8,
            batch_norm_epsilon=1e-3,
            optimizer=Optimizer("adam", learning_rate=1e-4, b1=0.5, epsilon=1e-7),
        ),
        disc=Network(
            name="dcgan",
            features=(64, 128, 256),
            batch_norm_momentum=0.8,
            batch_norm_epsilon=1e-3,
            dropout_rate=0.2,
            optimizer=Optimizer("adam", learning_rate=1e-3, b1=0.5, epsilon=1e-7),
        ),
        loss=Loss("non_saturating", real_target=0.9, fake_target=0.0),
        train=Train(num_steps=200 * 39, batch_size=128, disc_update="in_turn"),
        log=Log(every_steps=20),
        sample=Sample(every_steps=200, num_images=16),
    )
