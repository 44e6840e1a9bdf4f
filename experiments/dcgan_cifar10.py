"""Small pictures of ten kinds: StudioGAN's DCGAN on CIFAR-10.

    python launch.py --experiment=dcgan_cifar10

50,000 training images of CIFAR-10, 32x32 in [-1, 1], half of them mirrored, without their labels;
latents of 128 from N(0, 1).

G (3,812,355 parameters): dense 4x4x512; transposed convolutions 4x4, stride 2, to 256, 128 and 64
channels, each with BatchNorm and ReLU; convolution 3x3 to the image with tanh. D (2,931,009):
convolutions 3x3 and 4x4 with stride 2 of 64, of 128 and of 256 channels, 3x3 of 512, each with
BatchNorm and ReLU; the sum of the last map, dense to a logit. BatchNorm epsilon 1e-4, momentum 0.9.
Non-saturating loss; two updates of D, each on a fresh batch, for one of G; Adam with rate 2e-4 and
beta1 0.5 for both; batches of 64 for 200,000 steps.

StudioGAN reports FID 48.29 and IS 6.11 (50,000 samples against the training images, the best of the
run's checkpoints, one seed; its log has the best near step 42,000 and collapse after it).

Run to step 228 on two CPU cores, seed 0, at 1.5 s a step: a coloured texture that is the same for
all latents, and a D that is sure of every image (StudioGAN's FID is 114.9 at step 2,000).

Departures: kernels start at N(0, 0.02) where StudioGAN has orthogonal ones; G's update takes the
latents of D's last fakes, where StudioGAN's are new; grids show an average of G (half-life at most
10,000 images) beside the raw one.

Where CIFAR-10 can be neither found nor prepared, the run trains on drawn cars, of one class, and
says so.
"""

from dataclasses import replace

from gan_jax.config import Config, Data, Latents, Log, Network, Optimizer, Sample, Train

PAPER = "DCGAN, arXiv 1511.06434"


def get_config() -> Config:
    optimizer = Optimizer("adam", learning_rate=2e-4, b1=0.5)
    gen = Network(
        name="sndcgan",
        features=(512, 256, 128, 64),
        negative_slope=0.0,
        batch_norm_epsilon=1e-4,
        optimizer=optimizer,
    )
    return Config(
        data=Data(source="tfds", name="cifar10", flip="horizontal", fallback="procedural_cars"),
        latents=Latents(dimension=128),
        gen=gen,
        disc=replace(gen, features=(64, 128, 256, 512), pooling="sum"),
        train=Train(num_steps=200_000, batch_size=64, disc_updates=2),
        log=Log(every_steps=50),
        sample=Sample(every_steps=200, num_images=64),
    )
