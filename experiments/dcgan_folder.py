"""Your own folder of pictures: DCGAN-tensorflow, as on anime faces.

    python launch.py --experiment=dcgan_folder --set=data.path=FOLDER

Every picture of the folder, in [-1, 1], at 48x48x3 or at any height and width that are multiples
of 16: `--set=data.height=64 --set=data.width=96`. `'--set=data.pattern=*.jpg'` chooses files;
`--set=data.crop=96,96` takes the centre of 96x96 pixels before it resizes, as the original does
with its anime faces. Latents of 100 from U(-1, 1).

G: dense to 3x3x512 at 48x48, then transposed convolutions 5x5, stride 2, to 256, 128 and 64
channels, each with BatchNorm and ReLU, and to the image with tanh. D: convolutions 5x5, stride 2,
of 64, 128, 256 and 512 channels with LeakyReLU 0.2, BatchNorm on all but the first; dense to a
logit. All kernels from N(0, 0.02), BatchNorm momentum 0.9 and epsilon 1e-5. Adam with rate 2e-4 and
beta1 0.5 for both. D learns real images and fakes in one update, then G twice on the same latents,
the second time from the G that the first one left. Batches of 64.

Run to step 450 on 67 photographs of roses, seed 0, two CPU cores, at 1.25 s a step when alone: the
raw grid shows round blossoms, red, orange, pink and violet on dark green, coarse and of one shape.
None of 64 samples is nearer to a photograph than photographs are to each other.

Departures from the original:
- Half of the real images are mirrored, and all that D sees is changed in colour, moved and partly
  covered (arXiv 2006.10738), so that a small folder is not learnt by heart; for the original's
  way, `--set=data.flip=none --set=augment.names=`.
- Nothing is stretched: what is left of a picture by `data.crop`, or all of it, is cropped to the
  aspect that is trained. Sides must be multiples of 16; there, they are halved and rounded up.
- The length is in steps, 40,000; there in epochs, at most 300 on anime faces.
- D's convolutions start normal; there they start truncated at two standard deviations. Those that a
  BatchNorm follows have no bias, which BatchNorm would cancel anyway.
- Each picture is brought to the channels that are trained; there the first file decides for all.
- Batches are drawn from a new order each epoch and may span two epochs.
- Sample grids show a moving average of G (half-life at most 10,000 images) beside the raw one.
"""

from gan_jax.config import Augment, Config, Data, Latents, Log, Network, Optimizer, Sample, Train

PAPER = "DCGAN, arXiv 1511.06434"


def get_config() -> Config:
    optimizer = Optimizer("adam", learning_rate=2e-4, b1=0.5)
    return Config(
        data=Data(source="folder", height=48, width=48, channels=3, flip="horizontal"),
        latents=Latents(dimension=100, distribution="uniform"),
        gen=Network(
            name="dcgan_normal",
            features=(512, 256, 128, 64),
            negative_slope=0.0,
            optimizer=optimizer,
        ),
        disc=Network(name="dcgan_normal", features=(64, 128, 256, 512), optimizer=optimizer),
        augment=Augment(("color", "translation", "cutout")),
        train=Train(num_steps=40_000, batch_size=64, gen_updates=2),
        log=Log(every_steps=20),
        sample=Sample(every_steps=200, num_images=64),
    )
