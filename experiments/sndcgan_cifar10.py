"""Small pictures by a D of bounded slope: SNGAN's plain networks on CIFAR-10.

    python launch.py --experiment=sndcgan_cifar10

50,000 training images of CIFAR-10, 32x32 in [-1, 1], without their labels; latents of 128 from N(0,
1).

G: dense 4x4x512; transposed convolutions 4x4, stride 2, to 256, 128 and 64 channels, each with
BatchNorm and ReLU; convolution 3x3 to the image with tanh. D: convolutions 3x3 and 4x4 with stride
2 of 64, of 128 and of 256 channels, 3x3 of 512, each with LeakyReLU 0.1; dense to a logit; every
kernel divided by its spectral norm (Miyato et al. 2018, arXiv 1802.05957, table 3). Hinge loss;
Adam with rate 2e-4, beta1 0.5 and beta2 0.999, one update of D for one of G (setting C of table 2);
batches of 64 for 100,000 steps.

The paper reports FID 29.3 and IS 7.42 (10,000 real images, 5,000 samples).

Run to step 200 on two CPU cores, seed 0, at 0.9 s a step: light and dark shapes, no two alike, in
the raw grid, in photographs' colours but for a checkerboard; D cannot tell yet (losses 1.95 and
0.38).

Where CIFAR-10 can be neither found nor prepared, the run trains on drawn cars, of one class, and
says so.
"""

from gan_jax.config import Config, Data, Latents, Log, Loss, Network, Optimizer, Sample, Train

PAPER = "SNGAN, arXiv 1802.05957"


def get_config() -> Config:
    optimizer = Optimizer("adam", learning_rate=2e-4, b1=0.5)
    return Config(
        data=Data(source="tfds", name="cifar10", fallback="procedural_cars"),
        latents=Latents(dimension=128),
        gen=Network(
            name="sndcgan",
            features=(512, 256, 128, 64),
            negative_slope=0.0,
            optimizer=optimizer,
        ),
        disc=Network(
            name="sndcgan",
            features=(64, 128, 256, 512),
            negative_slope=0.1,
            norm="none",
            kernel_norm="spectral",
            optimizer=optimizer,
        ),
        loss=Loss("hinge"),
        train=Train(num_steps=100_000, batch_size=64),
        log=Log(every_steps=50),
        sample=Sample(every_steps=200, num_images=64),
    )
