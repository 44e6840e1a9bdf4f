"""Makes the run of tests/run/test_earlier_versions.py: python tests/make_earlier_run.py DIR."""

import shutil
import sys
from pathlib import Path

from gan_jax import sample, train
from gan_jax.data import Digits
from gan_jax.methods import (
    GAN,
    Adam,
    AdaptiveAugment,
    Checkpoint,
    GameTrain,
    Log,
    Sample,
)
from gan_jax.networks import DCGANDisc, DCGANGen, Normal
from gan_jax.objectives import Hinge


def main(workdir: str) -> None:
    config = GAN(
        experiment="tiny",
        data=Digits(height=8, width=8, channels=1, num_classes=10),
        latents=Normal(dimension=4),
        gen=DCGANGen(features=(4, 3), kernel_size=3, kernel_stddev=0.5, conditioning="embedding"),
        gen_optimizer=Adam(learning_rate=1e-3),
        disc=DCGANDisc(features=(3, 4), kernel_size=3, conditioning="projection"),
        disc_optimizer=Adam(learning_rate=1e-3),
        loss=Hinge(),
        augment=AdaptiveAugment(names=("translation",)),
        train=GameTrain(num_steps=4, batch_size=8),
        log=Log(every_steps=2),
        sample=Sample(every_steps=2, num_images=10),
        checkpoint=Checkpoint(every_steps=4, keep_last=1),
    )
    train.run(config, workdir)
    drawn = sample.run(workdir, num_samples=10, seed=3)
    shutil.copy(drawn / "samples.npz", Path(workdir, "expected.npz"))
    shutil.rmtree(Path(workdir, "generated"))


if __name__ == "__main__":
    main(*sys.argv[1:])
