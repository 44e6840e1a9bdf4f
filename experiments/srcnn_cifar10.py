"""SRCNN on CIFAR-10: pictures of twice the sides, by three convolutions and no D.

    python launch.py --experiment=srcnn_cifar10

Dong et al. 2014, arXiv 1501.00092: 9-1-5 with 64 and 32 channels on an enlarged picture, and the
mean squared error; of colours and by Adam, where the authors learn luma by SGD.

Two CPU cores, seed 0, beside other work: step 2,000, 27.37 dB (SSIM 0.897) on 1,000 test images,
where Lanczos has 26.51 (0.868).
"""

from gan_jax.data import TFDS
from gan_jax.data.conditions import Small
from gan_jax.methods import GAN, Adam, GameTrain, Log, Sample
from gan_jax.networks import Normal, PatchDisc, SRCNNGen
from gan_jax.objectives.content import Content

PAPER = "SRCNN, arXiv 1501.00092"

STEPS = 10_000


def get_config() -> GAN:
    return GAN(
        data=TFDS(name="cifar10", flip="horizontal", fallback="procedural_cars"),
        condition=Small(factor=2),
        latents=Normal(dimension=0),
        gen=SRCNNGen(),
        gen_optimizer=Adam(learning_rate=1e-3, b1=0.9),
        disc=PatchDisc(features=(32, 64)),  # which waits throughout
        content=Content(l2=1.0, steps_alone=STEPS),
        train=GameTrain(num_steps=STEPS, batch_size=64, ema_half_life_images=0),
        log=Log(every_steps=50),
        sample=Sample(every_steps=500, num_images=64),
    )
