"""GAN on MNIST: dense networks, the TensorFlow tutorial's MLP GAN.

    python launch.py --experiment=gan_mnist

Adam has its default rate: the tutorial defines a rate of 0.002 and never passes it.

Two CPU cores, seed 0: the whole run in three minutes; in the averaged grid most digits are legible,
with ragged strokes and stray dots; at step 6,000 they were blurred shapes of a 9, a 3 or a 0.

Departures from the tutorial: batches may span two epochs, and each epoch has a new order; grids
show an average of G (half-life at most 10,000 images) in addition to the raw one.
"""

from gan_jax.data import TFDS
from gan_jax.methods import GAN, Adam, Checkpoint, GameTrain, Log, Sample
from gan_jax.networks import MLPDisc, MLPGen, Uniform
from gan_jax.objectives import NonSaturating

PAPER = "GAN, arXiv 1406.2661"

EPOCH = 600


def get_config() -> GAN:
    optimizer = Adam(learning_rate=1e-3, b1=0.9)
    return GAN(
        data=TFDS(name="mnist", height=28, width=28, channels=1, fallback="digits"),
        latents=Uniform(dimension=100),
        gen=MLPGen(features=(128,), norm="none", negative_slope=0.01),
        gen_optimizer=optimizer,
        disc=MLPDisc(features=(128,), norm="none", negative_slope=0.01),
        disc_optimizer=optimizer,
        loss=NonSaturating(real_target=0.9, fake_target=0.0),
        train=GameTrain(num_steps=100 * EPOCH, batch_size=100),
        log=Log(every_steps=100),
        sample=Sample(every_steps=EPOCH, num_images=16),
        checkpoint=Checkpoint(every_steps=10 * EPOCH),
    )
