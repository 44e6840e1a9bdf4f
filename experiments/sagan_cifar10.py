"""Small pictures by networks that look all around: SAGAN on CIFAR-10.

    python launch.py --experiment=sagan_cifar10

50,000 training images of CIFAR-10, 32x32 in [-1, 1], with their labels; latents of 128 from N(0,
1).

G: dense 4x4x256, three residual blocks of 256 channels that double the sides, each convolution 3x3
after BatchNorm by class and ReLU; convolution to the image with tanh. D: four residual blocks of
128 channels, of which the first two halve the sides, with ReLU; the sum of the last map, dense to a
logit, to which the product with an embedding of the class is added. Self-attention at the maps of
16x16 of both; in both every kernel is divided by its spectral norm (Zhang et al. 2018, arXiv
1805.08318, section 4). Hinge loss. Adam with beta1 0 and beta2 0.9, rate 1e-4 for G and 4e-4 for D;
batches of 64, one update of D for one of G, for 100,000 steps. The grid's columns are the classes.

StudioGAN reports FID 10.35 and IS 8.64 for its variant (the best of the run's checkpoints).

Run to step 200 in three minutes on two CPU cores, seed 0, in batches of 8: round reddish blots
before blue and grey, no objects, no difference by class.

Departure from StudioGAN: G's update takes the latents of D's last fakes; there they are new.

The classes need CIFAR-10: the drawn cars have none, so there is no stand-in.
"""

from gan_jax.config import Config, Data, Latents, Log, Loss, Network, Optimizer, Sample, Train

PAPER = "SAGAN, arXiv 1805.08318"


def get_config() -> Config:
    return Config(
        data=Data(source="tfds", name="cifar10", num_classes=10),
        latents=Latents(dimension=128),
        gen=Network(
            name="resnet",
            features=(256, 256, 256, 256),
            attention=16,
            kernel_size=3,
            negative_slope=0.0,
            norm="conditional_batch",
            kernel_norm="spectral",
            optimizer=Optimizer("adam", learning_rate=1e-4, b1=0.0, b2=0.9),
        ),
        disc=Network(
            name="resnet",
            features=(128, 128, 128, 128),
            resampled=2,
            attention=16,
            kernel_size=3,
            negative_slope=0.0,
            norm="none",
            kernel_norm="spectral",
            conditioning="projection",
            pooling="sum",
            optimizer=Optimizer("adam", learning_rate=4e-4, b1=0.0, b2=0.9),
        ),
        loss=Loss("hinge"),
        train=Train(num_steps=100_000, batch_size=64),
        log=Log(every_steps=50),
        sample=Sample(every_steps=200, num_images=100),
    )
