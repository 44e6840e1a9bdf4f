"""DCGAN on CIFAR-10's cars: the Keras book chapter's networks, D updated in turn.

    python launch.py --experiment=dcgan_cifar_cars

Two CPU cores, seed 0, 0.3 to 0.5 s a step: blobs in the cars' colours at step 600, bodies on roads
at 1,000, and at 3,000 cars with roof, windows, lamps and wheels from the side and the front, soft
and with some checkerboard (docs/cars.png).

Departures from the chapter (details in docs/recipes.md): D's fakes come from G in training mode and
are reused for G's update; D uses batch statistics in G's update; no bias in convolutions before
BatchNorm; data are shuffled; grids show an average of G in addition to the raw one, of a length
that was chosen by score (docs/scores.md).
"""

from gan_jax.data import TFDS
from gan_jax.methods import GAN, Adam, GameTrain, Log, Sample
from gan_jax.networks import DCGANDisc, DCGANGen, Normal
from gan_jax.objectives import NonSaturating

PAPER = "DCGAN, arXiv 1511.06434"


def get_config() -> GAN:
    return GAN(
        data=TFDS(
            name="cifar10",
            classes=("automobile",),
            height=32,
            width=32,
            channels=3,
            fallback="procedural_cars",
        ),
        latents=Normal(dimension=100),
        gen=DCGANGen(features=(192, 256, 128), batch_norm_momentum=0.8, batch_norm_epsilon=1e-3),
        gen_optimizer=Adam(learning_rate=1e-4, b1=0.5, epsilon=1e-7),
        disc=DCGANDisc(
            features=(64, 128, 256),
            batch_norm_momentum=0.8,
            batch_norm_epsilon=1e-3,
            dropout_rate=0.2,
        ),
        disc_optimizer=Adam(learning_rate=1e-3, b1=0.5, epsilon=1e-7),
        loss=NonSaturating(real_target=0.9, fake_target=0.0),
        train=GameTrain(
            num_steps=200 * 39,
            batch_size=128,
            disc_update="in_turn",
            ema_half_life_images=1_000.0,
        ),
        log=Log(every_steps=20),
        sample=Sample(every_steps=200, num_images=16),
    )
