"""BEGAN on MNIST: convolutional autoencoder as discriminator, equilibrium control.

    python launch.py --experiment=began_mnist

Berthelot et al. 2017, arXiv 1703.10717, section 3.4.

Two CPU cores, seed 0, shared latents: step 2,000 in seven minutes; from step 1,000 on the raw
generator makes clear strokes, mostly ones (the easiest to reconstruct), some fours, sevens and
nines; k is 0.13 (in metrics.jsonl, with the convergence measure). More: docs/recipes.md.

Departures: the paper has 64x64 faces, 64 or 128 channels, gamma 0.3 to 0.7, lambda 0.001, and
halves the learning rate when the convergence measure stalls.
"""

from gan_jax.data import TFDS
from gan_jax.methods import GAN, Adam, GameTrain, Log, Sample
from gan_jax.networks import BEGANDisc, BEGANGen, Uniform
from gan_jax.objectives import BEGAN

PAPER = "BEGAN, arXiv 1703.10717"

EPOCH = 3750


def get_config() -> GAN:
    optimizer = Adam(learning_rate=1e-4, b1=0.5)
    return GAN(
        data=TFDS(name="mnist", height=28, width=28, channels=1, fallback="digits"),
        latents=Uniform(dimension=64),
        gen=BEGANGen(features=(32, 32, 32), output="linear"),
        gen_optimizer=optimizer,
        disc=BEGANDisc(features=(32, 64, 96), code_features=64, output="linear", energy="absolute"),
        disc_optimizer=optimizer,
        loss=BEGAN(diversity=0.9, control_rate=1e-2),
        train=GameTrain(num_steps=10 * EPOCH, batch_size=16, gen_latents="fresh"),
        log=Log(every_steps=100),
        sample=Sample(every_steps=500, num_images=64),
    )
