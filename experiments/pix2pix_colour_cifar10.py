"""pix2pix on CIFAR-10: colours for gray pictures.

    python launch.py --experiment=pix2pix_colour_cifar10

Isola et al. 2017, arXiv 1611.07004: a U-Net makes the picture of its luma, D judges patches of the
pair, and G's loss is D's judgement and 100 times the L1 distance. The arm without D, whose colours
are pale, is `--set=content.steps_alone=1000000`.

The authors' networks have twice to eight times the channels, for 256x256, and colour in Lab; D
learns at half the rate of its loss there, which Adam does not see.
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
