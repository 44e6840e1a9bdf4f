"""InfoGAN on MNIST: one categorical and two continuous codes, no labels.

    python launch.py --experiment=infogan_mnist
    python launch.py --mode=visualize --workdir=RUN --what=sweep

Chen et al. 2016, arXiv 1606.03657, table 1 and equation 6; the variance of continuous codes in Q,
the weight of the bound and the number of steps are those of the authors' program.

Two CPU cores, seed 0: step 1,200 in six minutes; the bound on the categorical code's mutual
information passes 2.0 nats by step 200 and ends at 2.287 of ln 10 = 2.303. Clean digits, one for
each category with few exceptions (docs/recipes.md); a continuous code slants, the other rotates.
"""

from gan_jax.data import TFDS
from gan_jax.methods import GAN, Adam, GameTrain, Log, Sample
from gan_jax.networks import InfoGANDisc, InfoGANGen, Uniform
from gan_jax.objectives import CodesBound

PAPER = "InfoGAN, arXiv 1606.03657"


def get_config() -> GAN:
    return GAN(
        data=TFDS(name="mnist", height=28, width=28, channels=1, fallback="digits"),
        latents=Uniform(dimension=62, categories=(10,), continuous=2),
        gen=InfoGANGen(features=(1024, 128, 64), kernel_size=4, activation="relu"),
        gen_optimizer=Adam(learning_rate=1e-3, b1=0.5),
        disc=InfoGANDisc(features=(64, 128, 1024), kernel_size=4, negative_slope=0.1),
        disc_optimizer=Adam(learning_rate=2e-4, b1=0.5),
        auxiliary=CodesBound(),
        train=GameTrain(num_steps=5_000, batch_size=128),
        log=Log(every_steps=50),
        sample=Sample(every_steps=200, num_images=100),
    )
