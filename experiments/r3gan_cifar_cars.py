"""Our recipe for a few thousand small images: R3GAN's parts on CIFAR-10's cars.

    python launch.py --experiment=r3gan_cifar_cars

5,000 training images of CIFAR-10's automobiles, 32x32 in [-1, 1], half of them mirrored; latents of
64 from N(0, 1).

Both networks have four sizes of map, 4x4 to 32x32, of 192, 128, 96 and 64 channels (D the other way
round) and two residual blocks each: inverted bottlenecks with a 3x3 convolution in groups of 16
channels, LeakyReLU 0.2, no normalisation, fix-up start, bilinear resampling. D minimises the
relativistic pairing loss with R1 and R2 (Huang et al. 2025, arXiv 2501.05441, equations 2 and 4).

All that D sees changes in colour, place and by cutout, each with a probability of 0.3. Over the
first million images, by half a cosine: the rate of Adam falls from 2e-4 to 5e-5, beta2 rises from
0.9 to 0.99, the penalties' weight falls from 0.5 to 0.05; beta1 is 0. The average of G has a
half-life of at most 20,000 images. Batches of 64 for 50,000 steps.

Beside `dcgan_cifar_cars`, eight minutes each on two CPU cores, seed 0: this one comes to step 57,
with soft clouds in the photographs' greys and browns, that one to step 1,018, with bodies of cars
on roads. Of 64 samples (`--what=neighbours`) 0 % are near copies in both; their median distance to
a training image is 1.27 and 1.03 times that of real images. So a CPU's minutes go further with the
other recipe: a step of this one takes 8 s. On an accelerator neither was run.

Where CIFAR-10 can be neither found nor prepared, the run trains on the cars of
`gan_jax.data.procedural_cars`, and says so.
"""

from dataclasses import replace

from gan_jax.config import (
    Augment,
    Config,
    Data,
    Latents,
    Log,
    Loss,
    Network,
    Optimizer,
    Penalty,
    Sample,
    Train,
)

PAPER = "R3GAN, arXiv 2501.05441"


def get_config() -> Config:
    shared = Network(
        name="r3gan",
        features=(192, 128, 96, 64),
        kernel_size=3,
        norm="none",
        optimizer=Optimizer(
            "adam",
            learning_rate=2e-4,
            final_learning_rate=5e-5,
            b1=0.0,
            b2=0.9,
            final_b2=0.99,
        ),
    )
    return Config(
        data=Data(
            source="tfds",
            name="cifar10",
            classes=("automobile",),
            flip="horizontal",
            fallback="procedural_cars",
        ),
        latents=Latents(dimension=64),
        gen=replace(shared, output="linear"),
        disc=replace(shared, features=(64, 96, 128, 192)),
        loss=Loss("relativistic_pairing"),
        penalty=Penalty("r1_r2", weight=0.5, final_weight=0.05),
        augment=Augment(names=("color", "translation", "cutout"), probability=0.3),
        train=Train(
            num_steps=50_000,
            batch_size=64,
            ema_half_life_images=20_000.0,
            schedule="cosine",
            schedule_images=1e6,
        ),
        log=Log(every_steps=20),
        sample=Sample(every_steps=200, num_images=16),
    )
