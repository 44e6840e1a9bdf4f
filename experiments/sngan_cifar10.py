"""Small pictures by a residual D of bounded slope: SNGAN on CIFAR-10.

    python launch.py --experiment=sngan_cifar10

50,000 training images of CIFAR-10, 32x32 in [-1, 1], without their labels; latents of 128 from N(0,
1).

G: dense 4x4x256, three residual blocks of 256 channels that double the sides, each convolution 3x3
after BatchNorm and ReLU; convolution to the image with tanh. D: four residual blocks of 128
channels, of which the first two halve the sides, with ReLU and every kernel divided by its spectral
norm; the sum of the last map, dense to a logit (Miyato et al. 2018, arXiv 1802.05957, table 4).
Hinge loss. Five updates of D, each on a fresh batch, for one of G; Adam with rate 2e-4, beta1 0 and
beta2 0.9 for both, which falls to 0 over 100,000 steps; batches of 64.

Mimicry reports FID 16.77 and IS 7.97 for this setting (50,000 samples against the training images,
one run); the paper reports FID 21.7 (10,000 real images, 5,000 samples).

Run to step 200 in six minutes on two CPU cores, seed 0, in batches of 8 and at a constant rate:
blots of light, dark and loud colours, no objects.

Departure from the paper: G's update takes the latents of D's last fakes; there they are new.

Where CIFAR-10 can be neither found nor prepared, the run trains on drawn cars, of one class, and
says so.
"""

from gan_jax.config import Config, Data, Latents, Log, Loss, Network, Optimizer, Sample, Train

PAPER = "SNGAN, arXiv 1802.05957"


def get_config() -> Config:
    optimizer = Optimizer("adam", learning_rate=2e-4, b1=0.0, b2=0.9, final_learning_rate=0.0)
    return Config(
        data=Data(source="tfds", name="cifar10", fallback="procedural_cars"),
        latents=Latents(dimension=128),
        gen=Network(
            name="resnet",
            features=(256, 256, 256, 256),
            kernel_size=3,
            negative_slope=0.0,
            optimizer=optimizer,
        ),
        disc=Network(
            name="resnet",
            features=(128, 128, 128, 128),
            resampled=2,
            kernel_size=3,
            negative_slope=0.0,
            norm="none",
            kernel_norm="spectral",
            pooling="sum",
            optimizer=optimizer,
        ),
        loss=Loss("hinge"),
        train=Train(
            num_steps=100_000,
            batch_size=64,
            disc_updates=5,
            schedule="linear",
            schedule_images=100_000 * 64,
        ),
        log=Log(every_steps=50),
        sample=Sample(every_steps=200, num_images=64),
    )
