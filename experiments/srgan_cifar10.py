"""SRGAN on CIFAR-10: pictures of 32x32 from 8x8.

    python launch.py --experiment=srgan_cifar10

Ledig et al. 2017, arXiv 1609.04802: SRResNet learns by the mean squared error alone, then D joins;
without D by `--set=content.steps_alone=1000000`. docs/recipes.md has the departures. As two runs,
so that several games start from the same SRResNet:

    python launch.py --experiment=srgan_cifar10 --set=content.steps_alone=1000000 --workdir=SRRESNET
    python launch.py --experiment=srgan_cifar10 --set=content.steps_alone=0 \\
        --set=start_from.run=SRRESNET --set=start_from.networks=gen
"""

from gan_jax.data import TFDS
from gan_jax.data.conditions import Small
from gan_jax.methods import GAN, Adam, GameTrain, Log, Sample
from gan_jax.networks import Normal, SRGANDisc, SRResNetGen
from gan_jax.objectives import NonSaturating
from gan_jax.objectives.content import Content

PAPER = "SRGAN, arXiv 1609.04802"


def get_config() -> GAN:
    optimizer = Adam(learning_rate=2e-4, b1=0.9)
    return GAN(
        data=TFDS(name="cifar10", flip="horizontal", fallback="procedural_cars"),
        condition=Small(factor=4),
        latents=Normal(dimension=0),
        gen=SRResNetGen(features=(32,), blocks=4),
        gen_optimizer=optimizer,
        disc=SRGANDisc(features=(32, 64, 128, 256)),
        disc_optimizer=optimizer,
        loss=NonSaturating(gen_weight=1e-3),
        content=Content(l2=1.0, steps_alone=4_000),
        train=GameTrain(num_steps=8_000, batch_size=32, ema_half_life_images=0),
        log=Log(every_steps=50),
        sample=Sample(every_steps=500, num_images=64),
    )
