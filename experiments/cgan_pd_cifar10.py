"""Small pictures on demand by a projection: cGAN-PD on CIFAR-10.

    python launch.py --experiment=cgan_pd_cifar10

50,000 training images of CIFAR-10, 32x32 in [-1, 1], with their labels; latents of 128 from N(0,
1).

G: dense 4x4x256, three residual blocks of 256 channels that double the sides, each convolution 3x3
after BatchNorm by class and ReLU; convolution to the image with tanh. D: four residual blocks of
128 channels, of which the first two halve the sides, with ReLU and every kernel divided by its
spectral norm; the sum of the last map, dense to a logit and, by the product with an embedding of
the class, added to it (Miyato and Koyama 2018, arXiv 1802.05637, equation 3). Hinge loss. Five
updates of D, each on a fresh batch, for one of G; Adam with rate 2e-4, beta1 0 and beta2 0.9 for
both, which falls to 0 over 100,000 steps; batches of 64. The grid's columns are the classes.

Mimicry reports FID 10.84 and IS 8.25 for this setting (50,000 samples against the training images,
one run); the paper reports FID 17.5 (10,000 real images, 5,000 samples).

Run to step 200 in six minutes on two CPU cores, seed 0, in batches of 8 and at a constant rate:
light and dark blots in the photographs' browns and greys, no objects, no difference by class.

Departure from the paper: G's update takes the latents of D's last fakes; there they are new.

The classes need CIFAR-10: the drawn cars have none, so there is no stand-in.
"""

from gan_jax.config import Config, Data, Latents, Log, Loss, Network, Optimizer, Sample, Train

PAPER = "cGAN-PD, arXiv 1802.05637"


def get_config() -> Config:
    optimizer = Optimizer("adam", learning_rate=2e-4, b1=0.0, b2=0.9, final_learning_rate=0.0)
    return Config(
        data=Data(source="tfds", name="cifar10", num_classes=10),
        latents=Latents(dimension=128),
        gen=Network(
            name="resnet",
            features=(256, 256, 256, 256),
            kernel_size=3,
            negative_slope=0.0,
            norm="conditional_batch",
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
            conditioning="projection",
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
        sample=Sample(every_steps=200, num_images=100),
    )
