"""DCGAN on MNIST: keras-dcgan, upsampling in G and max pooling in D.

    python launch.py --experiment=dcgan_mnist_keras

Two CPU cores, seed 0, 0.4 s a step: after an epoch the losses of D and G are 0.39 and 1.32, the
original's 0.38 to 0.46 and 1.2 to 1.3. At step 2,000 (4.3 epochs) about half of the samples are
legible digits, 2, 3, 8 and 9 most often; of the 64 with the highest logits of 1,280
(`--mode=visualize --what=samples --nice`) nearly all are.

Departures from the original (docs/recipes.md): D's fakes come from G in training mode; no bias
before BatchNorm; ties of a pooling window share the gradient; shuffled batches; averaged grids.
"""

from gan_jax.data import TFDS
from gan_jax.methods import GAN, GameTrain, Log, Nesterov, Sample
from gan_jax.networks import KerasDCGANDisc, KerasDCGANGen, Uniform

PAPER = "DCGAN, arXiv 1511.06434"

EPOCH = 468


def get_config() -> GAN:
    optimizer = Nesterov(learning_rate=5e-4, momentum=0.9)
    return GAN(
        data=TFDS(name="mnist", height=28, width=28, channels=1, fallback="digits"),
        latents=Uniform(dimension=100),
        gen=KerasDCGANGen(
            features=(1024, 128, 64), batch_norm_momentum=0.99, batch_norm_epsilon=1e-3
        ),
        gen_optimizer=optimizer,
        disc=KerasDCGANDisc(features=(64, 128, 1024)),
        disc_optimizer=optimizer,
        train=GameTrain(
            num_steps=100 * EPOCH,
            batch_size=128,
            disc_update="concatenated",
            gen_latents="fresh",
        ),
        log=Log(every_steps=39),
        sample=Sample(every_steps=EPOCH // 4, num_images=64),
    )
