"""Handwritten digits in equilibrium: BEGAN on MNIST.

    python launch.py --experiment=began_mnist

60,000 training images of MNIST, 28x28 in [-1, 1]; latents of 64 from U(-1, 1).

D is an autoencoder of 3x3 convolutions with ELU, two of each size: the encoder has 32, 64 and 96
channels at 28, 14 and 7 pixels and a code of 64, the decoder 32 everywhere, enlarged by nearest
neighbours, and no bound on its output; G is a decoder too. The energy is the mean absolute error. D
weighs the fakes' energy by k, which follows the balance gamma = 0.9 of fake and real by lambda =
0.01, from 0 on (Berthelot et al. 2017, arXiv 1703.10717, section 3.4); metrics.jsonl has k and the
measure of convergence. Adam with rate 1e-4 and beta1 0.5 for both; batches of 16 for 10 epochs of
3,750 steps.

Run to step 2,000 in seven minutes on two CPU cores, seed 0: the raw G makes clear strokes from step
1,000 on, mostly ones, the easiest to reconstruct, and some fours, sevens and nines; k is 0.13. With
the paper's gamma of 0.5 G makes nearly black images, which have half the energy of a digit, and
with its lambda of 0.001 k is still at 0.03 by step 1,500.

Departures: the paper has 64x64 faces, 64 or 128 channels, and halves the rate when the measure
stalls; gamma of 0.3 to 0.7 and lambda 0.001; new latents for G's update, which here takes those of
D's fakes.

Where MNIST can be neither found nor prepared, the run trains on scikit-learn's 1,797 digits,
enlarged from 8x8, and says so.
"""

from dataclasses import replace

from gan_jax.config import Config, Data, Latents, Log, Loss, Network, Optimizer, Sample, Train

PAPER = "BEGAN, arXiv 1703.10717"

EPOCH = 3750


def get_config() -> Config:
    optimizer = Optimizer("adam", learning_rate=1e-4, b1=0.5)
    shared = Network(
        name="began", features=(32, 32, 32), norm="none", output="linear", optimizer=optimizer
    )
    return Config(
        data=Data(source="tfds", name="mnist", height=28, width=28, channels=1, fallback="digits"),
        latents=Latents(dimension=64, distribution="uniform"),
        gen=shared,
        disc=replace(shared, features=(32, 64, 96), code_features=64, energy="absolute"),
        loss=Loss("began", diversity=0.9, control_rate=1e-2),
        train=Train(num_steps=10 * EPOCH, batch_size=16),
        log=Log(every_steps=100),
        sample=Sample(every_steps=500, num_images=64),
    )
