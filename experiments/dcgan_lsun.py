"""Bedrooms: the DCGAN paper's own system on LSUN.

    python launch.py --experiment=dcgan_lsun

3,033,042 training images of LSUN's bedrooms, 64x64 in [-1, 1], by TFDS. The first start decodes
them into the cache, which takes 37 GB, and as much again while it does; the host streams batches
from there. `'--set=data.train_split=train[:10%]'` takes a part. Latents of 100 from U(-1, 1).

G: dense to 4x4x1024, then transposed convolutions 5x5, stride 2, to 512, 256 and 128 channels,
each with BatchNorm and ReLU, and to 3 with tanh. D: convolutions 5x5, stride 2, of 128, 256, 512
and 1024 channels with LeakyReLU 0.2, BatchNorm on all but the first; dense to a logit. No hidden
dense layer and no pooling. All kernels from N(0, 0.02), BatchNorm momentum 0.9 and epsilon 1e-5.
Adam with rate 2e-4 and beta1 0.5 for both. D learns real images and fakes in one update, then G on
the same latents. Batches of 128, 23,695 steps an epoch.

LSUN itself was not run. The drawn cars were, in batches of 32 to step 2,000 on two CPU cores, seed
0, at 2.5 s a step when alone. The raw grid shows bodies of a car's width at step 400, their colours
and the lawns and roads below at 950, roofs at 1,300, and at 1,900 about half of the tiles are cars
at a glance: white, blue and orange ones with cabins and dark wheels, before trees; the others are
dark or striped. None of 64 samples is nearer to a drawn car than drawn cars are to each other.

Departures from the paper:
- Near-duplicates, which the paper finds with an autoencoder, stay in the data.
- The paper draws G alone; D mirrors it.
- Convolutions that a BatchNorm follows have no bias, which BatchNorm would cancel anyway.
- Five epochs, after which the paper shows its samples.
- Sample grids show a moving average of G (half-life at most 10,000 images) beside the raw one.

Where LSUN can be neither found nor prepared, the run trains on cars that are drawn by
`gan_jax.data.procedural_cars`, and says so.
"""

from gan_jax.config import Config, Data, Latents, Log, Network, Optimizer, Sample, Train

PAPER = "DCGAN, arXiv 1511.06434"

EPOCH = 23_695


def get_config() -> Config:
    optimizer = Optimizer("adam", learning_rate=2e-4, b1=0.5)
    return Config(
        data=Data(
            source="tfds",
            name="lsun/bedroom",
            test_split="validation",
            height=64,
            width=64,
            channels=3,
            feed="host",
            fallback="procedural_cars",
        ),
        latents=Latents(dimension=100, distribution="uniform"),
        gen=Network(
            name="dcgan_normal",
            features=(1024, 512, 256, 128),
            negative_slope=0.0,
            optimizer=optimizer,
        ),
        disc=Network(name="dcgan_normal", features=(128, 256, 512, 1024), optimizer=optimizer),
        train=Train(num_steps=5 * EPOCH, batch_size=128),
        log=Log(every_steps=20),
        sample=Sample(every_steps=200, num_images=64),
    )
