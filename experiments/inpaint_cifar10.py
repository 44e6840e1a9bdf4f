"""pix2pix on CIFAR-10: the middle of a picture from what is around it.

    python launch.py --experiment=inpaint_cifar10

Isola et al. 2017, arXiv 1611.07004, whose program puts white in the middle half of each side, too.
Without D, which leaves a blur: `--set=content.steps_alone=1000000`. Seed 0, 2,000 steps of that:
16.3 dB in the hole, where the harmonic fill has 16.1.
"""

from gan_jax.data import TFDS
from gan_jax.data.conditions import Masked
from gan_jax.methods import GAN, Adam, GameTrain, Log, Sample
from gan_jax.networks import Normal, PatchDisc, UNetGen
from gan_jax.objectives.content import Content

PAPER = "pix2pix, arXiv 1611.07004"


def get_config() -> GAN:
    optimizer = Adam(learning_rate=2e-4, b1=0.5)
    return GAN(
        data=TFDS(name="cifar10", flip="horizontal", fallback="procedural_cars"),
        condition=Masked(),
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
