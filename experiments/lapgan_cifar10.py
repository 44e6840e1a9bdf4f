"""Small pictures from coarse to fine: LAPGAN on CIFAR-10, three games in one run.

    python launch.py --experiment=lapgan_cifar10

50,000 training images of CIFAR-10, 32x32 in [-1, 1], without their labels, as a Laplacian pyramid:
8x8 images, and the bands that they lack at 16x16 and at 32x32 (2x2 means down, linear interpolation
up).

8x8: latents of 100 from U(-1, 1); G is dense 1200, 1200 with ReLU, D is dense 600, 600 with
LeakyReLU 0.2. 16x16 and 32x32: G has a plane of noise beside the enlarged coarser image, three
convolutions (128, 128 and 3 channels) and no bound on the band; D adds band and image, two
convolutions of stride 2 with LeakyReLU 0.2, dropout 0.5. No BatchNorm, as in the paper. Adam with
rate 2e-4 and beta1 0.5, batches of 128.

Run to step 200 on two CPU cores, seed 0, at 4.6 s a step: blots in the photographs' colours, which
the 8x8 game sets; no objects.

Departures from the paper (arXiv 1506.05751, appendix A): it trains each level apart, by gradient
descent with momentum from 0.02; its crops of 28x28 start at 7x7; ReLU in D; it averages blurred
images where this takes means of four. The numbers of channels are ours.
"""

from dataclasses import replace

from gan_jax.config import Config, Data, Latents, Log, Network, Optimizer, Pyramid, Sample, Train

PAPER = "LAPGAN, arXiv 1506.05751"


def get_config() -> Config:
    optimizer = Optimizer("adam", learning_rate=2e-4, b1=0.5)
    dense = Network(name="mlp", features=(1200, 1200), norm="none", optimizer=optimizer)
    band = Network(name="lapgan", features=(128, 128), norm="none", optimizer=optimizer)
    return Config(
        method="pyramid",
        data=Data(source="tfds", name="cifar10", fallback="procedural_cars"),
        latents=Latents(dimension=100 + 16 * 16 + 32 * 32, distribution="uniform"),
        gen=replace(band, negative_slope=0.0),
        disc=replace(band, dropout_rate=0.5),
        pyramid=Pyramid(
            levels=3,
            latent_dimension=100,
            gen=replace(dense, negative_slope=0.0),
            disc=replace(dense, features=(600, 600)),
        ),
        train=Train(num_steps=50_000, batch_size=128),
        log=Log(every_steps=50),
        sample=Sample(every_steps=200, num_images=64),
    )
