"""pix2pix on CIFAR-10: colours for gray pictures.

    python launch.py --experiment=pix2pix_colour_cifar10

Isola et al. 2017, arXiv 1611.07004, without D by `--set=content.steps_alone=1000000`.
docs/recipes.md has the departures. Seed 0: without D, 4,000 steps, error of chroma 9.2
and colourfulness 10.9; with D, 3,500 steps, 10.1 and 18.2, and with less of L1, as
docs/recipes.md has it, 12.7 and 34.4, where that of real pictures is 30.8.
"""

from gan_jax.data import TFDS
from gan_jax.data.conditions import Gray
from gan_jax.methods import GAN, Adam, GameTrain, Log, Sample
from gan_jax.networks import Normal, PatchDisc, UNetGen
from gan_jax.objectives.content import Content

PAPER = "pix2pix, arXiv 1611.07004"


def get_config() -> GAN:
    optimizer = Adam(learning_rate=2e-4, b1=0.5)
    return GAN(
        data=TFDS(name="cifar10", flip="horizontal", fallback="procedural_cars"),
        condition=Gray(),
        latents=Normal(dimension=0),
        gen=UNetGen(features=(32, 64, 128, 256, 256)),
        gen_optimizer=optimizer,
        disc=PatchDisc(features=(32, 64, 128), conditioning="source"),
        disc_optimizer=optimizer,
        content=Content(l1=100.0),
        train=GameTrain(num_steps=10_000, batch_size=32, ema_half_life_images=0),
        log=Log(every_steps=50),
        sample=Sample(every_steps=500, num_images=64),
    )
