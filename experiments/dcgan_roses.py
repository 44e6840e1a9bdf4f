"""Roses from 67 photographs: GANs N' Roses, until the photographs come back.

    python launch.py --experiment=dcgan_roses --set=data.path=FOLDER

The folder holds the article's 67 photographs of roses, or other pictures; each is cropped around
its centre to a square and resized to 64x64x3 in [-1, 1]. Latents of 100 from U(-1, 1).

G: dense to 4x4x512, then transposed convolutions 5x5, stride 2, to 256, 128 and 64 channels, each
with BatchNorm and ReLU, and to 3 with tanh. D: convolutions 5x5, stride 2, of 64, 128, 256 and 512
channels with LeakyReLU 0.2, BatchNorm on all but the first; dense to a logit. All kernels from
N(0, 0.02), BatchNorm momentum 0.9 and epsilon 1e-5. Adam with rate 2e-4 and beta1 0.5 for both. D
learns real images and fakes in one update, then G on the same latents. Batches of 12 for 30,000
steps; checkpoints every 1,000 steps are kept.

The article finds that after about 1,000 steps G reproduces training images, and that at 30,000 it
is over-fitted. The real images are neither flipped nor augmented here, so that this can be seen;
`dcgan_folder` does both.

Run to step 9,830 of 30,000 on two CPU cores, seed 0, at 0.3 to 0.5 s a step: grainy roses from step
600 on, a break-down to noise near 1,200, and from 4,000 on the photographs themselves, two or three
of them at a time and others a hundred steps later. Of 64 samples (`--what=neighbours`) 2 % are
nearer to a photograph than photographs are to each other at step 1,000, 6 % at 2,000, 0 % at 3,000
and 75 % at 4,000; the rows of metrics.jsonl have, in means over each thousand steps after that, 24,
21, 16, 51, 47 and 41 %, 94 % at most (step 9,400), and little where G goes from some to others. The
first 4,000 steps had an average of G beside it, of a half-life of 83 steps, which mixes those
pictures and hides all this; so there is none here.

Departures from the article:
- Samples are drawn in inference mode; there BatchNorm is in training mode always.
- Convolutions start normal; there they start truncated at two standard deviations. Those that a
  BatchNorm follows have no bias, which BatchNorm would cancel anyway.
- Batches are drawn from a new order each epoch and may span two epochs.
- Sample grids come every 100 steps.
"""

from gan_jax.config import Checkpoint, Config, Data, Latents, Log, Network, Optimizer, Sample, Train

PAPER = "DCGAN, arXiv 1511.06434"


def get_config() -> Config:
    optimizer = Optimizer("adam", learning_rate=2e-4, b1=0.5)
    return Config(
        data=Data(source="folder", height=64, width=64, channels=3),
        latents=Latents(dimension=100, distribution="uniform"),
        gen=Network(
            name="dcgan_normal",
            features=(512, 256, 128, 64),
            negative_slope=0.0,
            optimizer=optimizer,
        ),
        disc=Network(name="dcgan_normal", features=(64, 128, 256, 512), optimizer=optimizer),
        train=Train(num_steps=30_000, batch_size=12, ema_half_life_images=0),
        log=Log(every_steps=10),
        sample=Sample(every_steps=100, num_images=12),
        checkpoint=Checkpoint(every_steps=500, keep_every_steps=1_000),
    )
